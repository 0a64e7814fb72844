"""What people and apps do with invoices; the invoice then moves on by itself as far as nothing waits."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce

from invoicing.lifecycle import MOVES, InvalidMove, Trigger, target
from invoicing.models import Invoice, InvoiceStatus, InvoiceType
from invoicing.providers import Outcome, Result
from invoicing.services.cancellations import write_cancellation
from invoicing.services.payments import hold_invoice, record_outcome
from invoicing.services.walks import walk
from invoicing.validation import Severity
from metering.ingest.fence import current_bound

_BY_THE_APP = frozenset(
    {
        Trigger.AUTHORIZED,
        Trigger.PAID,
        Trigger.PAYMENT_FAILED,
        Trigger.PAYMENT_OVERDUE,
        Trigger.PAYMENT_UNCOLLECTIBLE,
        Trigger.ACTION_REQUIRED,
    }
)
_MAY_BE_OVERDUE = sorted(status for status, moves in MOVES.items() if Trigger.PAYMENT_OVERDUE in moves)


class CannotAdvance(InvalidMove):
    code = "invoice_cannot_advance"


class CannotDeleteGathering(InvalidMove):
    code = "invoice_cannot_delete_gathering"


def advance_invoice(*, invoice_id: int, at: datetime) -> Invoice:
    """
    Move an invoice on as far as nothing waits. Call it outside a transaction, as usage may be read.

    :raises CannotAdvance: if it waits for somebody, or for its time.
    """
    return _advance(invoice_id, current_bound(), at)


@transaction.atomic
def _advance(invoice_id: int, bound: int, at: datetime) -> Invoice:
    invoice = hold_invoice(invoice_id)
    status = InvoiceStatus(invoice.status)
    if walk(invoice=invoice, at=at, bound=bound).status == status:
        raise CannotAdvance(f"Wait, or choose another action than advance: {invoice} is {status.label.lower()}.")
    return invoice


@transaction.atomic
def approve_invoice(*, invoice_id: int, at: datetime) -> Invoice:
    """
    Issue a draft that waits for approval, at once.

    :raises InvalidMove: if it does not wait for that, or something critical is wrong with it.
    """
    invoice = hold_invoice(invoice_id)
    target(InvoiceStatus(invoice.status), Trigger.APPROVE)
    if critical := next((issue for issue in invoice.validation_issues if issue["severity"] == Severity.CRITICAL), None):
        raise InvalidMove(f"Mend what is wrong with {invoice} before you approve it: {critical['message']}")
    return walk(invoice=invoice, at=at, trigger=Trigger.APPROVE)


def retry_invoice(*, invoice_id: int, at: datetime) -> Invoice:
    """
    Try the step that failed once more, of a draft from its checks on. Call it outside a transaction.

    :raises InvalidMove: if nothing failed.
    """
    return _pull(invoice_id, Trigger.RETRY, current_bound(), at)


def snapshot_quantities(*, invoice_id: int, at: datetime) -> Invoice:
    """
    Read the usage of a draft now and wait no longer for late usage. Call it outside a transaction.

    :raises InvalidMove: if the draft does not wait for usage.
    """
    return _pull(invoice_id, Trigger.SNAPSHOT_QUANTITIES, current_bound(), at)


def delete_invoice(*, invoice_id: int, at: datetime) -> Invoice:
    """
    Delete an invoice that is not issued: it stays, charges nothing, and what it billed counts as billed.

    :raises CannotDeleteGathering: if it gathers what is not billed yet.
    :raises InvalidMove: if it has a number, or is being issued.
    """
    return _pull(invoice_id, Trigger.DELETE, None, at)


@transaction.atomic
def _pull(invoice_id: int, trigger: Trigger, bound: int | None, at: datetime) -> Invoice:
    invoice = hold_invoice(invoice_id)
    if trigger == Trigger.DELETE and invoice.status == InvoiceStatus.GATHERING:
        raise CannotDeleteGathering(f"Delete pending lines of {invoice} instead: it gathers what is not billed yet.")
    return walk(invoice=invoice, at=at, trigger=trigger, bound=bound)


@transaction.atomic
def void_invoice(*, invoice_id: int, reason: str, rebill: bool = True, at: datetime) -> Invoice:
    """
    Cancel an issued invoice by a numbered credit note over all of it, and return the note.

    What was paid of the invoice goes to the customer's balance. With `rebill` what it billed counts as not billed, so
    the next run bills it anew; without, it stays billed, at nothing.

    :raises InvalidMove: if the invoice is paid, not issued, or a credit note.
    :raises InvoiceContinued: if a later document continues what it billed.
    """
    invoice = hold_invoice(invoice_id)
    if invoice.type == InvoiceType.CREDIT_NOTE:
        raise InvalidMove(f"Write an invoice instead of voiding {invoice}: a credit note is not taken back.")
    if invoice.status == InvoiceStatus.PAID:
        raise InvalidMove(f"Give a credit note over {invoice} instead: it is paid.")
    target(InvoiceStatus(invoice.status), Trigger.VOID)
    return write_cancellation(invoice=invoice, reason=reason, rebill=rebill, at=at)


@transaction.atomic
def payment_event(*, invoice_id: int, trigger: Trigger, at: datetime, reason: str = "") -> Invoice:
    """
    Move an issued invoice by what the app tells of its payment; paid is paid in full.

    :raises InvalidMove: if the invoice does not wait for that.
    """
    if trigger not in _BY_THE_APP:
        raise InvalidMove(f"Tell of a payment: {trigger.replace('_', ' ')} is not said by an app.")
    invoice = hold_invoice(invoice_id)
    target(InvoiceStatus(invoice.status), trigger)
    if trigger == Trigger.PAYMENT_FAILED:
        record_outcome(invoice=invoice, outcome=Outcome(Result.FAILED, reason), at=at)
    return walk(invoice=invoice, at=at, trigger=trigger)


def mark_overdue(*, now: datetime, customer_ids: Collection[int] | None = None) -> int:
    """
    Mark invoices whose due date passed before they were paid, by their customer's clock; return how many.

    `now` is for customers without a test clock; without `customer_ids` it looks at all of them. Safe to repeat. Call it
    outside a transaction.
    """
    # As an annotation, because a comparison alone would leave out whoever has no test clock.
    open_ones = Invoice.objects.unpaid().annotate(clock=Coalesce("customer__test_clock__now_at", now))
    late = open_ones.filter(status__in=_MAY_BE_OVERDUE, due_at__lt=F("clock"), settled__lt=F("total"))
    if customer_ids is not None:
        late = late.filter(customer__in=customer_ids)
    return sum(_mark_overdue(pk, at) for pk, at in late.order_by("pk").values_list("pk", "clock"))


@transaction.atomic
def _mark_overdue(invoice_id: int, at: datetime) -> bool:
    invoice = hold_invoice(invoice_id)
    # Somebody may have paid it, or marked it, since.
    if invoice.status not in _MAY_BE_OVERDUE:
        return False
    walk(invoice=invoice, at=at, trigger=Trigger.PAYMENT_OVERDUE)
    return True
