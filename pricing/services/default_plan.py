"""The plan that every new customer gets, where an installation names one."""

import logging
from datetime import datetime

from django.conf import settings

from metering.errors import DomainError
from metering.models import Customer
from pricing.models import Plan, VersionStatus
from pricing.services.subscriptions.start import start_subscription

logger = logging.getLogger(__name__)


def subscribe_new_customer(customer: Customer, *, at: datetime, since: datetime) -> None:
    """
    Subscribe a new customer to the default plan's active version: from their first use on, if that was published then.

    What stands in the way is logged, and the customer is made without a subscription: usage and invoices of others
    must not wait until a setting is mended.
    """
    if not settings.DEFAULT_PLAN:
        return
    plan = _default_plan()
    if plan is None:
        logger.warning("%s is made without a subscription. %s", customer, default_plan_problem())
        return
    start = since if plan.status(since) == VersionStatus.ACTIVE else at
    try:
        start_subscription(customer_id=customer.pk, plan_id=plan.pk, at=at, active_from=start)
    except DomainError as refusal:
        logger.warning("%s is made without a subscription to the default plan. %s", customer, refusal.message)
        return
    customer.refresh_from_db(fields=["currency", "updated_at"])


def default_plan_problem() -> str:
    """Return why new customers get no subscription, in one sentence that says what to change; empty if they do."""
    if not settings.DEFAULT_PLAN or _default_plan() is not None:
        return ""
    return (
        f"No version of the plan {settings.DEFAULT_PLAN!r} is published: publish one, "
        "or name another plan in BILLING_DEFAULT_PLAN."
    )


def _default_plan() -> Plan | None:
    # Of now, also for customers on a test clock: plans live in real time.
    return Plan.objects.in_force().filter(key=settings.DEFAULT_PLAN).first()
