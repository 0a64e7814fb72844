"""A customer who cannot be billed is named, and the others go on."""

from decimal import Decimal

import pytest
from django.db import OperationalError

from invoicing.models import BillingProfile, BillingRun, Invoice, InvoiceSequence, ParkedCustomer
from invoicing.queries import bills, due
from invoicing.services import billing_run
from invoicing.services.billing_run import rerun_customer, run_billing
from pricing.models import SubscriptionItem
from tests import factories
from tests.invoicing.contracts import day, subscribe

pytestmark = pytest.mark.django_db
# Written past every check, as an old fault might have.
BROKEN_PRICE = {"type": "flat", "amount": "-5", "paymentTerm": "in_advance"}


def failing_for(customer_id, error):
    price_bill = bills.price_bill

    def price(bill, **kwargs):
        if bill.customer.pk == customer_id:
            raise error
        return price_bill(bill, **kwargs)

    return price


def test_it_names_a_customer_whose_price_cannot_be_read_and_bills_the_others():
    broken, other = subscribe(), subscribe()
    SubscriptionItem.objects.filter(subscription=broken, key="fee").update(price=BROKEN_PRICE)
    run = run_billing(now=day(1, 1))
    assert run.failures == [
        {
            "customer_id": broken.customer_id,
            "reason": "The price of 'Base fee' cannot be read at $.price.amount: Set amount to zero or more.",
            "is_unexpected": False,
        }
    ]
    assert [invoice.customer for invoice in Invoice.objects.all()] == [other.customer]


def test_it_goes_on_after_an_unexpected_error_and_logs_it(monkeypatch, caplog):
    broken, other = subscribe(), subscribe()
    monkeypatch.setattr(billing_run, "price_bill", failing_for(broken.customer_id, RuntimeError("a bug")))
    run = run_billing(now=day(1, 1))
    assert run.failures == [{"customer_id": broken.customer_id, "reason": "RuntimeError: a bug", "is_unexpected": True}]
    assert [invoice.customer for invoice in Invoice.objects.all()] == [other.customer]
    assert f"Billing of customer {broken.customer_id} failed" in caplog.text
    assert "Traceback" in caplog.text
    assert run.finished_at is not None


def test_a_joint_read_that_fails_is_logged_and_each_customer_is_read_alone(monkeypatch, caplog):
    subscription = subscribe()
    monkeypatch.setattr(due, "query_usage", _broken_read)
    run = run_billing(now=day(2, 2))
    assert (run.invoices, run.failures) == (2, [])
    assert "could not be read for 1 customers at once" in caplog.text
    assert "RuntimeError: a slow disk" in caplog.text
    assert subscription.customer.invoices.count() == 2


def _broken_read(**kwargs):
    raise RuntimeError("a slow disk")


def test_who_failed_is_parked_and_billed_once_somebody_runs_them_again(monkeypatch):
    subscription = subscribe()
    with monkeypatch.context() as patch:
        patch.setattr(billing_run, "price_bill", failing_for(subscription.customer_id, RuntimeError("a bug")))
        run_billing(now=day(1, 1))
        rerun_customer(customer_id=subscription.customer_id, now=day(1, 1, hour=1))
    run = run_billing(now=day(1, 2))
    assert (run.customers, run.invoices, run.failures) == (0, 0, [])
    parked = ParkedCustomer.objects.filter(released_at=None).get()
    assert (parked.customer, parked.code, parked.is_unexpected) == (subscription.customer, "unexpected_error", True)
    assert (parked.reason, parked.parked_at) == ("RuntimeError: a bug", day(1, 1, hour=1))
    run = rerun_customer(customer_id=subscription.customer_id, now=day(1, 2))
    assert (run.invoices, run.failures) == (1, [])
    assert Invoice.objects.get().number == "INV-000001"
    assert not ParkedCustomer.objects.filter(released_at=None).exists()


def test_what_the_database_refuses_for_the_moment_is_tried_again_by_the_next_run(monkeypatch):
    subscription = subscribe()
    with monkeypatch.context() as patch:
        error = OperationalError("deadlock detected")
        patch.setattr(billing_run, "price_bill", failing_for(subscription.customer_id, error))
        assert len(run_billing(now=day(1, 1)).failures) == 1
    assert not ParkedCustomer.objects.exists()
    assert run_billing(now=day(1, 1)).invoices == 1


def test_a_bill_above_the_largest_total_is_parked_until_somebody_accepts_it():
    subscription = subscribe()
    BillingProfile.objects.update(largest_total=Decimal("19.99"))
    run = run_billing(now=day(1, 1))
    (failure,) = run.failures
    reason = (
        f"Check the usage and prices of {subscription.customer.name}: "
        "the bill of 2026-01-01T00:00:00+00:00 comes to 20.00 USD, more than 19.99."
    )
    assert failure == {"customer_id": subscription.customer_id, "reason": reason, "is_unexpected": False}
    assert not Invoice.objects.exists()
    assert InvoiceSequence.objects.get(type="standard").last_number == 0
    rerun_customer(customer_id=subscription.customer_id, now=day(1, 1))
    assert ParkedCustomer.objects.get(released_at=None).code == "invoice_out_of_bounds"
    rerun_customer(customer_id=subscription.customer_id, now=day(1, 1), accepts_any_total=True)
    assert (Invoice.objects.get().total, ParkedCustomer.objects.filter(released_at=None).count()) == (Decimal(20), 0)


@pytest.mark.django_db(transaction=True)
def test_a_run_that_was_killed_is_finished_by_the_next(monkeypatch):
    first, second = subscribe(), subscribe()
    with monkeypatch.context() as patch:
        patch.setattr(billing_run, "price_bill", failing_for(second.customer_id, KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            run_billing(now=day(1, 1))
    killed = BillingRun.objects.get()
    assert (killed.finished_at, Invoice.objects.get().status) == (None, "paid")
    run = run_billing(now=day(1, 1, hour=1))
    assert (run.invoices, run.failures) == (1, [])
    invoices = Invoice.objects.order_by("number")
    assert [(invoice.customer, invoice.number, invoice.status) for invoice in invoices] == [
        (first.customer, "INV-000001", "paid"),
        (second.customer, "INV-000002", "paid"),
    ]


def test_what_was_agreed_after_its_billing_time_was_invoiced_gets_an_invoice_of_its_own():
    subscription = subscribe(tokens=None)
    run_billing(now=day(1, 1))
    factories.SubscriptionItemFactory(subscription=subscription, name="Seat")
    run = run_billing(now=day(1, 2))
    assert (run.invoices, run.failures) == (1, [])
    invoices = subscription.customer.invoices.order_by("pk")
    assert [(invoice.billed_at, invoice.supplement, invoice.lines.get().name) for invoice in invoices] == [
        (day(1, 1), 0, "Base fee"),
        (day(1, 1), 1, "Seat"),
    ]
    assert run_billing(now=day(1, 2)).invoices == 0


def test_it_names_a_usage_item_without_a_meter():
    subscription = subscribe(fee=None)
    item = subscription.items.get()
    item.feature.meter = None
    item.feature.save()
    run = run_billing(now=day(2, 2))
    assert [failure["reason"] for failure in run.failures] == [
        "Give the feature of 'Tokens' a meter: it is billed by usage."
    ]
