"""The console's first page: what happened, what is due, what went wrong. Every figure is cheap or left out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.cache import cache
from django.db import OperationalError, connection, transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from invoicing.admin.invoices import why_link
from invoicing.lifecycle import STUCK
from invoicing.models import BillingRun, Invoice, InvoiceLine, ParkedCustomer
from invoicing.queries import CurrencyTotal, failed_payments, open_amounts, revenue_by_month
from invoicing.queries.notable import fee_changes, parked_customers, usage_changes, voided_invoices
from metering import clock
from metering.admin.display import NOTHING, Number, figure, link, list_url, moment
from metering.models import AuditRun, Customer
from pricing.admin.display import money
from pricing.models import Subscription
from pricing.services.default_plan import default_plan_problem

_DAYS = 14
_SHOWN = 5
_FEW = 3
_PATIENCE_MS = 700
_KEPT_SECONDS = 20
_CHART_HEIGHT = 120
_COUNT = "SELECT width_bucket(time, %s::timestamptz[]), count(*) FROM metering_event WHERE time >= %s GROUP BY 1"
_TASKS = (
    ("Add a customer", "domain_add", "admin:metering_customer_add"),
    ("Add a meter", "speed", "admin:metering_meter_add"),
    ("Draft a plan", "assignment_add", "admin:pricing_plan_add"),
    ("Start a subscription", "autorenew", "admin:pricing_subscription_add"),
    ("Make an API key", "key", "admin:metering_apikey_add"),
    ("Add a test clock", "schedule", "admin:metering_testclock_add"),
)


@dataclass(frozen=True)
class Tile:
    """One figure, what it is, and where it leads."""

    title: str
    figure: str
    note: str
    url: str
    icon: str
    is_bad: bool = False


@dataclass(frozen=True)
class Bar:
    """A day of the chart, placed in the units of its picture."""

    label: str
    events: str
    x: int
    y: int
    height: int


def overview(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what the first page shows to its context."""
    now = clock.now()
    counts = _events_per_day(now)
    return context | {
        "default_plan_problem": default_plan_problem(),
        "tiles": _tiles(now, counts),
        "bars": list(_bars(now, counts)) if counts else [],
        "chart_height": _CHART_HEIGHT,
        "chart_days": _DAYS,
        "failed": _failed_rows(),
        "latest": _latest_rows(),
        "notable": list(_notable_rows()),
        "notable_headers": ("What happened", "Customer", Number("Amount"), "Proof"),
        "run": BillingRun.objects.order_by("-pk").first(),
        "runs_url": list_url(BillingRun),
        "failed_url": list_url(Invoice, status__in=",".join(sorted(STUCK))),
        "invoices_url": list_url(Invoice),
        "invoice_headers": ("Invoice", "Customer", "Due for billing", Number("Total")),
        "latest_headers": ("Invoice", "Customer", "Due for billing", Number("Total"), "State"),
        "tasks": [(title, icon, reverse(name)) for title, icon, name in _TASKS],
    }


def _zone() -> ZoneInfo:
    return ZoneInfo(settings.SELLER_TIME_ZONE)


def _midnight(at: datetime) -> datetime:
    return at.astimezone(_zone()).replace(hour=0, minute=0, second=0, microsecond=0)


def _days(now: datetime) -> list[datetime]:
    today = _midnight(now)
    return [today - timedelta(days=back) for back in reversed(range(_DAYS))]


def _events_per_day(now: datetime) -> list[int] | None:
    days = _days(now)
    counts = cache.get_or_set(f"console-events-{days[-1]:%Y%m%d}", lambda: _counted(days), _KEPT_SECONDS)
    return counts or None


def _counted(days: Sequence[datetime]) -> list[int]:
    # An index answers this, but nothing bounds how much of it there is: past its patience the page goes without.
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {_PATIENCE_MS}")
            cursor.execute(_COUNT, [list(days), days[0]])
            found = dict(cursor.fetchall())
            cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
    except OperationalError:
        return []
    return [found.get(number, 0) for number in range(1, len(days) + 1)]


def _bars(now: datetime, counts: Sequence[int]) -> Iterator[Bar]:
    most = max(*counts, 1)
    for number, (day, count) in enumerate(zip(_days(now), counts, strict=True)):
        height = count * _CHART_HEIGHT // most
        yield Bar(f"{day:%d %b}", figure(count), number * 40, _CHART_HEIGHT - height, height)


