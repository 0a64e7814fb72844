"""Runs, people, apps and late usage move the same invoices at once: nothing fails, and the audit finds nothing."""

import random
import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection

from invoicing.lifecycle import Trigger
from invoicing.models import BillingProfile, BillingRun, Invoice, InvoiceLine
from invoicing.services.billing_run import run_billing
from invoicing.services.credit_notes import CreditItem, create_credit_note
from invoicing.services.invoices import (
    advance_invoice,
    approve_invoice,
    delete_invoice,
    mark_overdue,
    payment_event,
    snapshot_quantities,
    void_invoice,
)
from metering.errors import DomainError
from tests.invoicing.billed import audited
from tests.invoicing.contracts import day, subscribe, use

pytestmark = pytest.mark.django_db(transaction=True)


def acts(pk, customer, at, dice):
    """What may happen to an invoice and its customer at a time."""
    return [
        lambda: run_billing(now=at),
        lambda: use(customer, dice.randint(1, 50), day(1, dice.randint(1, 31))),
        lambda: advance_invoice(invoice_id=pk, at=at),
        lambda: snapshot_quantities(invoice_id=pk, at=at),
        lambda: approve_invoice(invoice_id=pk, at=at),
        lambda: delete_invoice(invoice_id=pk, at=at),
        lambda: void_invoice(invoice_id=pk, reason="By chance", rebill=dice.random() < 0.7, at=at),
        lambda: give_back_a_cent(pk, at),
        lambda: payment_event(invoice_id=pk, trigger=Trigger.PAID, at=at),
        lambda: mark_overdue(now=at + timedelta(days=60)),
    ]


def give_back_a_cent(pk, at):
    line = InvoiceLine.objects.filter(invoice=pk, amount__gt=0).first()
    items = [CreditItem(line.pk, Decimal("0.01"))] if line else []
    create_credit_note(invoice_id=pk, items=items, reason="By chance", at=at)


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_happens_at_once_leaves_sound_books(seed):
    BillingProfile.objects.filter(is_default=True).update(collection_method="send_invoice", is_auto_advancing=seed == 1)
    customer = subscribe().customer
    use(customer, 150, day(1, 10))
    run_billing(now=day(2, 1))
    failures = []

    def live(number):
        dice = random.Random(seed * 10 + number)
        try:
            for step in range(12):
                at = day(2, 2) + timedelta(minutes=10 * step + number)
                pk = dice.choice(Invoice.objects.exclude(status="gathering").values_list("pk", flat=True))
                try:
                    dice.choice(acts(pk, customer, at, dice))()
                except DomainError:
                    # Its state does not allow it.
                    continue
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=live, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    run_billing(now=day(2, 5))
    assert [failure for run in BillingRun.objects.all() for failure in run.failures] == []
    assert audited(day(2, 6)) == []
