"""The invoice as a file: rendered once from frozen data, and kept as it was sent."""

import logging
from datetime import datetime
from hashlib import sha256

from django.db import connection, transaction

from invoicing.models import Invoice, InvoiceDocument
from invoicing.pdf import render_pdf
from invoicing.queries.documents import invoice_document

logger = logging.getLogger(__name__)
_AT_ONCE = 1000


@transaction.atomic
def store_document(*, invoice_id: int, at: datetime) -> InvoiceDocument:
    """
    Render an issued invoice as PDF and keep its bytes with their SHA-256; a repeat returns what is kept.

    :raises NotIssued: if the invoice is a draft.
    """
    kept = _kept(invoice_id)
    if kept:
        return kept
    # Whoever comes second waits here, and then finds the document.
    invoice = Invoice.objects.locked().get(pk=invoice_id)
    return _kept(invoice_id) or _render(invoice, at)


def document_bytes(*, invoice_id: int, at: datetime) -> bytes:
    """
    Return the PDF of an issued invoice, rendered now if its job has not run yet.

    :raises NotIssued: if the invoice is a draft.
    """
    return bytes(store_document(invoice_id=invoice_id, at=at).content)


def store_missing_documents(*, now: datetime) -> int:
    """
    Render issued invoices whose job got lost, oldest first, at most a thousand; return how many were missing.

    `now` is for customers without a test clock. One that cannot be rendered is logged, and the others go on. Call it
    outside a transaction.
    """
    missing = Invoice.objects.issued().filter(document=None).select_related("customer__test_clock").order_by("pk")
    invoices = list(missing[:_AT_ONCE])
    for invoice in invoices:
        clock = invoice.customer.test_clock
        _store_and_go_on(invoice, clock.now_at if clock else now)
    return len(invoices)


def _kept(invoice_id: int) -> InvoiceDocument | None:
    return InvoiceDocument.objects.filter(invoice=invoice_id).first()


def _render(invoice: Invoice, at: datetime) -> InvoiceDocument:
    content = render_pdf(invoice_document(invoice))
    return InvoiceDocument.objects.create(
        invoice=invoice, content=content, sha256=sha256(content).digest(), created_at=at
    )


def _store_and_go_on(invoice: Invoice, at: datetime) -> None:
    try:
        store_document(invoice_id=invoice.pk, at=at)
    except Exception:
        if not connection.is_usable():
            raise
        logger.exception("The document of invoice %s could not be rendered", invoice)
