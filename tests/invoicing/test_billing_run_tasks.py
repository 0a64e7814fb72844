"""Jobs pass ids and the customer's time on, and name themselves as the cause."""

import pytest
import time_machine

from invoicing import tasks
from invoicing.models import BillingRun, Invoice, InvoiceStatus
from invoicing.providers import SANDBOX_OUTCOME
from metering.history import changes_of
from tests import factories
from tests.invoicing.contracts import day, subscribe
from tests.invoicing.money import issued

pytestmark = pytest.mark.django_db


@time_machine.travel(day(1, 2), tick=False)
def test_the_scheduled_run_bills_what_is_due_now():
    subscription = subscribe()
    tasks.bill_due()
    invoice = subscription.customer.invoices.get()
    assert (BillingRun.objects.get().as_of, invoice.issued_at) == (day(1, 2), day(1, 2))
    assert (invoice.number, invoice.status) == ("INV-000001", InvoiceStatus.PAID)
    assert {change.actor for change in changes_of(invoice)} == {"billing run"}


@time_machine.travel(day(1, 2), tick=False)
def test_one_customer_is_billed_by_themselves():
    one, _ = subscribe(), subscribe()
    tasks.bill_customer(customer_id=one.customer_id)
    assert [invoice.customer for invoice in Invoice.objects.all()] == [one.customer]


@time_machine.travel(day(6, 1), tick=False)
def test_a_payment_is_retried_at_the_customers_time():
    customer = factories.CustomerFactory(
        metadata={SANDBOX_OUTCOME: "failed"}, test_clock=factories.TestClockFactory(now_at=day(2, 5))
    )
    invoice = issued("20.00", customer=customer, workflow={})
    assert invoice.status == InvoiceStatus.PAYMENT_FAILED
    customer.metadata = {}
    customer.save()
    tasks.retry_payment(invoice_id=invoice.pk)
    invoice.refresh_from_db()
    assert (invoice.status, invoice.paid_at) == (InvoiceStatus.PAID, day(2, 5))


@time_machine.travel(day(6, 1), tick=False)
def test_a_document_is_stored_once_at_the_customers_time():
    clock = factories.TestClockFactory(now_at=day(1, 2))
    subscription = subscribe(customer=factories.CustomerFactory(currency="USD", test_clock=clock))
    tasks.bill_due()
    invoice = subscription.customer.invoices.get()
    tasks.store_document(invoice_id=invoice.pk)
    first = invoice.document.created_at
    tasks.store_document(invoice_id=invoice.pk)
    assert (first, Invoice.objects.get().document.created_at) == (day(1, 2), day(1, 2))
