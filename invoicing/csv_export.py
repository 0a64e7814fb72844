"""Invoices and their lines as CSV, read and sent row by row, so that any number of them fits in little memory."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import islice
from zoneinfo import ZoneInfo

from django.db.models import OuterRef, QuerySet, Subquery, Sum, TextField
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Coalesce
from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

from invoicing.models import DetailedLine, DetailedLineCategory, Invoice, InvoiceLine
from pricing.money import quantize

_ROWS_READ_AT_ONCE = 2000
_ROWS_SENT_AT_ONCE = 500
_INSTANT = timedelta(microseconds=1)
# What spreadsheets take for the start of a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")

_INVOICE_COLUMNS = (
    "number",
    "status",
    "issue_date",
    "due_date",
    "paid_date",
    "customer_key",
    "customer_name",
    "customer_country",
    "seller",
    "currency",
    "total",
    "first_day",
    "last_day",
    "period_start",
    "period_end",
    "id",
)
_LINE_COLUMNS = (
    "invoice_number",
    "issue_date",
    "customer_key",
    "customer_name",
    "position",
    "item",
    "feature",
    "type",
    "first_day",
    "last_day",
    "period_start",
    "period_end",
    "quantity",
    "unit_amount",
    "free_quantity",
    "discount_amount",
    "minimum_amount",
    "amount",
    "currency",
    "meter",
    "meter_version",
    "bound",
    "id",
)


def invoice_rows(invoices: QuerySet[Invoice]) -> Iterator[tuple[str, ...]]:
    """
    Yield a heading and one row an invoice, in the order given or else as they were written.

    Days are those of the subscription's zone, as on the document; `last_day` is included, `period_end` is not. A draft
    has the name of its draft for a number. Amounts have a point and the currency's digits.
    """
    yield _INVOICE_COLUMNS
    rows = _in_order(invoices).values_list(
        Coalesce("number", "draft_number"),
        "status",
        "issued_at",
        "due_at",
        "paid_at",
        _frozen_or("buyer", "key", "customer__key"),
        _frozen_or("buyer", "name", "customer__name"),
        KeyTextTransform("country", KeyTransform("address", "buyer")),
        _frozen_or("supplier", "name", "profile__supplier_name"),
        "currency",
        "total",
        "period_start",
        "period_end",
        "ulid",
        "time_zone",
    )
    for row in rows.iterator(chunk_size=_ROWS_READ_AT_ONCE):
        yield _invoice_row(*row)


def line_rows(lines: QuerySet[InvoiceLine]) -> Iterator[tuple[str, ...]]:
    """
    Yield a heading and one row a line, in the order given or else invoice by invoice.

    `unit_amount` is empty where several prices made the amount. The amount holds what discounts take off (negative)
    and minimums add. `bound` is the last batch of events that counted.
    """
    yield _LINE_COLUMNS
    whole = DetailedLine.objects.filter(line=OuterRef("pk"), quantity=OuterRef("quantity"), amount=OuterRef("amount"))
    rows = _in_order(lines, "invoice_id", "position").values_list(
        Coalesce("invoice__number", "invoice__draft_number"),
        "invoice__issued_at",
        _frozen_or("invoice__buyer", "key", "invoice__customer__key"),
        _frozen_or("invoice__buyer", "name", "invoice__customer__name"),
        "position",
        "name",
        "feature__key",
        "type",
        "period_start",
        "period_end",
        "quantity",
        Subquery(whole.values("unit_amount")[:1]),
        "usage_discount",
        _sum_of(DetailedLineCategory.DISCOUNT),
        _sum_of(DetailedLineCategory.COMMITMENT),
        "amount",
        "currency",
        "meter_version__meter__slug",
        "meter_version__number",
        KeyTextTransform("bound", "now"),
        "ulid",
        "invoice__time_zone",
    )
    for row in rows.iterator(chunk_size=_ROWS_READ_AT_ONCE):
        yield _line_row(*row)


def csv_response(name: str, rows: Iterable[Sequence[str]]) -> StreamingHttpResponse:
    """Return rows as a CSV file (RFC 4180, UTF-8) to save under a name, sent while they are read."""
    headers = {"Content-Disposition": content_disposition_header(as_attachment=True, filename=name)}
    return StreamingHttpResponse(csv_text(rows), content_type="text/csv; charset=utf-8", headers=headers)


def csv_text(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield rows as the text of a CSV file, some hundred at once."""
    source = iter(rows)
    writer = csv.writer(_Echo())
    while some := list(islice(source, _ROWS_SENT_AT_ONCE)):
        yield "".join(writer.writerow(row) for row in some)


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _frozen_or(copied: str, name: str, live: str) -> Coalesce:
    """Choose what the invoice copied at issue; a draft has copied nothing yet."""
    return Coalesce(KeyTextTransform(name, copied), live, output_field=TextField())


