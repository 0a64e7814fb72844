"""What the portal reads from several tables at once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from invoicing.models import InvoiceLine
from invoicing.queries import LineExplanation, UpcomingInvoice, upcoming_invoice
from metering.models import Aggregation, Customer
from metering.queries.usage import customer_spans, query_usage, total_usage
from metering.windows import WindowSize, window_edges
from portal.choices import UsageChoice
from portal.contracts import live_subscription
from portal.usage import NONE, GroupedUsage, UsageByDay, days_between, usage_by_day

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class OpenBill:
    """The bill of the running period: what it comes to so far, and how much of the period has passed."""

    bill: UpcomingInvoice
    plan: str
    zone: ZoneInfo
    days_left: int
    percent_passed: int


def read_usage(customer: Customer, choice: UsageChoice) -> UsageByDay:
    """Return the customer's usage of the chosen feature by day and group, as of this moment."""
    group_by = (choice.group,) if choice.group else ()
    span = choice.span
    chosen: dict[str, Any] = {
        "version": choice.version,
        "start": span.start,
        "end": span.end,
        "spans": customer_spans(customer_id=customer.pk),
        "filters": choice.feature.filters,
    }
    rows = query_usage(**chosen, group_by=group_by, window=(WindowSize.DAY, choice.zone))
    edges = window_edges(size=WindowSize.DAY, zone=choice.zone, start=span.start, end=span.end)
    usage = (
        GroupedUsage(
            day=row.window_start.astimezone(choice.zone).date(),
            group=(row.group[choice.group] or NONE) if choice.group else choice.feature.name,
            value=row.value,
        )
        for row in rows
    )
    is_additive = Aggregation(choice.version.meter.aggregation).is_additive
    total = None if is_additive else total_usage(**chosen)
    return usage_by_day(usage, days=days_between(edges, choice.zone), total=total)


def line_usage(line: InvoiceLine, explanation: LineExplanation) -> UsageByDay | None:
    """Return the usage behind an invoice line for every day of its period, also those without any; None for a fee."""
    counted = explanation.counted
    if line.meter_version is None or counted is None:
        return None
    zone, period = line.invoice.zone, counted.period
    edges = window_edges(size=WindowSize.DAY, zone=zone, start=period.start, end=period.end)
    usage = (GroupedUsage(day, line.name, value) for day, value in explanation.usage_by_day)
    return usage_by_day(usage, days=days_between(edges, zone), total=counted.quantity)


def read_open_bill(customer: Customer, at: datetime) -> OpenBill | None:
    """Return the bill of the period that holds `at`, None for a customer without a subscription."""
    subscription = live_subscription(customer, at)
    bill = upcoming_invoice(customer=customer, at=at)
    if subscription is None or bill is None:
        return None
    zone, period = subscription.zone, bill.period
    passed = Decimal((at - period.start) // _SECOND)
    return OpenBill(
        bill=bill,
        plan=subscription.name,
        zone=zone,
        days_left=(period.end.astimezone(zone).date() - at.astimezone(zone).date()).days,
        percent_passed=int(100 * passed / period.seconds),
    )
