"""Sums for the operator: what was billed, what is open, what failed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, F, Q, QuerySet, Sum

from invoicing.lifecycle import STUCK
from invoicing.models import Invoice
from metering.periods import Cadence, Period, period_at, periods


@dataclass(frozen=True)
class CurrencyTotal:
    currency: str
    amount: Decimal
    invoices: int


@dataclass(frozen=True)
class MonthRevenue:
    """What was issued in one month of the seller's zone, for each currency."""

    month: Period
    totals: tuple[CurrencyTotal, ...]


def revenue_by_month(*, at: datetime, months: int = 12) -> tuple[MonthRevenue, ...]:
    """Return what was invoiced in each of the last months, oldest first, the one that holds `at` included."""
    spans = _months(at, months)
    sums = {f"amount_{n}": Sum("total", filter=_issued_in(span)) for n, span in enumerate(spans)}
    counts = {f"count_{n}": Count("pk", filter=_issued_in(span)) for n, span in enumerate(spans)}
    issued = Invoice.objects.issued().filter(_issued_in(Period(spans[0].start, spans[-1].end)))
    rows: list[Any] = list(issued.values("currency").annotate(**sums, **counts).order_by("currency"))
    return tuple(MonthRevenue(span, _totals(rows, n)) for n, span in enumerate(spans))


def _totals(rows: list[Any], n: int) -> tuple[CurrencyTotal, ...]:
    return tuple(
        CurrencyTotal(row["currency"], row[f"amount_{n}"], row[f"count_{n}"]) for row in rows if row[f"count_{n}"]
    )


def open_amounts() -> tuple[CurrencyTotal, ...]:
    """Return what issued invoices still wait for, for each currency."""
    due = Sum(F("total") - F("settled"))
    rows = Invoice.objects.unpaid().values("currency").annotate(amount=due, invoices=Count("pk"))
    return tuple(CurrencyTotal(**row) for row in rows.order_by("currency"))


def failed_payments() -> QuerySet[Invoice]:
    """Return the invoices whose last payment failed, or that are overdue or wait for the customer, oldest first."""
    failed = Invoice.objects.filter(status__in=STUCK)
    return failed.select_related("customer").order_by("issued_at", "pk")


def _months(at: datetime, count: int) -> Sequence[Period]:
    zone = ZoneInfo(settings.SELLER_TIME_ZONE)
    anchor = datetime(2000, 1, 1, tzinfo=zone)
    month = Cadence(months=1)
    last = period_at(anchor=anchor, cadence=month, zone=zone, at=at)
    local = last.start.astimezone(zone)
    years, index = divmod(local.year * 12 + local.month - count, 12)
    start = datetime(years, index + 1, 1, tzinfo=zone)
    return tuple(periods(anchor=anchor, cadence=month, zone=zone, start=start, end=last.end))


def _issued_in(span: Period) -> Q:
    return Q(issued_at__gte=span.start, issued_at__lt=span.end)
