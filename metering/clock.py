"""The one place that reads the time. Services take `at`; edges ask here, because a customer may be on a test clock."""

from datetime import datetime

from django.utils import timezone

from metering.models import Customer


def now(customer: Customer | None = None) -> datetime:
    """Return the time that holds for a customer: that of their test clock, else the real one (UTC)."""
    if customer is not None and customer.test_clock is not None:
        return customer.test_clock.now_at
    return timezone.now()  # noqa: TID251 (this is the edge)
