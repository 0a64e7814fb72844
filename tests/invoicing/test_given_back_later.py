"""What a later document gives back has the discount and the tax of the line that billed it, whatever holds since."""

from decimal import Decimal

import pytest

from invoicing.lifecycle import Trigger
from invoicing.models import Invoice, InvoiceLine, InvoiceType
from invoicing.queries import recompute_line
from invoicing.queries.balances import balance_of
from invoicing.services.credit_notes import CreditItem, create_credit_note
from invoicing.services.payments import hold_invoice
from invoicing.services.totals import recalculate
from invoicing.services.walks import walk
from tests.invoicing.agreements import agree, bill, check_all, metered, new_customer, total, unit
from tests.invoicing.contracts import day, use
from tests.invoicing.money import draft, issued, vat

pytestmark = pytest.mark.django_db


@pytest.fixture
def billed():
    """95.00 less 10 % is 85.50, with 19 % 101.75 (16.245 -> 16.25); the rate is 16 % since."""
    vat(19, valid_to=day(2, 1))
    vat(16, valid_from=day(2, 1))
    return issued("95.00", discounts=[{"percentage": Decimal(10)}])


def given_back_on(billed, *amounts):
    """A draft of February whose first line gives back some of what was billed."""
    invoice = draft(*amounts, customer=billed.customer, billed_at=day(3, 1))
    InvoiceLine.objects.filter(invoice=invoice).update(period_end=day(3, 1))
    InvoiceLine.objects.filter(invoice=invoice, position=0).update(corrects=billed.lines.get())
    recalculate(invoice=invoice, at=day(3, 1))
    return invoice


def test_the_next_invoice_gives_it_back_with_its_discount_at_its_rate(billed):
    invoice = given_back_on(billed, "-15.00", "100.00")
    # -15 + 1.50 = -13.50, 19 % = -2.565 -> -2.57; 100 with 16 %
    assert [(line.net, line.tax_exclusive) for line in invoice.lines.order_by("position")] == [
        (Decimal("-13.50"), Decimal("-2.57")),
        (Decimal("100.00"), Decimal("16.00")),
    ]
    assert invoice.total == Decimal("99.93")


def test_what_comes_to_less_than_nothing_becomes_a_credit_note_to_the_customers_credit(billed):
    invoice = given_back_on(billed, "-95.00", "10.00")
    note = walk(invoice=hold_invoice(invoice.pk), at=day(3, 1), trigger=Trigger.APPROVE)
    # -85.50 - 16.245 -> -16.25, and 11.60: -90.15
    assert (note.type, note.number, note.corrects) == (InvoiceType.CREDIT_NOTE, "CN-000001", None)
    assert (note.total, balance_of(note.customer_id, "USD")) == (Decimal("-90.15"), Decimal("90.15"))


def test_a_note_over_part_of_usage_leaves_the_usage_billed():
    vat(19)
    subscription = agree(metered(unit("1")), customer=new_customer(billing_address={"country": "DE"}))
    use(subscription.customer, 100, day(6, 10))
    bill(subscription, day(7, 2))
    line = InvoiceLine.objects.get()
    note = create_credit_note(
        invoice_id=line.invoice_id, items=[CreditItem(line.pk, Decimal("40.00"))], reason="Outage", at=day(7, 3)
    )
    # 40 + 7.60
    assert (note.total, recompute_line(note.lines.get()).matches) == (Decimal("-47.60"), True)
    use(subscription.customer, 25, day(6, 20))
    # 25 late units, as if nothing had been given back
    assert total(bill(subscription, day(8, 2))) == Decimal("25.00")
    # 119 - 47.60 + 29.75
    assert sum(Invoice.objects.issued().values_list("total", flat=True)) == Decimal("101.15")
    check_all()
