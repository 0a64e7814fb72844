"""Collect what invoices ask for. A provider is asked once for each attempt, and an invoice is never paid twice."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from invoicing.lifecycle import Trigger, target
from invoicing.models import Allocation, CollectionMethod, Invoice, InvoiceStatus, Payment, PaymentStatus
from invoicing.providers import PROVIDERS, Charge, Outcome, Result
from invoicing.services.balances import apply_balance
from metering.models import Customer

_TRIGGERS = {
    Result.PAID: Trigger.PAID,
    Result.FAILED: Trigger.PAYMENT_FAILED,
    Result.UNCOLLECTIBLE: Trigger.PAYMENT_UNCOLLECTIBLE,
    Result.ACTION_REQUIRED: Trigger.ACTION_REQUIRED,
}


@transaction.atomic
def collect_payment(*, invoice_id: int, at: datetime) -> Payment | None:
    """
    Ask the provider for what a pending invoice owes; return the attempt, None where there was nothing to collect.

    The customer's balance is used first. Safe to repeat: of an invoice that is paid, or whose payment failed, the last
    attempt is returned and nothing is collected. What owes nothing is paid without a payment, as no money moves.

    :raises InvalidMove: if the invoice is a draft.
    """
    return _collect_once(hold_invoice(invoice_id), at)


@transaction.atomic
def collect_invoice(*, invoice: Invoice, at: datetime) -> Payment | None:
    """
    Do the same with an invoice that was read after its issue, together with its customer and its profile's app.

    :raises InvalidMove: if the invoice is a draft.
    """
    return _collect_once(hold_invoice(invoice.pk), at)


@transaction.atomic
def retry_payment(*, invoice_id: int, at: datetime) -> Payment | None:
    """
    Try once more to collect an invoice whose payment failed; return the new attempt.

    :raises InvalidMove: if no payment of the invoice failed, or it is paid.
    """
    invoice = hold_invoice(invoice_id)
    invoice.move(Trigger.RETRY)
    return _collect(invoice, at)


def collect(*, invoice: Invoice, at: datetime) -> Trigger | None:
    """
    Collect what is due of an invoice, first from the customer's balance; return what moves it then, None to wait.

    The caller holds the customer's row and the invoice's, and saves it. Nobody is asked where nothing is due, or where
    the invoice is sent for the customer to pay it.
    """
    return _ask(invoice, at)[1]


def record_outcome(*, invoice: Invoice, outcome: Outcome, at: datetime) -> Payment | None:
    """
    Write down what an app answered about what is due of an invoice; None where nothing is due, or no answer came yet.

    The caller holds the invoice, and saves it.
    """
    if not invoice.due or outcome.result == Result.PENDING:
        return None
    payment = Payment.objects.create(
        invoice=invoice,
        attempt=invoice.payments.count() + 1,
        provider=invoice.profile.app.type,
        currency=invoice.currency,
        amount=invoice.due,
        status=PaymentStatus.SUCCEEDED if outcome.succeeded else PaymentStatus.FAILED,
        reason=outcome.reason,
        received_at=at,
        created_at=at,
    )
    if outcome.succeeded:
        settle(invoice=invoice, payment=payment, amount=payment.amount, at=at)
    return payment


def settle(*, invoice: Invoice, payment: Payment, amount: Decimal, at: datetime) -> None:
    """Let an amount of a payment settle an invoice that the caller holds and saves; at most what is due."""
    Allocation.objects.create(invoice=invoice, payment=payment, amount=amount, created_at=at)
    invoice.settled += amount


def hold_invoice(invoice_id: int) -> Invoice:
    """Lock a customer, then their invoice, always in this order; return it with its customer, profile and app."""
    Customer.objects.select_for_update(no_key=True, of=("self",)).get(invoices=invoice_id)
    return Invoice.objects.select_related("customer", "profile__app").locked().get(pk=invoice_id)


def _collect_once(invoice: Invoice, at: datetime) -> Payment | None:
    if invoice.status in (InvoiceStatus.PAID, InvoiceStatus.PAYMENT_FAILED):
        return invoice.payments.order_by("attempt").last()
    return _collect(invoice, at)


def _collect(invoice: Invoice, at: datetime) -> Payment | None:
    # Before any money moves.
    target(InvoiceStatus(invoice.status), Trigger.PAID)
    payment, trigger = _ask(invoice, at)
    if trigger is not None:
        invoice.move(trigger)
    if trigger == Trigger.PAID:
        invoice.move(Trigger.NEXT)
        invoice.paid_at = at
    invoice.updated_at = at
    invoice.save(update_fields=["status", "paid_at", "settled", "updated_at"])
    return payment


def _ask(invoice: Invoice, at: datetime) -> tuple[Payment | None, Trigger | None]:
    apply_balance(invoice=invoice, at=at)
    if not invoice.due:
        return None, Trigger.PAID
    if _is_sent(invoice):
        return None, None
    charge = Charge(
        reference=f"{invoice.ulid}-{invoice.payments.count() + 1}",
        amount=invoice.due,
        currency=invoice.currency,
        customer_metadata=invoice.customer.metadata,
    )
    outcome = PROVIDERS[invoice.profile.app.type].collect(charge)
    return record_outcome(invoice=invoice, outcome=outcome, at=at), _TRIGGERS.get(outcome.result)


def _is_sent(invoice: Invoice) -> bool:
    method = invoice.workflow.get("payment", {}).get("collectionMethod", invoice.profile.collection_method)
    return method == CollectionMethod.SEND_INVOICE
