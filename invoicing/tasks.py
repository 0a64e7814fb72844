"""Jobs. Each takes ids, calls one service, and is safe to repeat."""

from invoicing.models import Invoice
from invoicing.services import documents, invoices
from invoicing.services.billing_run import run_billing
from metering import clock
from metering.history import actor


def bill_due() -> None:
    with actor(kind="system", name="billing run", reason="Bill what has come due"):
        run_billing(now=clock.now())


def bill_customer(*, customer_id: int) -> None:
    with actor(kind="system", name="billing run", reason="Bill one customer"):
        run_billing(now=clock.now(), customer_ids=[customer_id])


def mark_overdue() -> None:
    with actor(kind="system", name="payments", reason="Mark what is overdue"):
        invoices.mark_overdue(now=clock.now())


def store_document(*, invoice_id: int) -> None:
    invoice = Invoice.objects.select_related("customer__test_clock").get(pk=invoice_id)
    with actor(kind="system", name="documents", reason="Render an issued invoice"):
        documents.store_document(invoice_id=invoice_id, at=clock.now(invoice.customer))


def store_missing_documents() -> None:
    with actor(kind="system", name="documents", reason="Render what was left without a document"):
        documents.store_missing_documents(now=clock.now())


def retry_payment(*, invoice_id: int) -> None:
    invoice = Invoice.objects.select_related("customer__test_clock").get(pk=invoice_id)
    with actor(kind="system", name="payments", reason="Retry a failed payment"):
        invoices.retry_invoice(invoice_id=invoice_id, at=clock.now(invoice.customer))
