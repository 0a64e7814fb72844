"""What in billing was not routine, newest first, for the operator's first page."""

from django.db.models import QuerySet

from invoicing.models import Invoice, InvoiceLine, InvoiceStatus, LineCause, ParkedCustomer


def parked_customers() -> QuerySet[ParkedCustomer]:
    """Return the customers that are not billed until somebody looked at the reason, the latest first."""
    return ParkedCustomer.objects.filter(released_at=None).select_related("customer").order_by("-pk")


def usage_changes() -> QuerySet[InvoiceLine]:
    """Return the lines that bill usage which changed after it was invoiced, the latest first."""
    return _changes().filter(meter_version__isnull=False)


def fee_changes() -> QuerySet[InvoiceLine]:
    """Return the lines that give back or add to a fee which was invoiced before its terms changed."""
    return _changes().filter(meter_version=None)


def voided_invoices() -> QuerySet[Invoice]:
    """Return the invoices that were voided, each with its credit notes, the latest first."""
    voided = Invoice.objects.filter(status=InvoiceStatus.VOIDED).select_related("customer")
    return voided.prefetch_related("credit_notes").order_by("-voided_at", "-pk")


def _changes() -> QuerySet[InvoiceLine]:
    # Of an amount of zero nothing has to be looked at.
    changed = InvoiceLine.objects.filter(cause=LineCause.CHANGE).exclude(amount=0)
    return changed.select_related("invoice__customer").order_by("-pk")
