"""Issued invoices and credit notes as documents, from what was frozen with them alone."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from django.db.models import Prefetch

from invoicing.document import (
    Corrected,
    Discount,
    InvoiceDocument,
    Line,
    Part,
    Settlement,
    Tax,
    UsagePage,
    line,
    party,
)
from invoicing.formats import locale_for
from invoicing.models import (
    Allocation,
    DetailedLine,
    DetailedLineCategory,
    Invoice,
    InvoiceLine,
    InvoiceType,
    LineCause,
    PaymentMethod,
    TaxBehavior,
)
from invoicing.queries.explain import explain_line
from invoicing.workflow import AUTOMATICALLY
from metering.errors import DomainError
from metering.models import Aggregation
from metering.periods import Period
from metering.windows import WindowSize, window_edges

# What says nothing of its own about usage: it takes back a line that has its page, or none at all.
_WITHOUT_PAGE = frozenset({LineCause.CANCELLATION, LineCause.ADJUSTMENT})


class NotIssued(DomainError):
    """The invoice has no number yet, so it has no document."""

    status = 409
    code = "invoice_not_issued"


def invoice_document(invoice: Invoice, *, at: datetime | None = None) -> InvoiceDocument:
    """
    Return what an issued invoice says: seller, buyer, prices and amounts as they were at issue.

    Days are those of the invoice's zone, in which its periods start. What was settled counts up to `at`, None for what
    was settled when it was issued, so that the same invoice always makes the same document.

    :raises NotIssued: if it has no number yet.
    """
    if invoice.number is None or invoice.issued_at is None:
        raise NotIssued(f"Issue {invoice} first: a draft has no document.")
    is_note = invoice.type == InvoiceType.CREDIT_NOTE
    sign = -1 if is_note else 1
    lines = _lines(invoice)
    return InvoiceDocument(
        number=invoice.number,
        issued_at=invoice.issued_at,
        due_at=invoice.due_at,
        period=Period(invoice.period_start, invoice.period_end),
        seller=party(invoice.supplier),
        buyer=party(invoice.buyer),
        currency=invoice.currency,
        lines=tuple(_line(row, sign) for row in lines if _is_shown(row)),
        total=sign * invoice.total,
        locale=locale_for(_country(invoice)),
        zone=invoice.zone,
        is_credit_note=is_note,
        corrects=_corrected(invoice),
        reason=invoice.reason,
        subtotal=sign * invoice.amount,
        discounts=tuple(discounts_of(invoice, sign)),
        taxes=tuple(taxes_of(invoice, sign)),
        settlements=tuple(settlements_of(invoice, at or invoice.issued_at)),
        is_charged=is_charged(invoice),
        usage=tuple(_usage_pages(lines)),
        logo=bytes(invoice.profile.logo or b""),
    )


def is_charged(invoice: Invoice) -> bool:
    """Tell whether the money is collected without the customer doing anything."""
    return (invoice.workflow.get("payment") or {}).get("collectionMethod", AUTOMATICALLY) == AUTOMATICALLY


def _lines(invoice: Invoice) -> list[InvoiceLine]:
    parts = Prefetch("detailed_lines", DetailedLine.objects.order_by("position", "pk"))
    related = invoice.lines.select_related("invoice", "meter_version__meter", "corrects__invoice").order_by(
        "position", "pk"
    )
    return list(related.prefetch_related(parts))


def _is_shown(row: InvoiceLine) -> bool:
    """Leave out a plan's minimum that was reached: it adds nothing, and is kept as a record alone."""
    return bool(row.amount) or row.price.get("type") != "minimum"


def _line(row: InvoiceLine, sign: int) -> Line:
    made = line(
        name=row.name,
        period=Period(row.period_start, row.period_end),
        quantity=sign * row.quantity,
        amount=sign * row.amount,
        parts=[_part(part, sign) for part in row.detailed_lines.all()],
        free=sign * row.usage_discount,
    )
    return replace(made, note=_note(row))


