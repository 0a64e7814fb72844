"""A customer who pays by the token, whose usage or terms change after they were billed, and what they are charged."""

from decimal import Decimal

from django.db.models import Sum

from invoicing.models import BillingProfile, Invoice, InvoiceLine, LineCause, UsageChange
from metering.models import TestClock
from metering.services.rollups import advance_rollups
from tests.invoicing.agreements import agree, bill, check_all, metered, new_customer, tiers
from tests.invoicing.contracts import day, use

# The first 100 at 1.00, the rest at 0.50.
TIERED = tiers(("100", "1.00"), (None, "0.50"))


def billed_june(*cards, used=95, price=None, **kwargs):
    """A contract from 1 June on whose June, with 95 tokens, is billed."""
    subscription = agree(metered(price or TIERED), *cards, **kwargs)
    if used:
        use(subscription.customer, used, day(6, 10))
    bill(subscription, day(7, 2))
    return subscription


def route(policy):
    """Let corrections go a way, for everybody."""
    BillingProfile.objects.update(corrections=policy)


def changes(subscription):
    """Return the changes on documents: type of document, quantity, amount."""
    lines = InvoiceLine.objects.filter(
        cause=LineCause.CHANGE, subscription_item__customer=subscription.customer_id
    ).order_by("pk")
    return [(str(line.invoice.type), line.quantity, line.amount) for line in lines.select_related("invoice")]


def charged(subscription):
    """Return what all documents of the customer come to."""
    found = Invoice.objects.filter(customer=subscription.customer_id, number__isnull=False)
    return found.aggregate(total=Sum("total"))["total"] or Decimal(0)


def noted():
    return UsageChange.objects.count()


def roll_up():
    while advance_rollups():
        pass


__all__ = [
    "TIERED",
    "TestClock",
    "agree",
    "bill",
    "billed_june",
    "changes",
    "charged",
    "check_all",
    "day",
    "metered",
    "new_customer",
    "noted",
    "roll_up",
    "route",
    "use",
]
