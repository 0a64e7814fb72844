"""A plain model of when the items of a subscription are billed, and what is stored of it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise

from pricing.contract_edits import AddPhase, RemoveItem, RemovePhase, StretchPhase, UnscheduleEdit
from pricing.models import (
    AddonQuantity,
    Subscription,
    SubscriptionAddon,
    SubscriptionItem,
    SubscriptionPhase,
)

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

    def has_addons(self, at):
        """Tell whether there is any quantity of an add-on at a time or later."""
        every = [_last(times, at) or any(times[time] for time in times if time > at) for times in self.taken.values()]
        return any(every)

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
