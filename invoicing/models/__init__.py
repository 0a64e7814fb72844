"""The models of invoicing, for `from invoicing.models import …`."""

from invoicing.models.billing_run import BillingRun
from invoicing.models.invoice import (
    INVOICE_MOVES,
    NUMBERED,
    UNPAID,
    DetailedLine,
    DetailedLineCategory,
    InvalidMove,
    Invoice,
    InvoiceDocument,
    InvoiceLine,
    InvoiceStatus,
)
from invoicing.models.payment import Payment, PaymentStatus
from invoicing.models.profile import App, AppType, BillingProfile, InvoiceSequence

__all__ = [
    "INVOICE_MOVES",
    "NUMBERED",
    "UNPAID",
    "App",
    "AppType",
    "BillingProfile",
    "BillingRun",
    "DetailedLine",
    "DetailedLineCategory",
    "InvalidMove",
    "Invoice",
    "InvoiceDocument",
    "InvoiceLine",
    "InvoiceSequence",
    "InvoiceStatus",
    "Payment",
    "PaymentStatus",
]
