"""What the tests of acts on subscriptions begin with, and the rows that an act leaves behind."""

from datetime import UTC, datetime, timedelta

from pricing.models import SubscriptionItem
from pricing.schedule import PlannedItem, PlannedPhase, Schedule
from pricing.services.addons import create_addon, publish_addon
from pricing.services.plan_addons import attach_addon
from pricing.services.plans import PhaseInput, RateCardInput, create_plan, publish_plan
from pricing.services.subscriptions.start import start_subscription
from tests.factories import CustomerFactory
from tests.pricing.contracts_api import FEE, START, fee_card, flat, published

AT = datetime(2026, 1, 10, 12, tzinfo=UTC)
FEB_10, MAR_10 = datetime(2026, 2, 10, 12, tzinfo=UTC), datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def on_flat(**fields):
    """Start a subscription to 20 a month on 10 January 2026 at noon."""
    customer = CustomerFactory(currency=None)
    return start_subscription(customer_id=customer.pk, plan_id=flat().pk, at=AT, **fields)


def big_plan(**fields):
    """Sell a trial of 14 days for nothing, then 50 a month."""
    trial = PhaseInput([fee_card("0")], key="trial", name="Trial", duration="P14D")
    return published(trial, PhaseInput([fee_card("50.00")], key="rest", name="Rest"), key="big", **fields)


def seats_addon():
    """Sell seats, with 5 on top of the fee and 7 of their own, up to 9 of them with the last phase of the plan."""
    cards = [fee_card("5.00"), RateCardInput("flat_fee", "seats", "Seats", {**FEE, "amount": "7.00"})]
    names = {"key": "seats", "name": "Seats", "currency": "USD"}
    addon = create_addon(**names, instance_type="multiple", rate_cards=cards, at=START)
    publish_addon(addon_id=addon.pk, at=START)
    trial = PhaseInput([fee_card("0")], key="trial", name="Trial", duration="P14D")
    rest = PhaseInput([fee_card()], key="rest", name="Rest")
    plan = create_plan(key="seated", name="Seated", currency="USD", at=START, phases=[trial, rest])
    attach_addon(plan_id=plan.pk, addon_id=addon.pk, from_phase_key="rest", max_quantity=9, at=START)
    return addon, publish_plan(plan_id=plan.pk, at=START)


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
