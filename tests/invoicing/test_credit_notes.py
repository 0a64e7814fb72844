"""Credit notes: what is given back of an issued invoice, its limits, and where the money goes."""

import threading
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from invoicing.lifecycle import InvoiceStatus
from invoicing.models import Invoice, InvoiceLine, InvoiceType
from invoicing.queries.balances import balance_of
from invoicing.services.bank_transfers import record_bank_transfer
from invoicing.services.credit_notes import (
    CannotCredit,
    CreditExceedsInvoice,
    CreditExceedsLine,
    CreditItem,
    create_credit_note,
)
from tests import factories
from tests.invoicing.contracts import day
from tests.invoicing.money import again, draft, issued, vat

pytestmark = pytest.mark.django_db


def give_back(invoice, **amounts):
    """Give back an amount of each line, by its name."""
    ids = dict(invoice.lines.values_list("name", "pk"))
    items = [CreditItem(ids[name.replace("_", " ")], Decimal(amount)) for name, amount in amounts.items()]
    return create_credit_note(invoice_id=invoice.pk, items=items, reason="Outage", at=day(2, 3))


@pytest.fixture
def invoice():
    """100.00 with 20 % and 50.00 with 0 %, less 15.00: 100 - 10 + 18 + 50 - 5 = 153.00."""
    books = factories.TaxCodeFactory()
    vat(20)
    vat(0, code=books)
    codes = [None, {"taxCodeId": str(books.ulid)}]
    return issued("100.00", "50.00", discounts=[{"percentage": None, "fixed_amount": Decimal(15)}], tax_configs=codes)


def test_it_gives_back_a_part_with_its_discount_and_tax(invoice):
    note = give_back(invoice, Line_0="40.00")
    # 40 - 4 + 7.20
    assert (invoice.total, note.total) == (Decimal("153.00"), Decimal("-43.20"))
    assert (note.amount, note.discount, note.tax_exclusive) == (Decimal("-40"), Decimal("-4"), Decimal("-7.20"))
    assert (note.type, note.number, note.corrects, note.reason) == (
        InvoiceType.CREDIT_NOTE,
        "CN-000001",
        invoice,
        "Outage",
    )
    line = note.lines.get()
    assert (line.corrects.name, line.amount, line.total) == ("Line 0", Decimal("-40.00"), Decimal("-43.20"))
    assert list(line.detailed_lines.values_list("category", "name", "amount")) == [
        ("adjustment", "Outage", Decimal(-40))
    ]
    assert list(note.taxes.values_list("percentage", "taxable", "amount")) == [(20, Decimal(-36), Decimal("-7.20"))]


def test_all_notes_of_an_invoice_sum_to_it(invoice):
    totals = [give_back(invoice, **{name: amount}).total for name, amount in PARTS]
    # 43.20 + 64.80 + 45.00 = 153.00
    assert totals == [Decimal("-43.20"), Decimal("-64.80"), Decimal("-45.00")]
    assert sum(totals) == -invoice.total
    assert (again(invoice).status, again(invoice).due) == (InvoiceStatus.PAID, Decimal(0))


PARTS = [("Line_0", "40.00"), ("Line_0", "60.00"), ("Line_1", "50.00")]


def test_the_last_note_absorbs_the_cents():
    vat(19)
    invoice = issued("100.00")
    totals = [give_back(invoice, Line_0=part).total for part in ("33.33", "33.33", "33.34")]
    # 119.00 - 39.66 - 39.66
    assert totals == [Decimal("-39.66"), Decimal("-39.66"), Decimal("-39.68")]


def test_it_is_used_for_what_is_due_first_and_the_rest_goes_to_the_balance(invoice):
    record_bank_transfer(
        amount=Decimal("100.00"), currency="USD", invoice_id=invoice.pk, received_at=day(2, 2), at=day(2, 2)
    )
    note = give_back(invoice, Line_0="100.00", Line_1="50.00")
    # 153 - 100 = 53 is due, 153 - 53 = 100 is left over
    assert again(invoice).status == InvoiceStatus.PAID
    assert note.offsets.get().amount == Decimal("53.00")
    assert balance_of(invoice.customer_id, "USD") == Decimal("100.00")
    assert (note.settled, note.due, note.status) == (Decimal("-53.00"), Decimal("-100.00"), InvoiceStatus.ISSUED)
    with pytest.raises(CreditExceedsLine):
        give_back(invoice, Line_0="0.01")


def test_a_credit_is_used_up_by_the_next_invoices(invoice):
    record_bank_transfer(
        amount=Decimal("153.00"), currency="USD", invoice_id=invoice.pk, received_at=day(2, 2), at=day(2, 2)
    )
    note = give_back(invoice, Line_0="40.00")
    first = issued("30.00", customer=invoice.customer, billed_at=day(3, 1))
    # 30 + 20 % = 36 of 43.20; 7.20 is left for the second.
    assert (first.status, first.settled, again(note).due) == (InvoiceStatus.PAID, Decimal("36.00"), Decimal("-7.20"))
    second = issued("30.00", customer=invoice.customer, billed_at=day(4, 1))
    assert (second.status, second.due) == (InvoiceStatus.PAYMENT_PENDING, Decimal("28.80"))
    assert (again(note).status, again(note).settled) == (InvoiceStatus.PAID, Decimal("-43.20"))


@pytest.mark.parametrize(
    ("amounts", "error", "limit"),
    [
        ({"Line_0": "60.01"}, CreditExceedsLine, "at most 60.00 USD of Line 0"),
        ({"Line_0": "0.00"}, CannotCredit, "above zero of Line 0"),
        ({"Line_0": "1.001"}, CannotCredit, "digits that USD has"),
        ({}, CannotCredit, "at least one and each once"),
    ],
)
def test_it_names_the_limit_that_an_item_breaks(invoice, amounts, error, limit):
    give_back(invoice, Line_0="40.00")
    with pytest.raises(error, match=limit):
        give_back(invoice, **amounts)
    assert Invoice.objects.filter(type=InvoiceType.CREDIT_NOTE).count() == 1


def test_it_gives_back_no_more_than_the_invoice_comes_to():
    invoice = issued("100.00", "-15.00")
    with pytest.raises(CreditExceedsInvoice, match=r"at most 85.00 USD of .*these items come to 100.00"):
        give_back(invoice, Line_0="100.00")
    assert give_back(invoice, Line_0="85.00").total == Decimal("-85.00")


def test_only_an_issued_invoice_gets_one(invoice):
    with pytest.raises(CannotCredit, match="only what is issued"):
        give_back(draft("10.00"), Line_0="1.00")
    note = give_back(invoice, Line_0="40.00")
    with pytest.raises(CannotCredit, match="is a credit note"):
        give_back(note, Line_0="1.00")


def test_it_is_frozen_with_its_taxes(invoice):
    note = give_back(invoice, Line_0="40.00")
    for rows in (note.taxes.all(), InvoiceLine.objects.filter(invoice=note)):
        with pytest.raises(DatabaseError, match="frozen"), transaction.atomic():
            rows.update(name="Other")


@pytest.mark.django_db(transaction=True)
def test_several_at_once_give_back_a_line_once():
    invoice, refused = issued("100.00"), []

    def credit():
        try:
            give_back(invoice, Line_0="60.00")
        except CreditExceedsLine as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=credit) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 2
    assert (again(invoice).due, Invoice.objects.count()) == (Decimal("40.00"), 2)
