"""Issued invoices as documents, from what was frozen with them alone."""

from django.db.models import Prefetch

from invoicing.document import InvoiceDocument, Line, Part, line, party
from invoicing.formats import locale_for
from invoicing.models import DetailedLine, DetailedLineCategory, Invoice, InvoiceLine
from metering.errors import DomainError
from metering.periods import Period


class NotIssued(DomainError):
    """The invoice has no number yet, so it has no document."""

    status = 409
    code = "invoice_not_issued"


def invoice_document(invoice: Invoice) -> InvoiceDocument:
    """
    Return what an issued invoice says: seller, buyer, prices and amounts as they were at issue.

    Days are those of the subscription's zone, in which its periods start.

    :raises NotIssued: if it has no number yet.
    """
    if invoice.number is None or invoice.issued_at is None or invoice.due_at is None:
        raise NotIssued(f"Issue {invoice} first: a draft has no document.")
    return InvoiceDocument(
        number=invoice.number,
        issued_at=invoice.issued_at,
        due_at=invoice.due_at,
        period=Period(invoice.period_start, invoice.period_end),
        seller=party(invoice.supplier),
        buyer=party(invoice.buyer),
        currency=invoice.currency,
        lines=tuple(_line(row) for row in _lines(invoice)),
        total=invoice.total,
        locale=locale_for(_country(invoice)),
        zone=invoice.zone,
    )


def _lines(invoice: Invoice) -> list[InvoiceLine]:
    parts = Prefetch("detailed_lines", DetailedLine.objects.order_by("position", "pk"))
    return list(invoice.lines.shown().order_by("position", "pk").prefetch_related(parts))


def _line(row: InvoiceLine) -> Line:
    parts = [_part(part) for part in row.detailed_lines.all()]
    period = Period(row.period_start, row.period_end)
    return line(
        name=row.name, period=period, quantity=row.quantity, amount=row.amount, parts=parts, free=row.usage_discount
    )


def _part(part: DetailedLine) -> Part:
    if part.category != DetailedLineCategory.REGULAR:
        return Part(part.name, None, None, part.amount)
    return Part(part.name, part.quantity, part.unit_amount, part.amount)


def _country(invoice: Invoice) -> str:
    return (invoice.buyer.get("address") or {}).get("country") or ""
