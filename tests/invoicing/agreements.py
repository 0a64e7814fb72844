"""Customers on a test clock with contracts of their own, agreed on and changed by services, and what they pay."""

from datetime import datetime
from decimal import Decimal

from invoicing.audit import CHECKS
from invoicing.models import BillingProfile, InvoiceLine
from invoicing.queries import recompute_line
from invoicing.services.billing_run import run_billing
from metering.audit import Scope
from metering.models import TestClock
from pricing.models import Subscription
from pricing.services.plan_inputs import PhaseInput, PlanInput, RateCardInput
from pricing.services.subscriptions.change import change_subscription
from pricing.services.subscriptions.start import start_subscription
from tests import factories
from tests.invoicing.contracts import day


def fee(amount, *, cadence="P1M", term="in_advance", key="fee", **kwargs):
    price = {"type": "flat", "amount": amount, "paymentTerm": term}
    return RateCardInput(type="flat_fee", key=key, name="Base fee", price=price, billing_cadence=cadence, **kwargs)


def metered(price, *, feature=None, **kwargs):
    """Charge for usage: `feature` is shared with other contracts, or a new one."""
    feature = feature or factories.FeatureFactory()
    return RateCardInput(type="usage_based", key=feature.key, name="Tokens", price=price, feature=feature, **kwargs)


def unit(amount, **kwargs):
    return {"type": "unit", "amount": amount, **kwargs}


def tiers(*bounds_and_amounts, mode="graduated", **kwargs):
    found = [
        {**({"upToAmount": bound} if bound else {}), "unitPrice": {"type": "unit", "amount": amount}}
        for bound, amount in bounds_and_amounts
    ]
    return {"type": "tiered", "mode": mode, "tiers": found, **kwargs}


def plan(*cards, phases=None, currency="USD", **kwargs):
    return PlanInput(name="Agreed", currency=currency, phases=phases or [PhaseInput(cards)], **kwargs)


def new_customer(at=None, currency="USD", **kwargs):
    """A customer on a clock of their own, who sends events under their key."""
    clock = factories.TestClockFactory(now_at=at or day(6, 1))
    customer = factories.CustomerFactory(currency=currency, test_clock=clock, **kwargs)
    factories.SubjectLinkFactory(subject=factories.SubjectFactory(key=customer.key), customer=customer)
    return customer


def agree(*cards, at=None, customer=None, billing_anchor=None, **kwargs) -> Subscription:
    """Agree with a customer on a plan of their own, from the first of June unless another time is given."""
    at = at or day(6, 1)
    agreed = plan(*cards, **kwargs)
    customer = customer or new_customer(at, agreed.currency)
    return start_subscription(customer_id=customer.pk, custom_plan=agreed, at=at, billing_anchor=billing_anchor)


def change(subscription, *cards, at, **kwargs) -> Subscription:
    """Let another plan take over at a time."""
    _, following = change_subscription(subscription_id=subscription.pk, custom_plan=plan(*cards, **kwargs), at=at)
    return following


def bill(subscription, at: datetime):
    """Move the customer's clock and bill them; return the lines that this made, by name, days and amount."""
    known = set(InvoiceLine.objects.values_list("pk", flat=True))
    TestClock.objects.filter(pk=subscription.customer.test_clock_id).update(now_at=at)
    run = run_billing(now=day(12, 31), customer_ids=[subscription.customer_id])
    assert run.failures == []
    made = InvoiceLine.objects.exclude(pk__in=known).order_by("invoice__billed_at", "invoice", "position")
    return [(line.name, f"{line.period_start:%m-%d}", f"{line.period_end:%m-%d}", line.amount) for line in made]


def amounts(lines):
    return [amount for *_, amount in lines]


def total(lines):
    return sum(amounts(lines), Decimal(0))


def thresholds(*fixed, recurring=None, currency="USD"):
    """Let the default profile bill usage at once when it passes these amounts."""
    entry = {"amounts": [str(one) for one in fixed], **({"recurring": str(recurring)} if recurring else {})}
    BillingProfile.objects.update(spend_thresholds={currency: entry})


def parts(line):
    """Return what a line is made of: key, quantity, amount and what it reduces."""
    found = line.detailed_lines.order_by("position")
    return [(part.key, part.quantity, part.amount, part.of) for part in found]


def check_all():
    """Compute every line again from raw events, and let the audit look at all of them."""
    for line in InvoiceLine.objects.all():
        assert recompute_line(line).differences == ()
    assert [finding for check in CHECKS for finding in check.find(Scope(at=day(12, 31)))] == []