def _sum_of(category: DetailedLineCategory) -> Subquery:
    """Add up the detailed lines of a category, None without any."""
    parts = DetailedLine.objects.filter(line=OuterRef("pk"), category=category).order_by()
    return Subquery(parts.values("line").annotate(amount=Sum("amount")).values("amount"))


def _in_order(rows: QuerySet, *fields: str) -> QuerySet:
    return rows if rows.query.order_by else rows.order_by(*fields, "pk")


def _invoice_row(
    number: str,
    status: str,
    issued_at: datetime | None,
    due_at: datetime | None,
    paid_at: datetime | None,
    customer_key: str | None,
    customer_name: str,
    country: str | None,
    seller: str,
    currency: str,
    total: Decimal,
    start: datetime,
    end: datetime,
    ulid: str,
    zone_name: str,
) -> tuple[str, ...]:
    zone = _zone(zone_name)
    return (
        inert(number),
        status,
        _day(issued_at, zone),
        _day(due_at, zone),
        _day(paid_at, zone),
        inert(customer_key),
        inert(customer_name),
        inert(country),
        inert(seller),
        currency,
        f"{quantize(total, currency):f}",
        *_period(start, end, zone),
        ulid,
    )


def _line_row(
    number: str,
    issued_at: datetime | None,
    customer_key: str | None,
    customer_name: str,
    position: int,
    name: str,
    feature: str | None,
    type_: str,
    start: datetime,
    end: datetime,
    quantity: Decimal,
    unit_amount: Decimal | None,
    free: Decimal,
    discount: Decimal | None,
    minimum: Decimal | None,
    amount: Decimal,
    currency: str,
    meter: str | None,
    meter_version: int | None,
    bound: str | None,
    ulid: str,
    zone_name: str,
) -> tuple[str, ...]:
    zone = _zone(zone_name)
    return (
        inert(number),
        _day(issued_at, zone),
        inert(customer_key),
        inert(customer_name),
        str(position + 1),
        inert(name),
        inert(feature),
        type_,
        *_period(start, end, zone),
        f"{quantity:f}",
        "" if unit_amount is None else f"{unit_amount:f}",
        f"{free:f}" if free else "",
        "" if discount is None else f"{quantize(discount, currency):f}",
        "" if minimum is None else f"{quantize(minimum, currency):f}",
        f"{quantize(amount, currency):f}",
        currency,
        inert(meter),
        "" if meter_version is None else str(meter_version),
        bound or "",
        ulid,
    )


def _period(start: datetime, end: datetime, zone: ZoneInfo) -> tuple[str, str, str, str]:
    return _day(start, zone), _day(end - _INSTANT, zone), start.isoformat(), end.isoformat()


def _day(at: datetime | None, zone: ZoneInfo) -> str:
    return at.astimezone(zone).date().isoformat() if at else ""


def inert(text: str | None) -> str:
    """Put an apostrophe before text that a spreadsheet would run as a formula."""
    if not text:
        return ""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
