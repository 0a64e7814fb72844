"""What the tests of acts on subscriptions begin with, and the rows that an act leaves behind."""

from datetime import UTC, datetime, timedelta

from pricing.models import SubscriptionItem
from pricing.schedule import PlannedItem, PlannedPhase, Schedule
from pricing.services.plans import PhaseInput
from pricing.services.subscriptions.start import start_subscription
from tests.factories import CustomerFactory
from tests.pricing.contracts_api import fee_card, flat, published

AT = datetime(2026, 1, 10, 12, tzinfo=UTC)
FEB_10, MAR_10 = datetime(2026, 2, 10, 12, tzinfo=UTC), datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def on_flat(**fields):
    """Start a subscription to 20 a month on 10 January 2026 at noon."""
    customer = CustomerFactory(currency=None)
    return start_subscription(customer_id=customer.pk, plan_id=flat().pk, at=AT, **fields)


def big_plan():
    """Sell a trial of 14 days for nothing, then 50 a month."""
    trial = PhaseInput([fee_card("0")], key="trial", name="Trial", duration="P14D")
    return published(trial, PhaseInput([fee_card("50.00")], key="rest", name="Rest"), key="big")


def rows(subscription):
    """Return amount, start and end of the items of a subscription that have any length."""
    return [(item.terms.price["amount"], item.active_from, item.active_to) for item in stored(subscription).items]


def stored(subscription):
    """Return the rows of a subscription that have any length, as a schedule, each kind by time and position."""
    phases = [
        PlannedPhase(row.key, row.name, row.description, row.metadata, row.position, row.active_from, row.active_to)
        for row in subscription.phases.all()
        if row.active_from != row.active_to
    ]
    items = SubscriptionItem.objects.filter(subscription=subscription).select_related("phase")
    planned = [
        PlannedItem(row.phase.key if row.phase else None, row.terms, row.position, row.active_from, row.active_to)
        for row in items
        if row.active_from != row.active_to
    ]
    return in_order(Schedule(tuple(phases), tuple(planned)))


def in_order(schedule):
    """Return a schedule with its rows by time and position."""
    return Schedule(
        tuple(sorted(schedule.phases, key=lambda phase: (phase.active_from, phase.position))),
        tuple(sorted(schedule.items, key=lambda item: (item.active_from, item.position, item.terms.key))),
    )
