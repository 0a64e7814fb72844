"""A plain model of when the items of a subscription are billed, and what is stored of it."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from django.db.models import F

from pricing.contract_edits import AddPhase, RemoveItem, RemovePhase, StretchPhase, UnscheduleEdit
from pricing.models import (
    AddonQuantity,
    Subscription,
    SubscriptionAddon,
    SubscriptionItem,
    SubscriptionPhase,
)
from pricing.queries import service_periods
from pricing.schedule import MINIMUM_KEY

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
STORED = (Subscription, SubscriptionPhase, SubscriptionItem, SubscriptionAddon, AddonQuantity)


@dataclass
class Life:
    """
    From when on each item of each phase is there, and is not: None is the phase's start, however that moves.

    `taken` are quantities of add-ons by the time they hold from; their cards make an item last while there are any.
    """

    has_minimum: bool
    is_there: dict[tuple[str, str], dict[datetime | None, bool]]
    taken: dict[frozenset[str], dict[datetime, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, given):
        is_there = {(phase.key, card.key): {None: True} for phase in given.phases for card in phase.rate_cards}
        return cls(bool(given.minimum_amount), is_there)

    def edit(self, operations, starts, at):
        """Follow edits that hold from a time on; `starts` says when each phase starts that is left."""
        for operation in operations:
            if isinstance(operation, UnscheduleEdit):
                self._unschedule(starts, at)
            elif isinstance(operation, RemovePhase):
                self.is_there = {(phase, key): on for (phase, key), on in self.is_there.items()
                                 if phase != operation.phase_key}  # fmt: skip
            elif not isinstance(operation, AddPhase | StretchPhase):
                is_removal = isinstance(operation, RemoveItem)
                key = operation.item_key if is_removal else operation.rate_card.key
                self._switch(operation.phase_key, key, not is_removal, starts, at)

    def _switch(self, phase_key, key, is_on, starts, at):
        before = self.is_there.get((phase_key, key), {})
        is_later = starts.get(phase_key, NEVER) > at
        kept = {} if is_later else {time: on for time, on in before.items() if time is None or time < at}
        self.is_there[phase_key, key] = kept | {None if is_later else at: is_on}

    def _unschedule(self, starts, at):
        current = max((start, phase) for phase, start in starts.items() if start <= at)[1]
        for (phase, _), times in self.is_there.items():
            for time in [time for time in times if phase == current and time is not None and time > at]:
                del times[time]

    def billed(self, phases):
        """Return the stretches in which each item of each phase is billed, given when the phases are."""
        found = {}
        for phase, (start, end) in phases.items():
            keys = {key for of_phase, key in self.is_there if of_phase == phase} | set().union(*self.taken)
            for key in keys:
                own = {time or start: on for time, on in self.is_there.get((phase, key), {}).items()}
                added = [times for cards, times in self.taken.items() if key in cards]
                if stretches := _stretches(start, end, [own, *added]):
                    found[phase, key] = stretches
        return found


def _stretches(start, end, switches):
    times = sorted({start, end} | {time for switch in switches for time in switch if start < time < end})
    on = [piece for piece in pairwise(times) if any(_last(switch, piece[0]) for switch in switches)]
    return merged(on)


def _last(switch, at):
    return switch[max(times)] if (times := [time for time in switch if time <= at]) else False


def merged(stretches):
    found = []
    for start, end in sorted(stretches):
        if found and found[-1][1] == start:
            start = found.pop()[0]
        found.append((start, end))
    return found


def stored():
    """Return every row of subscriptions as it is stored, by model and primary key."""
    return {model: {row["id"]: row for row in model.objects.values()} for model in STORED}


def past(rows, subscriptions, at):
    """Return what is stored of items of these subscriptions up to a time."""
    cut = {}
    for pk, row in rows[SubscriptionItem].items():
        if row["subscription_id"] in subscriptions and row["active_from"] < min(at, row["active_to"] or NEVER):
            end = min(at, row["active_to"] or NEVER)
            cut[pk] = {**row, "active_to": end, "position": None, "updated_at": None}
    return cut


def kept_items(subscription, at):
    """Return the items as they are stored; those that have not begun are told by what they say alone."""
    found = subscription.items.exclude(active_from=F("active_to")).order_by("active_from", "key")
    once = {"updated_at": None}
    new = once | {"id": None, "ulid": None, "created_at": None}
    return [row | (new if row["active_from"] > at else once) for row in found.values()]


def rows_from(schedule, at):
    """Return the items of a schedule from a time on, pieces of one thing put together."""
    pieces = defaultdict(list)
    for item in schedule.items:
        if (item.active_to or NEVER) > at:
            place = (item.phase_key, item.position, repr(item.terms))
            pieces[place].append((max(at, item.active_from), item.active_to or NEVER))
    return {place: merged(stretches) for place, stretches in pieces.items()}


def span(row):
    return row.active_from, row.active_to or NEVER


def check_billed_time(subscription, life):
    """Compare phases and items with the model, and each item's service periods with when it is active."""
    phases = {row.key: span(row) for row in subscription.phases.all() if row.active_from != row.active_to}
    ordered = sorted(phases.values())
    if not subscription.awaits_payment:
        assert (ordered[0][0], ordered[-1][1]) == span(subscription)
    assert all(before[1] == after[0] for before, after in pairwise(ordered))
    billed = defaultdict(list)
    for item in subscription.items.select_related("phase", "subscription"):
        if item.active_from != item.active_to:
            billed[item.phase.key if item.phase else None, item.key].append(span(item))
            check_service_periods(item)
    least = {(None, MINIMUM_KEY): [span(subscription)]} if life.has_minimum and phases else {}
    assert {place: merged(stretches) for place, stretches in billed.items()} == life.billed(phases) | least
    assert all(before[1] <= after[0] for stretches in billed.values() for before, after in pairwise(sorted(stretches)))


def check_service_periods(item):
    until = item.active_from + timedelta(days=100)
    start, end = span(item)
    found = [each.period for each in service_periods(item, until)]
    assert found[0].start == start
    assert all(before.end == after.start for before, after in pairwise(found))
    if item.billing_cadence:
        assert found[-1].end == end if end <= until else until <= found[-1].end <= end
    else:
        assert len(found) == 1
        assert found[0].end <= end
