"""Payments: collected once, failed on request, retried by hand."""

import threading
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from invoicing.lifecycle import InvalidMove
from invoicing.models import InvoiceStatus, Payment, PaymentStatus
from invoicing.providers import SANDBOX_OUTCOME
from invoicing.services.payments import collect_payment, retry_payment
from tests import factories
from tests.invoicing.contracts import day

FAILING = {SANDBOX_OUTCOME: "failed"}
pytestmark = pytest.mark.django_db


def pending(**kwargs):
    return factories.InvoiceFactory(issued=True, status=InvoiceStatus.PAYMENT_PENDING, **kwargs)


def test_the_sandbox_settles_at_once():
    invoice = pending(total=Decimal("32.50"))
    payment = collect_payment(invoice_id=invoice.pk, at=day(2, 1))
    invoice.refresh_from_db()
    assert (invoice.status, invoice.paid_at) == (InvoiceStatus.PAID, day(2, 1))
    assert (payment.amount, payment.currency, payment.status) == (Decimal("32.50"), "USD", PaymentStatus.SUCCEEDED)
    assert (payment.provider, payment.attempt) == ("sandbox", 1)


def test_the_sandbox_fails_where_the_customer_asks_for_it():
    invoice = pending(customer__metadata=FAILING)
    payment = collect_payment(invoice_id=invoice.pk, at=day(2, 1))
    invoice.refresh_from_db()
    assert (invoice.status, invoice.paid_at) == (InvoiceStatus.PAYMENT_FAILED, None)
    assert (payment.status, payment.reason) == (
        PaymentStatus.FAILED,
        f"The customer's metadata {SANDBOX_OUTCOME} asks for a failure.",
    )


@pytest.mark.parametrize("metadata", [{}, FAILING])
def test_it_collects_nothing_the_second_time(metadata):
    invoice = pending(customer__metadata=metadata)
    first = collect_payment(invoice_id=invoice.pk, at=day(2, 1))
    assert collect_payment(invoice_id=invoice.pk, at=day(2, 2)) == first
    assert Payment.objects.count() == 1


def test_a_retry_pays_a_failed_invoice():
    invoice = pending(customer__metadata=FAILING)
    collect_payment(invoice_id=invoice.pk, at=day(2, 1))
    invoice.customer.metadata = {}
    invoice.customer.save()
    payment = retry_payment(invoice_id=invoice.pk, at=day(2, 3))
    invoice.refresh_from_db()
    assert (payment.attempt, payment.status, invoice.status) == (2, PaymentStatus.SUCCEEDED, InvoiceStatus.PAID)
    assert invoice.paid_at == day(2, 3)


def test_a_retry_may_fail_again():
    invoice = pending(customer__metadata=FAILING)
    collect_payment(invoice_id=invoice.pk, at=day(2, 1))
    retry_payment(invoice_id=invoice.pk, at=day(2, 2))
    invoice.refresh_from_db()
    assert invoice.status == InvoiceStatus.PAYMENT_FAILED
    assert list(Payment.objects.order_by("attempt").values_list("attempt", "status")) == [(1, "failed"), (2, "failed")]


@pytest.mark.parametrize("status", [InvoiceStatus.PAYMENT_PENDING, InvoiceStatus.PAID])
def test_a_retry_needs_a_failed_payment(status):
    invoice = factories.InvoiceFactory(issued=True, status=status)
    with pytest.raises(InvalidMove):
        retry_payment(invoice_id=invoice.pk, at=day(2, 2))
    assert not Payment.objects.exists()


def test_a_draft_is_not_collected():
    invoice = factories.InvoiceFactory()
    with pytest.raises(InvalidMove):
        collect_payment(invoice_id=invoice.pk, at=day(2, 1))
    assert not Payment.objects.exists()


def test_a_total_of_zero_is_paid_without_a_payment():
    invoice = pending(total=Decimal("0.00"), customer__metadata=FAILING)
    assert collect_payment(invoice_id=invoice.pk, at=day(2, 1)) is None
    invoice.refresh_from_db()
    assert (invoice.status, invoice.paid_at) == (InvoiceStatus.PAID, day(2, 1))
    assert not Payment.objects.exists()


def test_the_database_settles_no_more_than_the_total():
    invoice = pending(total=Decimal("20.00"))
    with pytest.raises(IntegrityError, match="invoice_is_settled_up_to_its_total"), transaction.atomic():
        type(invoice).objects.update(settled=Decimal("20.01"))


@pytest.mark.django_db(transaction=True)
def test_an_invoice_is_paid_once_when_several_collect_it():
    invoice = pending()

    def collect():
        try:
            collect_payment(invoice_id=invoice.pk, at=day(2, 1))
        finally:
            connection.close()

    threads = [threading.Thread(target=collect) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Payment.objects.count() == 1
