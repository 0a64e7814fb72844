"""Invoices that come to nothing: where the profile says so, their lines are carried to the next one."""

from datetime import datetime

from invoicing.models import Invoice, InvoiceType, ZeroInvoices
from invoicing.services.gathering import open_gathering


def carry_over(*, invoice: Invoice, at: datetime) -> None:
    """
    Move the lines of a draft that comes to nothing to the gathering invoice, where the profile carries such.

    From there they join the next invoice in that currency. The caller holds the draft, which has no line left then, and
    saves it. One that a discount made come to nothing stays, as the discount is for its lines alone.
    """
    is_nothing = not invoice.total and not invoice.discount and invoice.type == InvoiceType.STANDARD
    if invoice.profile.zero_invoices != ZeroInvoices.CARRY or not is_nothing:
        return
    lines = invoice.lines.order_by("position")
    gathering, _ = open_gathering(customer=invoice.customer, currency=str(invoice.currency), at=at)
    last = gathering.lines.order_by("-position").values_list("position", flat=True).first()
    for position, line in enumerate(lines, start=0 if last is None else last + 1):
        line.invoice, line.position, line.tax, line.updated_at = gathering, position, None, at
        line.save(update_fields=["invoice", "position", "tax", "updated_at"])
    invoice.taxes.all().delete()
