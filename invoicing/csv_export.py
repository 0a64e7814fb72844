"""Invoices and their lines as CSV, read and sent row by row, so that any number of them fits in little memory."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import F, OuterRef, QuerySet, Subquery, Sum, TextField
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Coalesce
from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

from invoicing.models import DetailedLine, DetailedLineCategory, Invoice, InvoiceLine
from pricing.money import quantize

_ROWS_READ_AT_ONCE = 500
_ROWS_SENT_AT_ONCE = 500
_INSTANT = timedelta(microseconds=1)
# What spreadsheets take for the start of a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")

_Row = Mapping[str, Any]
_Sources = Mapping[str, str | Combinable]
_Columns = Mapping[str, Callable[[_Row], str]]


def invoice_rows(invoices: QuerySet[Invoice]) -> Iterator[tuple[str, ...]]:
    """
    Yield a heading and one row an invoice or credit note, in the order given or else as they were written.

    Days are those of the invoice's zone, as on the document; `last_day` is included, `period_end` is not. A draft
    has the name of its draft for a number. Amounts have a point and the currency's digits; what a credit note gives
    back is below zero, so that totals sum to what was charged. `due` is what of the total is not settled yet.
    """
    return _rows(_in_order(invoices), _INVOICE_SOURCES, _INVOICE_COLUMNS)


def line_rows(lines: QuerySet[InvoiceLine]) -> Iterator[tuple[str, ...]]:
    """
    Yield a heading and one row a line, in the order given or else invoice by invoice.

    `unit_amount` is empty where several prices made the amount. The amount holds what the price's own discounts take
    off (negative), and what minimums and corrections by hand add. Less `invoice_discount`, the line's share of what is
    taken off the whole invoice, with `tax_exclusive` on top, it is the `total`. `bound` is the last batch of events
    that counted, `corrects` the id of the line that this one takes back.
    """
    return _rows(_in_order(lines, "invoice_id", "position"), _line_sources(), _LINE_COLUMNS)


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


def inert(text: str | None) -> str:
    """Put an apostrophe before text that a spreadsheet would run as a formula."""
    if not text:
        return ""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _rows(rows: QuerySet, sources: _Sources, columns: _Columns) -> Iterator[tuple[str, ...]]:
    yield tuple(columns)
    for values in rows.values_list(*sources.values()).iterator(chunk_size=_ROWS_READ_AT_ONCE):
        row = dict(zip(sources, values, strict=True))
        yield tuple(shown(row) for shown in columns.values())


def _in_order(rows: QuerySet, *fields: str) -> QuerySet:
    return rows if rows.query.order_by else rows.order_by(*fields, "pk")


# --- What is read --------------------------------------------------------------------------------------------------


def _frozen_or(copied: str, name: str, live: str) -> Coalesce:
    """Choose what the invoice copied at issue; a draft has copied nothing yet."""
    return Coalesce(KeyTextTransform(name, copied), live, output_field=TextField())


def _sum_of(category: DetailedLineCategory) -> Subquery:
    """Add up the detailed lines of a category, None without any."""
    parts = DetailedLine.objects.filter(line=OuterRef("pk"), category=category).order_by()
    return Subquery(parts.values("line").annotate(amount=Sum("amount")).values("amount"))


_INVOICE_SOURCES: _Sources = {
    "number": Coalesce("number", "draft_number"),
    "customer_key": _frozen_or("buyer", "key", "customer__key"),
    "customer_name": _frozen_or("buyer", "name", "customer__name"),
    "customer_country": KeyTextTransform("country", KeyTransform("address", "buyer")),
    "seller": _frozen_or("supplier", "name", "profile__supplier_name"),
    "due": F("total") - F("settled"),
    "corrects": F("corrects__number"),
    "id": F("ulid"),
    **{
        name: name
        for name in (
            *("type", "status", "issued_at", "due_at", "paid_at", "currency", "reason"),
            *("amount", "discount", "tax_inclusive", "tax_exclusive", "total"),
            *("period_start", "period_end", "time_zone"),
        )
    },
}


def _line_sources() -> _Sources:
    whole = DetailedLine.objects.filter(line=OuterRef("pk"), quantity=OuterRef("quantity"), amount=OuterRef("amount"))
    return {
        "invoice_number": Coalesce("invoice__number", "invoice__draft_number"),
        "invoice_type": F("invoice__type"),
        "issued_at": F("invoice__issued_at"),
        "customer_key": _frozen_or("invoice__buyer", "key", "invoice__customer__key"),
        "customer_name": _frozen_or("invoice__buyer", "name", "invoice__customer__name"),
        "item": F("name"),
        "feature": F("feature__key"),
        "unit_amount": Subquery(whole.values("unit_amount")[:1]),
        "discount_amount": _sum_of(DetailedLineCategory.DISCOUNT),
        "minimum_amount": _sum_of(DetailedLineCategory.COMMITMENT),
        "adjustment_amount": _sum_of(DetailedLineCategory.ADJUSTMENT),
        "invoice_discount": F("discount"),
        "tax_rate": F("tax__percentage"),
        "total": F("amount") - F("discount") + F("tax_exclusive"),
        "meter": F("meter_version__meter__slug"),
        "meter_version": F("meter_version__number"),
        "bound": KeyTextTransform("bound", "now"),
        "corrects": F("corrects__ulid"),
        "id": F("ulid"),
        "time_zone": F("invoice__time_zone"),
        **{
            name: name
            for name in (
                *("position", "type", "cause", "currency", "period_start", "period_end"),
                *("quantity", "usage_discount", "amount", "tax_inclusive", "tax_exclusive"),
            )
        },
    }


# --- What is written -----------------------------------------------------------------------------------------------


def _text(name: str) -> Callable[[_Row], str]:
    return lambda row: inert(row[name])


def _plain(name: str) -> Callable[[_Row], str]:
    """Write what is ours to choose, such as a status, or a number that is no amount."""
    return lambda row: "" if row[name] is None else str(row[name])


def _number(name: str) -> Callable[[_Row], str]:
    return lambda row: "" if row[name] is None else f"{row[name]:f}"


def _amount(name: str) -> Callable[[_Row], str]:
    return lambda row: "" if row[name] is None else f"{quantize(row[name], row['currency']):f}"


def _day(name: str, before: timedelta = timedelta(0)) -> Callable[[_Row], str]:
    def shown(row: _Row) -> str:
        at: datetime | None = row[name]
        return (at - before).astimezone(_zone(row["time_zone"])).date().isoformat() if at else ""

    return shown


def _instant(name: str) -> Callable[[_Row], str]:
    return lambda row: row[name].isoformat()


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


_PERIOD: _Columns = {
    "first_day": _day("period_start"),
    "last_day": _day("period_end", _INSTANT),
    "period_start": _instant("period_start"),
    "period_end": _instant("period_end"),
}
_INVOICE_COLUMNS: _Columns = {
    "number": _text("number"),
    "type": _plain("type"),
    "status": _plain("status"),
    "issue_date": _day("issued_at"),
    "due_date": _day("due_at"),
    "paid_date": _day("paid_at"),
    "customer_key": _text("customer_key"),
    "customer_name": _text("customer_name"),
    "customer_country": _text("customer_country"),
    "seller": _text("seller"),
    "currency": _plain("currency"),
    "subtotal": _amount("amount"),
    "discount": _amount("discount"),
    "tax_inclusive": _amount("tax_inclusive"),
    "tax_exclusive": _amount("tax_exclusive"),
    "total": _amount("total"),
    "due": _amount("due"),
    "corrects": _text("corrects"),
    "reason": _text("reason"),
    **_PERIOD,
    "id": _plain("id"),
}
_LINE_COLUMNS: _Columns = {
    "invoice_number": _text("invoice_number"),
    "invoice_type": _plain("invoice_type"),
    "issue_date": _day("issued_at"),
    "customer_key": _text("customer_key"),
    "customer_name": _text("customer_name"),
    "position": lambda row: str(row["position"] + 1),
    "item": _text("item"),
    "feature": _text("feature"),
    "type": _plain("type"),
    "cause": _plain("cause"),
    **_PERIOD,
    "quantity": _number("quantity"),
    "unit_amount": _number("unit_amount"),
    "free_quantity": lambda row: f"{row['usage_discount']:f}" if row["usage_discount"] else "",
    "discount_amount": _amount("discount_amount"),
    "minimum_amount": _amount("minimum_amount"),
    "adjustment_amount": _amount("adjustment_amount"),
    "amount": _amount("amount"),
    "invoice_discount": _amount("invoice_discount"),
    "tax_rate": _number("tax_rate"),
    "tax_inclusive": _amount("tax_inclusive"),
    "tax_exclusive": _amount("tax_exclusive"),
    "total": _amount("total"),
    "currency": _plain("currency"),
    "meter": _text("meter"),
    "meter_version": _plain("meter_version"),
    "bound": _plain("bound"),
    "corrects": _plain("corrects"),
    "id": _plain("id"),
}