def _tiles(now: datetime, counts: Sequence[int] | None) -> list[Tile]:
    live = Subscription.objects.live(now).count()
    failed = failed_payments().count()
    parked = parked_customers().count()
    return [
        Tile(
            "Events today",
            figure(counts[-1]) if counts else NOTHING,
            f"{figure(counts[-2])} yesterday" if counts else "too many to count quickly",
            reverse("admin:metering_event_changelist"),
            "bolt",
        ),
        Tile("Customers", figure(Customer.objects.live().count()), "live", list_url(Customer, deleted="no"), "domain"),
        Tile("Subscriptions", figure(live), "running now", list_url(Subscription, state="live"), "autorenew"),
        *_invoiced_tiles(now),
        *_open_tiles(),
        Tile(
            "Failed or overdue",
            figure(failed),
            "to look at" if failed else "nothing to do",
            list_url(Invoice, status__in=",".join(sorted(STUCK))),
            "error" if failed else "check_circle",
            bool(failed),
        ),
        Tile(
            "Parked customers",
            figure(parked),
            "not billed: look why" if parked else "everybody is billed",
            list_url(ParkedCustomer, released_at__isempty=1),
            "block" if parked else "check_circle",
            bool(parked),
        ),
        _audit_tile(),
    ]


def _audit_tile() -> Tile:
    audit = AuditRun.objects.filter(finished_at__isnull=False).order_by("-pk").first()
    if audit is None:
        return Tile("Audit", NOTHING, "none was run yet", list_url(AuditRun), "fact_check")
    is_bad = bool(audit.finding_count or audit.error)
    state = "stopped" if audit.error else f"{figure(audit.finding_count)} findings" if is_bad else "all agrees"
    return Tile("Audit", state, moment(audit.finished_at), list_url(AuditRun), "fact_check", is_bad)


def _invoiced_tiles(now: datetime) -> list[Tile]:
    totals = revenue_by_month(at=now, months=1)[-1].totals
    return _money_tiles("Invoiced this month", totals, "no invoice yet", list_url(Invoice), "receipt_long")


def _open_tiles() -> list[Tile]:
    return _money_tiles("Waiting for payment", open_amounts(), "all is paid", list_url(Invoice), "hourglass_top")


def _money_tiles(title: str, totals: Sequence[CurrencyTotal], nothing: str, url: str, icon: str) -> list[Tile]:
    if not totals:
        return [Tile(title, NOTHING, nothing, url, icon)]
    return [Tile(title, money(total.amount, total.currency), _invoices(total.invoices), url, icon) for total in totals]


def _invoices(count: int) -> str:
    return f"{figure(count)} invoice{'' if count == 1 else 's'}"


def _failed_rows() -> list[tuple[object, ...]]:
    return [_invoice_row(invoice) for invoice in failed_payments().order_by("-pk")[:_SHOWN]]


def _notable_rows() -> Iterator[tuple[object, ...]]:
    """Yield what was not routine, each with the page that proves it."""
    for parked in parked_customers()[:_FEW]:
        yield "Not billed: parked", _customer(parked.customer), NOTHING, link(parked, "The reason")
    for line in usage_changes()[:_FEW]:
        yield "Usage changed after its invoice", _customer(line.invoice.customer), _amount(line), why_link(line)
    for line in fee_changes()[:_FEW]:
        yield "Terms changed within a period", _customer(line.invoice.customer), _amount(line), why_link(line)
    for invoice in voided_invoices()[:_FEW]:
        note = next(iter(invoice.credit_notes.all()), None)
        total = Number(money(invoice.total, invoice.currency))
        yield format_html("{} was voided", link(invoice)), _customer(invoice.customer), total, link(note)


def _customer(customer: Customer) -> object:
    return link(customer, customer.name)


def _amount(line: InvoiceLine) -> Number:
    return Number(money(line.amount, line.currency))


def _latest_rows() -> list[tuple[object, ...]]:
    latest = Invoice.objects.select_related("customer").order_by("-pk")
    return [(*_invoice_row(invoice), invoice.get_status_display()) for invoice in latest[:_SHOWN]]


def _invoice_row(invoice: Invoice) -> tuple[object, ...]:
    total = money(invoice.total, invoice.currency)
    return link(invoice), link(invoice.customer, invoice.customer.name), moment(invoice.billed_at), total
