"""Compares what is stored of subscriptions with the plain model, and with what was stored before."""

from collections import defaultdict
from datetime import timedelta
from itertools import pairwise

from django.db.models import F

from pricing.models import SubscriptionItem
from pricing.queries import service_periods
from pricing.schedule import MINIMUM_KEY
from tests.pricing.life_model import NEVER, merged


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
