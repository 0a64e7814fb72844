"""Whatever is done twice, or at once, is done once (T-41)."""

import threading
from decimal import Decimal

import pytest
from django.db import connection, transaction

from invoicing.lifecycle import InvalidMove
from invoicing.models import (
    BalanceEntry,
    BillingProfile,
    Invoice,
    InvoiceSequence,
    InvoiceStatus,
    InvoiceType,
    Payment,
)
from invoicing.services.balances import add_to_balance
from invoicing.services.billing_run import run_billing
from invoicing.services.invoices import approve_invoice, void_invoice
from tests.invoicing.contracts import day, subscribe, use


def at_once(count, act):
    """Let threads do the same; return what those that were refused say."""
    barrier, refusals = threading.Barrier(count), []

    def work():
        try:
            barrier.wait()
            act()
        except InvalidMove as refusal:
            refusals.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refusals


@pytest.mark.django_db(transaction=True)
def test_of_twenty_approvals_at_once_one_issues_and_one_of_five_voids_cancels():
    BillingProfile.objects.filter(is_default=True).update(is_auto_advancing=False, collection_method="send_invoice")
    subscription = subscribe()
    use(subscription.customer, 150, day(1, 10))
    run_billing(now=day(2, 1, hour=1))
    invoice = subscription.customer.invoices.get(billed_at=day(2, 1))
    with transaction.atomic():
        add_to_balance(
            customer=invoice.customer, currency="USD", amount=Decimal("10.00"), reason="Welcome", at=day(2, 1)
        )
    refusals = at_once(20, lambda: approve_invoice(invoice_id=invoice.pk, at=day(2, 2)))
    assert [refusal.status for refusal in refusals] == [400] * 19
    invoice.refresh_from_db()
    assert (invoice.number, invoice.status) == ("INV-000001", InvoiceStatus.PAYMENT_PENDING)
    assert last_number(invoice, InvoiceType.STANDARD) == 1
    assert (movements(), invoice.settled) == ([Decimal("10.00"), Decimal("-10.00")], Decimal("10.00"))

    refusals = at_once(5, lambda: void_invoice(invoice_id=invoice.pk, reason="Twice", at=day(2, 3)))
    assert len(refusals) == 4
    # 20.00 + 100 x 0.10 + 50 x 0.05, taken back once; what the balance had settled goes back to it.
    note = Invoice.objects.get(type=InvoiceType.CREDIT_NOTE)
    assert (note.total, last_number(invoice, InvoiceType.CREDIT_NOTE)) == (Decimal("-32.50"), 1)
    assert (movements()[2:], Payment.objects.count()) == ([Decimal("10.00")], 0)


def movements():
    return list(BalanceEntry.objects.order_by("sequence").values_list("amount", flat=True))


def last_number(invoice, type):
    return InvoiceSequence.objects.get(profile=invoice.profile, type=type).last_number
