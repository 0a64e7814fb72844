"""Numbers have no gap; drafts carry a name."""

import threading

import pytest
from django.db import connection, transaction

from invoicing.models import Invoice, InvoiceSequence
from invoicing.numbering import customer_code, draft_name, invoice_number
from invoicing.services.invoices import advance_invoice
from tests import factories
from tests.invoicing.contracts import day


@pytest.mark.parametrize(
    ("name", "code", "_case"),
    [
        ("Acme", "ACME", "first four of one word"),
        ("Acme Rocket Works", "ACRO", "two and two of more words"),
        ("Émile Zola", "EMZO", "accents folded"),
        ("A-1 Tools", "A1", "words end at signs"),
        ("Bo", "BO", "shorter names stay short"),
        ("北京", "UNKN", "nothing left"),
        ("", "UNKN", "no name"),
    ],
)
def test_it_hints_at_the_customer(name, code, _case):
    assert customer_code(name) == code
    assert draft_name(name, 7) == f"DRAFT-{code}-7"


@pytest.mark.parametrize(("count", "number"), [(1, "INV-000001"), (999_999, "INV-999999"), (1_000_000, "INV-1000000")])
def test_it_pads_to_six_digits_and_grows_beyond(count, number):
    assert invoice_number("INV-", count) == number


@pytest.mark.django_db(transaction=True)
def test_it_leaves_no_gap_when_threads_issue_and_some_roll_back():
    profile = factories.InvoiceSequenceFactory(profile__number_prefix="INV-").profile
    pks = [invoice.pk for invoice in factories.InvoiceFactory.create_batch(24, profile=profile)]

    def issue(mine):
        try:
            for pk in mine:
                with transaction.atomic():
                    advance_invoice(invoice_id=pk, at=day(2, 1))
                    if pk in rolled_back:
                        transaction.set_rollback(True)
        finally:
            connection.close()

    rolled_back = set(pks[::6])
    threads = [threading.Thread(target=issue, args=(pks[n::4],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    issued = Invoice.objects.issued().order_by("sequence_number")
    # 24 invoices, every sixth of them rolled back: 20 numbers
    assert [invoice.sequence_number for invoice in issued] == list(range(1, 21))
    assert [invoice.number for invoice in issued] == [f"INV-{n:06d}" for n in range(1, 21)]
    assert InvoiceSequence.objects.get(profile=profile).last_number == 20


@pytest.mark.django_db
def test_each_seller_counts_for_itself():
    one = factories.InvoiceFactory(profile=factories.InvoiceSequenceFactory(profile__number_prefix="A-").profile)
    other = factories.InvoiceFactory(profile=factories.InvoiceSequenceFactory(profile__number_prefix="B-").profile)
    issued = [advance_invoice(invoice_id=invoice.pk, at=day(2, 1)) for invoice in (one, other)]
    assert [invoice.number for invoice in issued] == ["A-000001", "B-000001"]
