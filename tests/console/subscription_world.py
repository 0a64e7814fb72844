"""A customer on a trial that becomes a paid phase, with an add-on, another plan and a newer version at hand."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from django.urls import reverse

from metering.services.clocks import create_test_clock, move_test_clock
from metering.services.customers import create_customer
from pricing.models import AddonQuantity, Subscription, SubscriptionItem
from pricing.services.addons import create_addon, publish_addon
from pricing.services.plan_addons import attach_addon
from pricing.services.plans import PhaseInput, RateCardInput, create_plan, next_plan, publish_plan
from pricing.services.subscriptions.start import start_subscription

# 20 January 2026: the trial of 14 days from 1 January is over, and the paid phase runs.
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
TODAY = datetime(2026, 1, 20, tzinfo=UTC)


def flat(key, amount, name, **more):
    price = {"type": "flat", "amount": amount, "paymentTerm": "in_advance"}
    return RateCardInput("flat_fee", key, name, price, **more)


def build_subscription():
    """Subscribe a customer on 1 January to 14 days for nothing, then 20 USD a month; it is 20 January."""
    clock = create_test_clock(name="Try-out", now_at=BEGIN, at=BEGIN)
    customer = create_customer(name="Orbit", key="orbit", currency="USD", test_clock=clock, at=BEGIN)
    seats = create_addon(
        key="seats",
        name="Extra seats",
        currency="USD",
        instance_type="multiple",
        rate_cards=[flat("seat_fee", "5", "Seats")],
        at=BEGIN,
    )
    publish_addon(addon_id=seats.pk, at=BEGIN)
    phases = [
        PhaseInput([flat("base_fee", "0", "Base fee")], key="trial", name="Trial", duration="P14D"),
        PhaseInput([flat("base_fee", "20", "Base fee")], key="paid", name="Paid"),
    ]
    pro = create_plan(key="pro", name="Pro", currency="USD", phases=phases, at=BEGIN)
    attach_addon(plan_id=pro.pk, addon_id=seats.pk, from_phase_key="paid", max_quantity=10, at=BEGIN)
    publish_plan(plan_id=pro.pk, at=BEGIN)
    team = create_plan(
        key="team", name="Team", currency="USD", phases=[PhaseInput([flat("base_fee", "50", "Base fee")])], at=BEGIN
    )
    publish_plan(plan_id=team.pk, at=BEGIN)
    subscription = start_subscription(
        customer_id=customer.pk, plan_id=pro.pk, billing_anchor=BEGIN, active_from=BEGIN, at=BEGIN
    )
    move_test_clock(clock_id=clock.pk, to=TODAY, at=TODAY)
    return SimpleNamespace(clock=clock, customer=customer, pro=pro, team=team, seats=seats, subscription=subscription)


def publish_next_version(plan, at=TODAY + timedelta(hours=1)):
    """Publish the next version of a plan as it is."""
    draft = next_plan(plan_id=plan.pk, at=TODAY)
    return publish_plan(plan_id=draft.pk, at=at)


def url_of(act, subscription):
    return reverse(f"admin:pricing_subscription_{act}_action", args=(subscription.pk,))


def rows_of(page, part="items"):
    return [tuple(value for _, value in row.cells) for row in getattr(page.context["effect"], part)]


def stored():
    kinds = (Subscription, SubscriptionItem, AddonQuantity)
    return [list(kind.objects.order_by("pk").values()) for kind in kinds]


def show(console, url, form):
    """Send the form: the effect is shown, and nothing is changed."""
    before = stored()
    page = console.post(url, form)
    assert page.status_code == 200
    assert stored() == before
    return page


def confirm(console, url, page):
    context = page.context
    seen = {"seen": context["effect"].fingerprint, "seen_at": context["seen_at"]}
    return console.post(url, dict(context["inputs"]) | seen)
