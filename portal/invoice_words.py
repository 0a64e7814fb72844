"""An invoice's state in the words of whoever pays it."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from invoicing.lifecycle import NUMBERED
from invoicing.models import Invoice, InvoiceStatus, InvoiceType
from portal.templatetags.money import local_date


@dataclass(frozen=True)
class StatusInWords:
    """A few words, and how they are meant: `good`, `warn`, `bad` or nothing special."""

    text: str
    tone: str


_UNDER_WAY = StatusInWords("Payment under way", "")
# What is said of an invoice whatever the day is; of the others, when they are due.
_SAID = {
    InvoiceStatus.UNCOLLECTIBLE: StatusInWords("Written off", ""),
    InvoiceStatus.PAYMENT_FAILED: StatusInWords("Payment failed", "bad"),
    InvoiceStatus.PAYMENT_ACTION_REQUIRED: StatusInWords("Confirm your payment", "warn"),
    InvoiceStatus.PAYMENT_BOOKING_AUTHORIZED: _UNDER_WAY,
    InvoiceStatus.PAYMENT_BOOKING_AUTHORIZED_FAILED: _UNDER_WAY,
    InvoiceStatus.PAYMENT_AUTHORIZED: _UNDER_WAY,
    InvoiceStatus.PAYMENT_BOOKING_SETTLED: _UNDER_WAY,
    InvoiceStatus.PAYMENT_BOOKING_SETTLED_FAILED: _UNDER_WAY,
    InvoiceStatus.PAYMENT_BOOKING_AUTHORIZED_AND_SETTLED: _UNDER_WAY,
    InvoiceStatus.PAYMENT_BOOKING_AUTHORIZED_AND_SETTLED_FAILED: _UNDER_WAY,
}


def status_in_words(invoice: Invoice, *, at: datetime, zone: ZoneInfo) -> StatusInWords:
    """Say what an invoice waits for at a time, or what of a credit note is left."""
    status = InvoiceStatus(invoice.status)
    if status not in NUMBERED:
        return _before_issue(status)
    if status == InvoiceStatus.VOIDED:
        return StatusInWords(_with_day("Cancelled", invoice.voided_at, zone), "")
    if invoice.type == InvoiceType.CREDIT_NOTE:
        return StatusInWords("To your credit", "good") if invoice.due else StatusInWords("Used up", "")
    if status == InvoiceStatus.PAID:
        return StatusInWords(_with_day("Paid", invoice.paid_at, zone), "good")
    return _SAID.get(status) or _unpaid(invoice, status, at, zone)


def _before_issue(status: InvoiceStatus) -> StatusInWords:
    if status == InvoiceStatus.GATHERING:
        return StatusInWords("Not billed yet", "")
    if status == InvoiceStatus.DELETED or status.startswith("delete."):
        return StatusInWords("Withdrawn", "")
    return StatusInWords("Being issued" if status.startswith("issuing.") else "Being prepared", "")


def _unpaid(invoice: Invoice, status: InvoiceStatus, at: datetime, zone: ZoneInfo) -> StatusInWords:
    if invoice.due_at is None:
        return StatusInWords("To be paid", "warn")
    if status == InvoiceStatus.OVERDUE or invoice.due_at < at:
        return StatusInWords(f"Overdue since {local_date(invoice.due_at, zone)}", "bad")
    return StatusInWords(f"Due {local_date(invoice.due_at, zone)}", "warn")


def _with_day(word: str, at: datetime | None, zone: ZoneInfo) -> str:
    return f"{word} {local_date(at, zone)}" if at else word
