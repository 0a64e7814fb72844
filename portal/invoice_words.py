"""An invoice's state in the words of whoever pays it."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from invoicing.models import Invoice, InvoiceStatus
from portal.templatetags.money import local_date


@dataclass(frozen=True)
class StatusInWords:
    """A few words, and how they are meant: `good`, `warn`, `bad` or nothing special."""

    text: str
    tone: str


def status_in_words(invoice: Invoice, *, at: datetime, zone: ZoneInfo) -> StatusInWords:
    """Say what an invoice waits for, at a time."""
    match invoice.status:
        case InvoiceStatus.PAID:
            return StatusInWords(f"Paid {local_date(invoice.paid_at, zone)}" if invoice.paid_at else "Paid", "good")
        case InvoiceStatus.PAYMENT_FAILED:
            return StatusInWords("Payment failed", "bad")
        case InvoiceStatus.ISSUED | InvoiceStatus.PAYMENT_PENDING if invoice.due_at:
            if invoice.due_at < at:
                return StatusInWords(f"Overdue since {local_date(invoice.due_at, zone)}", "bad")
            return StatusInWords(f"Due {local_date(invoice.due_at, zone)}", "warn")
        case _:
            return StatusInWords("Being prepared", "")
