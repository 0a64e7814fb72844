"""A customer on a test clock at 1 January 2026, for the console's tests and for the real server."""

from datetime import timedelta
from types import SimpleNamespace

from metering.models import User
from metering.services.clocks import create_test_clock
from metering.services.customers import create_customer
from metering.services.meters import create_meter
from metering.services.rollups import advance_rollups
from pricing.services.features import create_feature
from pricing.services.plans import PhaseInput, RateCardInput, create_plan, publish_plan
from pricing.services.subscriptions.start import start_subscription
from tests.factories import START, EventFactory

OPERATOR = "operator@orbit.example"
SUBJECT = "orbit"
EVENT_TYPE = "orbit.request"


def try_out() -> SimpleNamespace:
    """
    Subscribe a customer to 20 USD a month in advance, and tokens: 0.002 each up to 1,000, then 5 and 0.001 each.

    January's events are 600 tokens on the 5th and 900 on the 20th.
    """
    clock = create_test_clock(name="Try-out", now_at=START, at=START)
    customer = create_customer(name="Orbit", key=SUBJECT, currency="USD", test_clock=clock, at=START)
    meter = create_meter(
        slug="orbit_tokens", event_type=EVENT_TYPE, aggregation="SUM", value_property="$.tokens", at=START
    )
    feature = create_feature(key="orbit_tokens", name="Tokens", meter=meter, at=START)
    plan = create_plan(key="orbit", name="Pro", currency="USD", phases=[PhaseInput(_cards(feature))], at=START)
    publish_plan(plan_id=plan.pk, at=START + timedelta(seconds=1))
    subscription = start_subscription(customer_id=customer.pk, plan_id=plan.pk, at=START)
    for day, tokens in ((5, 600), (20, 900)):
        at = START + timedelta(days=day - 1, hours=8)
        EventFactory(subject=SUBJECT, type=EVENT_TYPE, source="orbit", time=at, data={"tokens": tokens})
    advance_rollups()
    return SimpleNamespace(clock=clock, customer=customer, meter=meter, plan=plan, subscription=subscription)


def build() -> None:
    """Make the customer, and an operator who may do everything, on the real server."""
    try_out()
    User.objects.create_superuser(OPERATOR)


def _cards(feature):
    fee = {"type": "flat", "amount": "20", "paymentTerm": "in_advance"}
    tiers = [
        {"upToAmount": "1000", "unitPrice": {"type": "unit", "amount": "0.002"}},
        {"unitPrice": {"type": "unit", "amount": "0.001"}, "flatPrice": {"type": "flat", "amount": "5"}},
    ]
    price = {"type": "tiered", "mode": "graduated", "tiers": tiers}
    return [
        RateCardInput("flat_fee", "base_fee", "Base fee", fee),
        RateCardInput("usage_based", feature.key, "Tokens", price, feature=feature),
    ]
