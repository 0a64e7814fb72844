"""Money that comes in by itself: part, over, unmatched, matched later, and never used twice."""

import threading
from decimal import Decimal

import pytest
from django.db import connection, transaction

from invoicing.lifecycle import InvoiceStatus, Trigger
from invoicing.models import Allocation, BalanceEntry, Payment
from invoicing.queries.balances import balance_of, unmatched_payments, unplaced
from invoicing.services.bank_transfers import (
    CannotAllocate,
    InvalidPayment,
    allocate_payment,
    credit_payment,
    record_bank_transfer,
)
from invoicing.services.payments import hold_invoice
from invoicing.services.walks import walk
from tests.invoicing.contracts import day
from tests.invoicing.money import again, customer, draft, issued

pytestmark = pytest.mark.django_db


def transfer(amount, currency="USD", **kwargs):
    return record_bank_transfer(
        amount=Decimal(amount), currency=currency, received_at=day(2, 10), at=day(2, 11), reference="RF18", **kwargs
    )


def test_a_part_leaves_the_invoice_pending_with_the_rest_due():
    invoice = issued("100.00")
    transfer("30.00", invoice_id=invoice.pk)
    transfer("50.00", invoice_id=invoice.pk)
    # 100 - 30 - 50
    assert (again(invoice).status, again(invoice).due) == (InvoiceStatus.PAYMENT_PENDING, Decimal("20.00"))
    transfer("20.00", invoice_id=invoice.pk)
    paid = again(invoice)
    assert (paid.status, paid.due, paid.paid_at) == (InvoiceStatus.PAID, Decimal(0), day(2, 11))
    assert sum(invoice.allocations.values_list("amount", flat=True)) == invoice.total


def test_too_much_goes_to_the_balance_and_pays_the_next_invoice():
    first = issued("100.00")
    payment = transfer("130.00", invoice_id=first.pk)
    entry = BalanceEntry.objects.get()
    assert (entry.amount, entry.balance, entry.payment, entry.reason) == (
        Decimal("30.00"),
        Decimal("30.00"),
        payment,
        "Paid too much: RF18",
    )
    second = issued("50.00", customer=first.customer, billed_at=day(3, 1))
    # 50 - 30
    assert (second.status, second.due) == (InvoiceStatus.PAYMENT_PENDING, Decimal("20.00"))
    assert balance_of(first.customer_id, "USD") == 0
    # Money for what is paid already is all credit.
    transfer("7.00", invoice_id=first.pk)
    euros = issued("10.00", customer=first.customer, billed_at=day(4, 1), currency="EUR")
    assert (balance_of(first.customer_id, "USD"), euros.due) == (Decimal("7.00"), Decimal("10.00"))


def test_money_of_a_customer_settles_what_is_due_longest_first():
    late = issued("40.00", at=day(2, 5))
    early = issued("50.00", customer=late.customer, billed_at=day(1, 1), at=day(2, 1))
    euros = issued("10.00", customer=late.customer, currency="EUR")
    transfer("70.00", customer_id=late.customer_id)
    # 50 of the first, 20 of 40 of the second
    assert [again(invoice).due for invoice in (early, late, euros)] == [0, Decimal("20.00"), Decimal("10.00")]
    assert again(early).status == InvoiceStatus.PAID


def test_unmatched_money_waits_and_is_matched_later():
    payment, invoice = transfer("100.00"), issued("60.00")
    assert (payment.invoice, list(unmatched_payments())) == (None, [payment])
    allocate_payment(payment_id=payment.pk, invoice_id=invoice.pk, amount=Decimal("10.00"), at=day(2, 12))
    allocate_payment(payment_id=payment.pk, invoice_id=invoice.pk, at=day(2, 12))
    # 100 - 10 - 50
    assert (again(invoice).status, unplaced(payment)) == (InvoiceStatus.PAID, Decimal("40.00"))
    credit_payment(payment_id=payment.pk, customer_id=invoice.customer_id, at=day(2, 13))
    assert balance_of(invoice.customer_id, "USD") == Decimal("40.00")
    assert not unmatched_payments()
    with pytest.raises(CannotAllocate, match="nothing of INV-000001 is due"):
        allocate_payment(payment_id=payment.pk, invoice_id=invoice.pk, at=day(2, 13))
    with pytest.raises(CannotAllocate, match="is placed already"):
        credit_payment(payment_id=payment.pk, customer_id=invoice.customer_id, at=day(2, 13))


@pytest.mark.parametrize(
    ("amount", "limit"),
    [("50.01", "at most 50.00 USD: no more of the payment"), ("40.01", "at most 40.00 USD: no more of INV")],
)
def test_it_allocates_no_more_than_there_is_and_is_due(amount, limit):
    payment, invoice = transfer("50.00"), issued("40.00")
    with pytest.raises(CannotAllocate, match=limit):
        allocate_payment(payment_id=payment.pk, invoice_id=invoice.pk, amount=Decimal(amount), at=day(2, 12))
    assert not Allocation.objects.exists()


@pytest.mark.parametrize("amount", ["0", "-1.00", "1.001"])
def test_it_refuses_an_amount_that_is_none(amount):
    with pytest.raises(InvalidPayment, match="digits that USD has"):
        transfer(amount)
    assert not Payment.objects.exists()


def test_it_refuses_drafts_and_other_currencies():
    with pytest.raises(CannotAllocate, match="asks for no money"):
        transfer("1.00", invoice_id=draft("1.00").pk)
    with pytest.raises(CannotAllocate, match="Choose an invoice in EUR"):
        transfer("1.00", currency="EUR", invoice_id=issued("1.00").pk)
    assert not Payment.objects.exists()


def test_money_for_what_was_given_up_or_failed_still_pays_it():
    invoice = issued("40.00")
    for status in (InvoiceStatus.UNCOLLECTIBLE, InvoiceStatus.PAYMENT_FAILED, InvoiceStatus.OVERDUE):
        invoice = issued("40.00", customer=customer())
        type(invoice).objects.filter(pk=invoice.pk).update(status=status)
        transfer("40.00", invoice_id=invoice.pk)
        assert again(invoice).status == InvoiceStatus.PAID


@pytest.mark.django_db(transaction=True)
def test_a_balance_is_used_once_when_several_invoices_are_issued_at_once():
    payer = customer()
    transfer("50.00", customer_id=payer.pk)
    drafts = [draft("40.00", customer=payer, billed_at=day(month, 1)) for month in (2, 3, 4)]

    def issue(pk):
        try:
            with transaction.atomic():
                walk(invoice=hold_invoice(pk), at=day(4, 1), trigger=Trigger.APPROVE)
        finally:
            connection.close()

    threads = [threading.Thread(target=issue, args=(invoice.pk,)) for invoice in drafts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # 50 of 3 x 40 is paid: one by 40, one by 10
    assert sorted(again(invoice).due for invoice in drafts) == [0, Decimal("30.00"), Decimal("40.00")]
    assert list(BalanceEntry.objects.order_by("sequence").values_list("sequence", "amount", "balance")) == [
        (1, Decimal("50.00"), Decimal("50.00")),
        (2, Decimal("-40.00"), Decimal("10.00")),
        (3, Decimal("-10.00"), Decimal("0.00")),
    ]
