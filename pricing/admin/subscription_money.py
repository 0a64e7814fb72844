"""The invoices to come, without an act and with it, as the rows of a table."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

from metering.admin.display import NOTHING, Number, figure
from pricing.admin.display import money
from pricing.admin.subscription_course import Row
from pricing.admin.subscription_words import from_to, when
from pricing.coming import ChangedInvoice, ComingLine


def invoice_rows(invoices: Sequence[ChangedInvoice], zone: ZoneInfo) -> Iterator[Row]:
    """Yield the total of each invoice, below those that change their lines, and what all come to."""
    for invoice in invoices:
        before = invoice.before.total if invoice.before else None
        after = invoice.after.total if invoice.after else None
        billed = f"Invoice of {when(invoice.billed_at, zone)}"
        yield _row(billed, "", None, before, after, invoice.currency, "total" if invoice.is_changed else "same")
        if invoice.is_changed:
            yield from (_line(before, after, invoice.currency, zone) for before, after in invoice.lines)
    for currency in sorted({invoice.currency for invoice in invoices}):
        own = [invoice for invoice in invoices if invoice.currency == currency]
        before = sum((one.before.total for one in own if one.before), Decimal(0))
        after = sum((one.after.total for one in own if one.after), Decimal(0))
        yield _row("Together", "", None, before, after, currency, "total")


def _line(before: ComingLine | None, after: ComingLine | None, currency: str, zone: ZoneInfo) -> Row:
    line = after or before
    assert line is not None
    was, will = before.amount if before else None, after.amount if after else None
    kind = "same" if was == will else ""
    return _row(line.name, from_to(line.period.start, line.period.end, zone), line.quantity, was, will, currency, kind)


def _row(
    name: str,
    period: str,
    quantity: Decimal | None,
    before: Decimal | None,
    after: Decimal | None,
    currency: str,
    kind: str,
) -> Row:
    difference = (after or Decimal(0)) - (before or Decimal(0))
    return Row(
        (
            ("Invoiced", name),
            ("Period", period),
            ("Used", figure(quantity) if quantity is not None else ""),
            ("Before", money(before, currency)),
            ("After", money(after, currency)),
            ("Difference", _signed(difference, currency)),
        ),
        kind=kind,
    )


def _signed(difference: Decimal, currency: str) -> Number:
    if not difference:
        return Number(NOTHING)
    return Number(f"{'+' if difference > 0 else ''}{money(difference, currency)}")
