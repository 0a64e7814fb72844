"""An invoice as the default profile and the customer want it, and what the audit says of all of them."""

from datetime import datetime

from invoicing.audit import CHECKS
from invoicing.models import BillingProfile, Invoice
from invoicing.services.billing_run import run_billing
from metering.audit import Scope
from tests.invoicing.contracts import day, subscribe, use


def billed(now: datetime, *, customer_metadata: dict | None = None, country: str = "", **workflow) -> Invoice:
    """Bill January with its usage, by a default profile that works so; return the last invoice."""
    BillingProfile.objects.filter(is_default=True).update(**workflow)
    subscription = subscribe()
    customer = subscription.customer
    customer.metadata = customer_metadata or {}
    customer.billing_address = {"country": country} if country else {}
    customer.save()
    use(customer, 150, day(1, 10))
    run_billing(now=now)
    return customer.invoices.latest("pk")


def audited(at: datetime) -> list[str]:
    """Return what is wrong with what was billed up to a time."""
    return [str(finding) for check in CHECKS for finding in check.find(Scope(at=at))]
