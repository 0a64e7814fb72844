"""The billing run writes what is missing, once."""

from decimal import Decimal

import pytest

from invoicing.models import Invoice, InvoiceStatus
from invoicing.services.billing_run import run_billing
from tests.invoicing.contracts import day, subscribe, use

pytestmark = pytest.mark.django_db


def totals(subscription):
    invoices = Invoice.objects.filter(customer=subscription.customer).order_by("billed_at")
    return [(invoice.billed_at, invoice.total, invoice.status) for invoice in invoices]


def test_it_bills_the_first_fee_at_once():
    subscription = subscribe()
    run = run_billing(now=day(1, 1))
    assert totals(subscription) == [(day(1, 1), Decimal("20.00"), InvoiceStatus.PAID)]
    assert (run.customers, run.invoices, run.failures) == (1, 1, [])


def test_it_bills_usage_and_the_next_fee_on_one_invoice():
    subscription = subscribe()
    use(subscription.customer, 150, day(1, 10))
    run_billing(now=day(1, 1))
    run_billing(now=day(2, 1, hour=1))
    # 20.00 for February + 100 x 0.10 + 50 x 0.05 = 32.50
    assert totals(subscription)[1:] == [(day(2, 1), Decimal("32.50"), InvoiceStatus.PAID)]


def test_a_draft_waits_the_collection_interval_with_fees_and_usage_alike():
    subscription = subscribe()
    run_billing(now=day(1, 1))
    assert run_billing(now=day(2, 1)).invoices == 1
    # 20.00 for February; no usage came in yet.
    waiting = (day(2, 1), Decimal("20.00"), InvoiceStatus.DRAFT_WAITING_FOR_COLLECTION)
    assert totals(subscription)[1:] == [waiting]
    use(subscription.customer, 150, day(1, 31, hour=23))
    assert run_billing(now=day(2, 1, hour=1)).invoices == 0
    # 20.00 + 100 x 0.10 + 50 x 0.05 = 32.50
    assert totals(subscription)[1:] == [(day(2, 1), Decimal("32.50"), InvoiceStatus.PAID)]


def test_it_changes_nothing_the_second_time():
    subscription = subscribe()
    run_billing(now=day(2, 1, hour=1))
    before = totals(subscription)
    run = run_billing(now=day(2, 1, hour=2))
    assert totals(subscription) == before
    assert run.invoices == 0


def test_it_writes_an_invoice_for_each_billing_time_it_missed():
    subscription = subscribe()
    use(subscription.customer, 10, day(1, 5))
    use(subscription.customer, 20, day(2, 5))
    run = run_billing(now=day(3, 2))
    # 20.00; 20.00 + 10 x 0.10; 20.00 + 20 x 0.10
    assert [total for _, total, _ in totals(subscription)] == [Decimal("20.00"), Decimal("21.00"), Decimal("22.00")]
    assert run.invoices == 3


def test_it_bills_a_period_without_usage_at_zero():
    subscription = subscribe(fee=None)
    run_billing(now=day(2, 2))
    assert totals(subscription) == [(day(2, 1), Decimal("0.00"), InvoiceStatus.PAID)]
    assert Invoice.objects.get().lines.get().quantity == 0


def test_it_writes_no_invoice_for_a_free_fee():
    subscribe(fee={"type": "flat", "amount": "0", "paymentTerm": "in_advance"}, tokens=None)
    assert run_billing(now=day(2, 2)).invoices == 0
    assert not Invoice.objects.exists()


def test_it_bills_only_the_customers_it_is_told():
    one, other = subscribe(), subscribe()
    run_billing(now=day(1, 1), customer_ids=[one.customer_id])
    assert (len(totals(one)), len(totals(other))) == (1, 0)


def test_it_ends_with_the_subscription():
    subscription = subscribe(active_to=day(1, 16))
    use(subscription.customer, 100, day(1, 10))
    use(subscription.customer, 100, day(1, 16))
    run_billing(now=day(4, 1))
    # 20.00 x 15/31 = 9.677..., rounded 9.68; 100 x 0.10 = 10.00 for what was used before the end
    assert totals(subscription) == [
        (day(1, 1), Decimal("9.68"), InvoiceStatus.PAID),
        (day(1, 16), Decimal("10.00"), InvoiceStatus.PAID),
    ]