def _note(row: InvoiceLine) -> str:
    if row.cause == LineCause.PROGRESS:
        return "Billed before its period ended"
    if row.cause != LineCause.CHANGE or row.corrects is None:
        return ""
    if row.corrects.invoice.type == InvoiceType.CREDIT_NOTE:
        return f"Bills again what {row.corrects.invoice} gave back"
    return f"Changes what {row.corrects.invoice} billed"


def _part(part: DetailedLine, sign: int) -> Part:
    if part.category != DetailedLineCategory.REGULAR:
        return Part(part.name, None, None, sign * part.amount)
    return Part(part.name, sign * part.quantity, part.unit_amount, sign * part.amount)


def _country(invoice: Invoice) -> str:
    return (invoice.buyer.get("address") or {}).get("country") or ""


def _corrected(invoice: Invoice) -> Corrected | None:
    corrected = invoice.corrects
    if corrected is None or corrected.number is None or corrected.issued_at is None:
        return None
    return Corrected(corrected.number, corrected.issued_at)


def discounts_of(invoice: Invoice, sign: int) -> Iterator[Discount]:
    """Yield what was taken off; a credit note gives back its share without naming the discounts of its invoice."""
    named = list(invoice.invoice_discounts.order_by("position", "pk"))
    for discount in named:
        if discount.amount:
            yield Discount(discount.name, discount.amount)
    rest = sign * invoice.discount - sum((discount.amount for discount in named), Decimal(0))
    if rest:
        yield Discount("Discount", rest)


def taxes_of(invoice: Invoice, sign: int) -> Iterator[Tax]:
    """Yield what an invoice owes by each rate; -1 turns the amounts of a credit note above zero."""
    for tax in invoice.taxes.order_by("position", "pk"):
        is_inclusive = tax.behavior == TaxBehavior.INCLUSIVE
        yield Tax(tax.name, tax.percentage, sign * tax.taxable, sign * tax.amount, is_inclusive)


def settlements_of(invoice: Invoice, at: datetime) -> Iterator[Settlement]:
    """Yield what settled an invoice up to a time, or what of a credit note was used, oldest first."""
    if invoice.type == InvoiceType.CREDIT_NOTE:
        found = invoice.offsets.filter(created_at__lte=at).select_related("invoice")
        for given in found.order_by("pk"):
            yield Settlement(f"Taken off {given.invoice}", given.created_at, given.amount)
        return
    found = invoice.allocations.filter(created_at__lte=at)
    for settled in found.select_related("payment", "credit_note", "balance_entry__credit_note").order_by("pk"):
        yield Settlement(_source(settled), settled.created_at, settled.amount)


def _source(settled: Allocation) -> str:
    if settled.payment is not None:
        verb = "Paid" if settled.amount > 0 else "Paid back"
        return f"{verb} by bank transfer" if settled.payment.provider == PaymentMethod.BANK_TRANSFER else verb
    if settled.credit_note is not None:
        return f"Credited by {settled.credit_note}"
    return "From your credit"


def _usage_pages(lines: Iterable[InvoiceLine]) -> Iterator[UsagePage]:
    for row in lines:
        if row.meter_version is None or not row.now or row.cause in _WITHOUT_PAGE:
            continue
        yield _usage_page(row)


def _usage_page(row: InvoiceLine) -> UsagePage:
    assert row.meter_version is not None
    explained = explain_line(row)
    counted = explained.counted
    assert counted is not None
    zone, meter = row.invoice.zone, row.meter_version.meter
    edges = window_edges(size=WindowSize.DAY, zone=zone, start=counted.period.start, end=counted.period.end)
    used = dict(explained.usage_by_day)
    steps = [(step.text, step.rounded if step.key else None) for step in explained.steps]
    given = [(f"By hand: {adjustment.reason}", adjustment.amount) for adjustment in explained.adjustments]
    days = (edge.astimezone(zone).date() for edge in edges[:-1])
    return UsagePage(
        name=row.name,
        period=counted.period,
        meter=meter.name or meter.slug,
        days=tuple((day, used.get(day, Decimal(0))) for day in days),
        total=counted.quantity,
        adds_up=Aggregation(meter.aggregation).is_additive and not counted.stretches,
        steps=(*steps, *given),
        amount=row.amount,
        change=explained.change.text if explained.change else "",
    )
