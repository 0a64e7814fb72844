"""Several billing runs at once bill everything once."""

import threading
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import Count

from invoicing.models import BillingProfile, BillingRun, Invoice, InvoiceLine, InvoiceSequence, Payment
from invoicing.services import billing_run
from invoicing.services.billing_run import run_billing
from metering.services.customers import change_customer
from pricing.services.subscriptions.end import cancel_subscription
from tests.invoicing.contracts import day, subscribe, use

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(count, target):
    barrier, errors = threading.Barrier(count), []

    def work():
        try:
            barrier.wait()
            target()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_four_runs_at_once_write_each_invoice_once():
    subscriptions = [subscribe() for _ in range(6)]
    for subscription in subscriptions:
        use(subscription.customer, 150, day(1, 10))
    assert at_once(4, lambda: run_billing(now=day(3, 2))) == []
    # For each of 6 customers: 20.00; 20.00 + 100 x 0.10 + 50 x 0.05 = 32.50; 20.00 without usage in February.
    totals = [Decimal("20.00"), Decimal("32.50"), Decimal("20.00")]
    for subscription in subscriptions:
        invoices = subscription.customer.invoices.order_by("billed_at")
        assert [invoice.total for invoice in invoices] == totals
    # A first fee each, then a fee and a usage line twice.
    assert InvoiceLine.objects.count() == 6 * 5
    assert sorted(Invoice.objects.values_list("sequence_number", flat=True)) == list(range(1, 19))
    assert InvoiceSequence.objects.get(type="standard").last_number == 18
    assert Payment.objects.count() == 18
    assert not Invoice.objects.exclude(status="paid").exists()
    runs = BillingRun.objects.all()
    assert (sum(run.invoices for run in runs), [run.failures for run in runs]) == (18, [[]] * 4)


def test_runs_of_one_customer_and_of_all_do_not_meet():
    subscriptions = [subscribe() for _ in range(3)]
    only = [subscriptions[2].customer_id]
    targets = iter([None, only, None, only])
    errors = at_once(4, lambda: run_billing(now=day(2, 2), customer_ids=next(targets)))
    assert errors == []
    assert set(Invoice.objects.values("customer").annotate(n=Count("pk")).values_list("n", flat=True)) == {2}


def in_between(monkeypatch, change):
    """Let something happen after the run read what is due and before it takes the lock."""
    read_usage = billing_run.read_usage

    def read_and_change(*args, **kwargs):
        readings = read_usage(*args, **kwargs)
        change()
        return readings

    monkeypatch.setattr(billing_run, "read_usage", read_and_change)


def test_it_looks_again_when_a_contract_changed_before_the_lock(monkeypatch):
    subscription = subscribe(tokens=None)
    in_between(
        monkeypatch,
        lambda: cancel_subscription(subscription_id=subscription.pk, at=day(1, 2), active_to=day(1, 16)),
    )
    run_billing(now=day(1, 2))
    # 20.00 x 15/31 = 9.677..., rounded 9.68
    assert subscription.customer.invoices.get().total == Decimal("9.68")


def test_it_writes_the_buyer_as_they_are_when_it_holds_the_lock(monkeypatch):
    subscription = subscribe(tokens=None)
    in_between(
        monkeypatch,
        lambda: change_customer(customer_id=subscription.customer_id, at=day(1, 2), name="Acme Renamed"),
    )
    run_billing(now=day(1, 2))
    assert subscription.customer.invoices.get().buyer["name"] == "Acme Renamed"


def test_it_leaves_alone_whom_another_run_billed_before_the_lock(monkeypatch):
    subscription = subscribe()
    with monkeypatch.context() as patch:
        in_between(patch, lambda: (patch.undo(), run_billing(now=day(2, 2))))
        run = run_billing(now=day(2, 2))
    assert (run.invoices, run.failures) == (0, [])
    assert subscription.customer.invoices.count() == 2


def test_runs_with_several_workers_at_once_bill_usage_past_a_threshold_once():
    BillingProfile.objects.update(spend_thresholds={"USD": {"amounts": ["10"]}})
    subscriptions = [subscribe(fee=None) for _ in range(4)]
    for subscription in subscriptions:
        use(subscription.customer, 120, day(1, 10))
    assert at_once(3, lambda: run_billing(now=day(1, 11), workers=2)) == []
    # 100 x 0.10 + 20 x 0.05
    totals = [
        [str(invoice.total) for invoice in subscription.customer.invoices.all()] for subscription in subscriptions
    ]
    assert totals == [["11.00"]] * 4
    assert sorted(Invoice.objects.values_list("sequence_number", flat=True)) == [1, 2, 3, 4]
