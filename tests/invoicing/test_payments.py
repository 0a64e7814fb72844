"""Payments: collected at issue, failed on request, retried by hand."""

import threading
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from invoicing.lifecycle import InvalidMove
from invoicing.models import InvoiceStatus, Payment, PaymentStatus
from invoicing.providers import SANDBOX_OUTCOME
from invoicing.services.invoices import retry_invoice
from metering.models import Customer
from tests.invoicing.contracts import day
from tests.invoicing.money import again, customer, issued

pytestmark = pytest.mark.django_db


def collected(amount="20.00", outcome=None):
    """An invoice that the sandbox was asked to collect."""
    return issued(amount, workflow={}, customer=customer(metadata={SANDBOX_OUTCOME: outcome} if outcome else {}))


def let_it_pay(invoice):
    Customer.objects.filter(pk=invoice.customer_id).update(metadata={})


def test_the_sandbox_settles_at_once():
    invoice = collected("32.50")
    assert (invoice.status, invoice.paid_at, invoice.due) == (InvoiceStatus.PAID, day(2, 1), 0)
    payment = Payment.objects.get()
    assert (payment.amount, payment.currency, payment.status) == (Decimal("32.50"), "USD", PaymentStatus.SUCCEEDED)
    assert (payment.provider, payment.attempt, payment.allocations.get().amount) == ("sandbox", 1, Decimal("32.50"))


@pytest.mark.parametrize(
    ("outcome", "status", "reason"),
    [
        ("failed", InvoiceStatus.PAYMENT_FAILED, "a failure"),
        ("uncollectible", InvoiceStatus.UNCOLLECTIBLE, "a debt that is given up"),
        ("action_required", InvoiceStatus.PAYMENT_ACTION_REQUIRED, "an act of the customer"),
    ],
)
def test_the_sandbox_ends_as_the_customers_metadata_asks(outcome, status, reason):
    invoice = collected(outcome=outcome)
    assert (invoice.status, invoice.paid_at, invoice.due) == (status, None, Decimal("20.00"))
    payment = Payment.objects.get()
    assert (payment.status, payment.reason) == (
        PaymentStatus.FAILED,
        f"The customer's metadata {SANDBOX_OUTCOME} asks for {reason}.",
    )


def test_a_retry_pays_a_failed_invoice():
    invoice = collected(outcome="failed")
    retry_invoice(invoice_id=invoice.pk, at=day(2, 2))
    assert again(invoice).status == InvoiceStatus.PAYMENT_FAILED
    let_it_pay(invoice)
    retry_invoice(invoice_id=invoice.pk, at=day(2, 3))
    assert (again(invoice).status, again(invoice).paid_at) == (InvoiceStatus.PAID, day(2, 3))
    attempts = Payment.objects.order_by("attempt").values_list("attempt", "status")
    assert list(attempts) == [(1, "failed"), (2, "failed"), (3, "succeeded")]


def test_a_retry_needs_a_failed_payment():
    invoice = collected()
    with pytest.raises(InvalidMove):
        retry_invoice(invoice_id=invoice.pk, at=day(2, 2))
    assert Payment.objects.count() == 1


def test_a_total_of_zero_is_paid_without_a_payment():
    invoice = collected("0.00", outcome="failed")
    assert (invoice.status, invoice.paid_at) == (InvoiceStatus.PAID, day(2, 1))
    assert not Payment.objects.exists()


def test_the_database_settles_no_more_than_the_total():
    invoice = collected(outcome="failed")
    with pytest.raises(IntegrityError, match="invoice_is_settled_up_to_its_total"), transaction.atomic():
        type(invoice).objects.update(settled=Decimal("20.01"))


@pytest.mark.django_db(transaction=True)
def test_an_invoice_is_paid_once_when_several_retry_it():
    invoice = collected(outcome="failed")
    let_it_pay(invoice)
    refused = []

    def retry():
        try:
            retry_invoice(invoice_id=invoice.pk, at=day(2, 2))
        except InvalidMove as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=retry) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 3
    assert Payment.objects.filter(status=PaymentStatus.SUCCEEDED).count() == 1
