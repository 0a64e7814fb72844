"""Collect what invoices ask for. A provider is asked once for each attempt, and an invoice is never paid twice."""

from datetime import datetime

from django.db import transaction

from invoicing.lifecycle import Trigger, target
from invoicing.models import Allocation, Invoice, InvoiceStatus, Payment, PaymentStatus
from invoicing.providers import PROVIDERS, Charge


@transaction.atomic
def collect_payment(*, invoice_id: int, at: datetime) -> Payment | None:
    """
    Ask the provider for what a pending invoice owes; return the attempt, None where there was nothing to collect.

    Safe to repeat: of an invoice that is paid, or whose payment failed, the last attempt is returned and nothing is
    collected. A total of zero is paid without a payment, as no money moves.

    :raises InvalidMove: if the invoice is a draft.
    """
    return _collect_once(_locked(invoice_id), at)


@transaction.atomic
def collect_invoice(*, invoice: Invoice, at: datetime) -> Payment | None:
    """
    Do the same with an invoice that was read after its issue, together with its customer and its profile's app.

    :raises InvalidMove: if the invoice is a draft.
    """
    # Only its status can have changed since.
    invoice.status = Invoice.objects.locked().values_list("status", flat=True).get(pk=invoice.pk)
    return _collect_once(invoice, at)


@transaction.atomic
def retry_payment(*, invoice_id: int, at: datetime) -> Payment | None:
    """
    Try once more to collect an invoice whose payment failed; return the new attempt.

    :raises InvalidMove: if no payment of the invoice failed, or it is paid.
    """
    invoice = _locked(invoice_id)
    invoice.move(Trigger.RETRY)
    return _collect(invoice, at)


def _locked(invoice_id: int) -> Invoice:
    return Invoice.objects.locked().select_related("customer", "profile__app").get(pk=invoice_id)


def _collect_once(invoice: Invoice, at: datetime) -> Payment | None:
    if invoice.status in (InvoiceStatus.PAID, InvoiceStatus.PAYMENT_FAILED):
        return invoice.payments.order_by("attempt").last()
    return _collect(invoice, at)


def _collect(invoice: Invoice, at: datetime) -> Payment | None:
    # Before any money moves.
    target(InvoiceStatus(invoice.status), Trigger.PAID)
    payment = _attempt(invoice, at) if invoice.total else None
    if payment is not None and payment.status == PaymentStatus.FAILED:
        invoice.move(Trigger.PAYMENT_FAILED)
    else:
        invoice.move(Trigger.PAID)
        invoice.move(Trigger.NEXT)
        invoice.paid_at, invoice.settled = at, invoice.total
    invoice.updated_at = at
    invoice.save(update_fields=["status", "paid_at", "settled", "updated_at"])
    return payment


def _attempt(invoice: Invoice, at: datetime) -> Payment:
    number = invoice.payments.count() + 1
    charge = Charge(
        reference=f"{invoice.ulid}-{number}",
        amount=invoice.total,
        currency=invoice.currency,
        customer_metadata=invoice.customer.metadata,
    )
    outcome = PROVIDERS[invoice.profile.app.type].collect(charge)
    payment = Payment.objects.create(
        invoice=invoice,
        attempt=number,
        provider=invoice.profile.app.type,
        currency=invoice.currency,
        amount=invoice.total,
        status=PaymentStatus.SUCCEEDED if outcome.succeeded else PaymentStatus.FAILED,
        reason=outcome.reason,
        received_at=at,
        created_at=at,
    )
    if outcome.succeeded:
        Allocation.objects.create(invoice=invoice, payment=payment, amount=payment.amount, created_at=at)
    return payment
