"""Collect what invoices ask for. A provider is asked once for each attempt, and an invoice is never paid twice."""

from datetime import datetime
from decimal import Decimal

from invoicing.lifecycle import Trigger
from invoicing.models import Allocation, CollectionMethod, Invoice, Payment, PaymentStatus
from invoicing.providers import PROVIDERS, Charge, Outcome, Result
from invoicing.services.balances import apply_balance
from metering.models import Customer

_TRIGGERS = {
    Result.PAID: Trigger.PAID,
    Result.FAILED: Trigger.PAYMENT_FAILED,
    Result.UNCOLLECTIBLE: Trigger.PAYMENT_UNCOLLECTIBLE,
    Result.ACTION_REQUIRED: Trigger.ACTION_REQUIRED,
}


def collect(*, invoice: Invoice, at: datetime) -> Trigger | None:
    """
    Collect what is due of an invoice, first from the customer's balance; return what moves it then, None to wait.

    The caller holds the customer's row and the invoice's, and saves it. Nobody is asked where nothing is due, or where
    the invoice is sent for the customer to pay it.
    """
    apply_balance(invoice=invoice, at=at)
    if not invoice.due:
        return Trigger.PAID
    if _is_sent(invoice):
        return None
    attempt = invoice.payments.count() + 1
    charge = Charge(
        reference=f"{invoice.ulid}-{attempt}",
        amount=invoice.due,
        currency=invoice.currency,
        customer_metadata=invoice.customer.metadata,
    )
    outcome = PROVIDERS[invoice.profile.app.type].collect(charge)
    if outcome.result != Result.PENDING:
        _record(invoice, outcome, attempt, at)
    return _TRIGGERS.get(outcome.result)


def record_outcome(*, invoice: Invoice, outcome: Outcome, at: datetime) -> Payment | None:
    """
    Write down what an app answered about what is due of an invoice; None where nothing is due, or no answer came yet.

    The caller holds the invoice, and saves it.
    """
    if not invoice.due or outcome.result == Result.PENDING:
        return None
    return _record(invoice, outcome, invoice.payments.count() + 1, at)


def settle(*, invoice: Invoice, payment: Payment, amount: Decimal, at: datetime) -> None:
    """Let an amount of a payment settle an invoice that the caller holds and saves; at most what is due."""
    Allocation.objects.create(invoice=invoice, payment=payment, amount=amount, created_at=at)
    invoice.settled += amount


def hold_invoice(invoice_id: int) -> Invoice:
    """Lock a customer, then their invoice, always in this order; return it with its customer, profile and app."""
    Customer.objects.select_for_update(no_key=True, of=("self",)).get(invoices=invoice_id)
    return Invoice.objects.select_related("customer", "profile__app").locked().get(pk=invoice_id)


def _is_sent(invoice: Invoice) -> bool:
    method = invoice.workflow.get("payment", {}).get("collectionMethod", invoice.profile.collection_method)
    return method == CollectionMethod.SEND_INVOICE


def _record(invoice: Invoice, outcome: Outcome, attempt: int, at: datetime) -> Payment:
    payment = Payment.objects.create(
        invoice=invoice,
        attempt=attempt,
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
