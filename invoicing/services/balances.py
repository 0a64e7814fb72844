"""What customers have to their credit: from credit notes and overpayments, used by invoices, never below zero."""

from datetime import datetime
from decimal import Decimal

from invoicing.lifecycle import Trigger
from invoicing.models import Allocation, BalanceEntry, Invoice, Payment
from metering.models import Customer


def add_to_balance(
    *,
    customer: Customer,
    currency: str,
    amount: Decimal,
    reason: str,
    at: datetime,
    payment: Payment | None = None,
    credit_note: Invoice | None = None,
) -> BalanceEntry:
    """Put an amount, above zero, to a customer's credit; the caller's transaction holds the customer's row."""
    return _move(customer, currency, amount, reason, at, payment=payment, credit_note=credit_note)


def apply_balance(*, invoice: Invoice, at: datetime) -> Decimal:
    """
    Settle what is due of an invoice from its customer's balance, oldest credit first; return how much that was.

    The caller's transaction holds the customer's row and the invoice's, which it saves. Credit notes whose part of the
    balance is used up with it are paid from then on.
    """
    used = min(_last(invoice.customer, invoice.currency)[1], invoice.due) if invoice.due > 0 else Decimal(0)
    if used <= 0:
        return Decimal(0)
    entry = _move(invoice.customer, invoice.currency, -used, f"Used for {invoice}", at)
    Allocation.objects.create(invoice=invoice, balance_entry=entry, amount=used, created_at=at)
    invoice.settled += used
    _use_notes(entry, at)
    return used


def dispose(*, note: Invoice, corrected: Invoice | None, at: datetime) -> None:
    """
    Use a credit note: first for what is due on the invoice that it corrects, the rest goes to the customer's balance.

    The caller's transaction holds the customer's row and both documents, and saves them; a corrected invoice of which
    nothing is due any more is for the caller to move.
    """
    rest = -note.due
    if corrected is not None and (offset := min(rest, corrected.due)) > 0:
        Allocation.objects.create(invoice=corrected, credit_note=note, amount=offset, created_at=at)
        corrected.settled += offset
        note.settled -= offset
        rest -= offset
    if rest > 0:
        reason = f"Credit note {note}"
        add_to_balance(
            customer=note.customer, currency=note.currency, amount=rest, reason=reason, at=at, credit_note=note
        )
    else:
        _finish(note, at)


def _move(
    customer: Customer,
    currency: str,
    amount: Decimal,
    reason: str,
    at: datetime,
    *,
    payment: Payment | None = None,
    credit_note: Invoice | None = None,
) -> BalanceEntry:
    sequence, balance = _last(customer, currency)
    return BalanceEntry.objects.create(
        customer=customer,
        currency=currency,
        sequence=sequence + 1,
        amount=amount,
        balance=balance + amount,
        reason=reason,
        payment=payment,
        credit_note=credit_note,
        created_at=at,
    )


def _last(customer: Customer, currency: str) -> tuple[int, Decimal]:
    """Return the number of the last movement of a balance, and the balance after it."""
    entries = BalanceEntry.objects.filter(customer=customer, currency=currency).order_by("-sequence")
    return entries.values_list("sequence", "balance").first() or (0, Decimal(0))


def _use_notes(spent: BalanceEntry, at: datetime) -> None:
    """Count a use of the balance against the credit notes that it came from, oldest first."""
    ledger = BalanceEntry.objects.filter(
        customer=spent.customer_id, currency=spent.currency, sequence__lt=spent.sequence
    )
    credits = list(ledger.filter(amount__gt=0).select_related("credit_note").order_by("sequence"))
    start = sum((credit.amount for credit in credits), Decimal(0)) - (spent.balance - spent.amount)
    end, reached = start - spent.amount, Decimal(0)
    for credit in credits:
        used = min(end, reached + credit.amount) - max(start, reached)
        reached += credit.amount
        if used > 0 and credit.credit_note is not None:
            _use(credit.credit_note, used, at)


def _use(note: Invoice, amount: Decimal, at: datetime) -> None:
    note.settled -= amount
    note.updated_at = at
    if not note.due:
        _finish(note, at)
    note.save(update_fields=["settled", "status", "paid_at", "updated_at"])


def _finish(note: Invoice, at: datetime) -> None:
    """Walk a credit note that is used up past what only invoices wait for."""
    for trigger in (Trigger.NEXT, Trigger.PAID, Trigger.NEXT):
        note.move(trigger)
    note.paid_at = at
