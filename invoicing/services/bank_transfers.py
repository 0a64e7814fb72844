"""Money that came in by itself: written down by hand, placed on invoices, the rest kept to a customer's credit."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from invoicing.lifecycle import MOVES, InvoiceStatus, Trigger
from invoicing.models import Invoice, Payment, PaymentMethod, PaymentStatus
from invoicing.queries.balances import unplaced
from invoicing.services.balances import add_to_balance
from invoicing.services.payments import hold_invoice, settle
from invoicing.services.walks import walk
from metering.errors import DomainError
from metering.models import Customer
from pricing.money import quantize


class InvalidPayment(DomainError):
    """What is said of a payment cannot be."""

    code = "payment_invalid"


class CannotAllocate(DomainError):
    """The payment cannot settle that invoice, or not so much of it."""

    status = 409
    code = "payment_cannot_be_allocated"


@transaction.atomic
def record_bank_transfer(
    *,
    amount: Decimal,
    currency: str,
    received_at: datetime,
    at: datetime,
    reference: str = "",
    invoice_id: int | None = None,
    customer_id: int | None = None,
) -> Payment:
    """
    Write down money that came in, and place it.

    With an invoice it settles what is due of that. With a customer alone it settles their invoices of that currency,
    the longest due first. What is left is kept to the customer's credit. With neither it waits to be allocated.

    :raises InvalidPayment: if the amount is not above zero, or has more digits than its currency.
    :raises CannotAllocate: if the invoice is not issued, is a credit note, or has another currency.
    """
    if amount <= 0 or amount != quantize(amount, currency):
        raise InvalidPayment(f"Give an amount above zero with the digits that {currency} has, not {amount:f}.")
    invoice = hold_invoice(invoice_id) if invoice_id is not None else None
    if invoice is not None:
        _check(invoice, currency)
    payment = Payment.objects.create(
        provider=PaymentMethod.BANK_TRANSFER,
        reference=reference,
        currency=currency,
        amount=amount,
        status=PaymentStatus.SUCCEEDED,
        received_at=received_at,
        created_at=at,
    )
    if invoice is not None:
        rest = amount - _allocate(payment, invoice, amount, at)
        _keep(payment, invoice.customer, rest, at)
    elif customer_id is not None:
        _place(payment, customer_id, at)
    return payment


@transaction.atomic
def allocate_payment(*, payment_id: int, invoice_id: int, amount: Decimal | None = None, at: datetime) -> Payment:
    """
    Let money that waits settle an invoice: as much as is due and is there, or the amount that is named.

    :raises InvalidPayment: if the amount is not above zero, or has more digits than its currency.
    :raises CannotAllocate: if less of the payment is left, less of the invoice is due, or they do not fit.
    """
    invoice = hold_invoice(invoice_id)
    payment = _held_payment(payment_id)
    _check(invoice, payment.currency)
    left = unplaced(payment)
    if not invoice.due:
        raise CannotAllocate(f"Choose another invoice: nothing of {invoice} is due.")
    if amount is None:
        amount = min(left, invoice.due)
    elif amount <= 0 or amount != quantize(amount, payment.currency):
        raise InvalidPayment(f"Give an amount above zero with the digits that {payment.currency} has, not {amount:f}.")
    if not 0 < amount <= left:
        raise CannotAllocate(f"Allocate at most {left:f} {payment.currency}: no more of the payment is left.")
    if amount > invoice.due:
        raise CannotAllocate(f"Allocate at most {invoice.due:f} {payment.currency}: no more of {invoice} is due.")
    _allocate(payment, invoice, amount, at)
    return payment


@transaction.atomic
def credit_payment(*, payment_id: int, customer_id: int, at: datetime) -> Payment:
    """
    Settle a customer's invoices with what is left of a payment, the longest due first; keep the rest to their credit.

    :raises CannotAllocate: if nothing of the payment is left.
    """
    customer = Customer.objects.select_for_update(no_key=True, of=("self",)).get(pk=customer_id)
    payment = _held_payment(payment_id)
    if not unplaced(payment):
        raise CannotAllocate(f"Choose another payment: all of this one, {payment.amount:f}, is placed already.")
    _place(payment, customer.pk, at)
    return payment


def _held_payment(payment_id: int) -> Payment:
    payment = Payment.objects.select_for_update().get(pk=payment_id)
    if payment.status != PaymentStatus.SUCCEEDED:
        raise CannotAllocate("Choose a payment that succeeded: this one brought no money.")
    return payment


def _place(payment: Payment, customer_id: int, at: datetime) -> None:
    customer = Customer.objects.select_for_update(no_key=True, of=("self",)).get(pk=customer_id)
    left = unplaced(payment)
    owing = Invoice.objects.unpaid().filter(customer=customer, currency=payment.currency)
    # All are locked in the order of their keys before the first is settled.
    rows = list(owing.select_related("customer", "profile__app").locked())
    for invoice in sorted(rows, key=lambda row: (row.due_at or row.billed_at, row.pk)):
        if left > 0:
            left -= _allocate(payment, invoice, left, at)
    _keep(payment, customer, left, at)


def _allocate(payment: Payment, invoice: Invoice, amount: Decimal, at: datetime) -> Decimal:
    """Settle as much of an invoice as is due, at most the amount; it is paid once nothing is due. Return how much."""
    used = min(amount, invoice.due)
    if used <= 0:
        return Decimal(0)
    settle(invoice=invoice, payment=payment, amount=used, at=at)
    is_paid = not invoice.due and Trigger.PAID in MOVES[InvoiceStatus(invoice.status)]
    invoice.updated_at = at
    invoice.save(update_fields=["settled", "updated_at"])
    if is_paid:
        walk(invoice=invoice, at=at, trigger=Trigger.PAID)
    return used


def _keep(payment: Payment, customer: Customer, rest: Decimal, at: datetime) -> None:
    if rest > 0:
        reason = f"Paid too much: {payment.reference}" if payment.reference else "Paid too much"
        add_to_balance(customer=customer, currency=payment.currency, amount=rest, reason=reason, at=at, payment=payment)


def _check(invoice: Invoice, currency: str) -> None:
    if invoice.number is None or invoice.total < 0:
        raise CannotAllocate(f"Choose an invoice that is issued: {invoice} asks for no money.")
    if invoice.currency != currency:
        raise CannotAllocate(f"Choose an invoice in {currency}: {invoice} is in {invoice.currency}.")
