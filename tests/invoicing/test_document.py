"""The document says what was frozen at issue, and nothing of what changed since."""

from decimal import Decimal

import pytest

from invoicing.document import Part, address_lines, line, party
from invoicing.queries.documents import NotIssued, invoice_document
from invoicing.services.invoices import advance_invoice
from metering.models import Customer
from metering.periods import Period
from tests import factories
from tests.invoicing.contracts import day
from tests.invoicing.documents import JANUARY, document


@pytest.mark.parametrize(
    ("address", "lines"),
    [
        ({}, ()),
        (
            {"line1": "1 rue X", "line2": "Bât. B", "postalCode": "75001", "city": "Paris", "country": "FR"},
            ("1 rue X", "Bât. B", "75001 Paris", "France"),
        ),
        (
            {"city": "Portland", "state": "OR", "postalCode": "97201", "country": "us"},
            ("Portland, OR 97201", "United States"),
        ),
        ({"state": "OR", "country": "US"}, ("OR", "United States")),
        ({"city": "Cork", "state": "County Cork", "country": "Éire"}, ("Cork", "County Cork", "Éire")),
        ({"line1": " 1\nMain\tSt\x00 ", "city": None}, ("1 Main St",)),
    ],
)
def test_it_writes_an_address_without_gaps(address, lines):
    assert address_lines(address) == lines


def test_it_takes_a_party_from_a_copy_that_lacks_things():
    assert party({"name": "Acme", "key": None, "email": ""}).__dict__ == {
        "name": "Acme",
        "address": (),
        "email": "",
        "tax_id": "",
        "reference": "",
    }


def test_the_only_part_of_a_line_is_its_unit_price():
    part = Part("Tokens: usage price for tier 1", Decimal(3), Decimal("0.5"), Decimal("1.50"))
    made = line(name="Tokens", period=JANUARY, quantity=Decimal(3), amount=Decimal("1.50"), parts=[part])
    assert (made.unit_amount, made.parts) == (Decimal("0.5"), ())


def test_several_parts_stand_under_their_line_without_its_name():
    used = Part("Tokens: usage price for tier 1", Decimal(3), Decimal("0.5"), Decimal("1.50"))
    flat = Part("Tokens: flat price for tier 1", Decimal(1), Decimal("2"), Decimal("2.00"))
    made = line(name="Tokens", period=JANUARY, quantity=Decimal(3), amount=Decimal("3.50"), parts=[used, flat])
    assert made.unit_amount is None
    assert [part.name for part in made.parts] == ["Usage price for tier 1", "Flat price for tier 1"]


def test_a_part_that_is_not_all_of_its_line_stays_under_it():
    flat = Part("Tokens: flat price for tier 1", Decimal(1), Decimal("2"), Decimal("2.00"))
    made = line(name="Tokens", period=JANUARY, quantity=Decimal(0), amount=Decimal("2.00"), parts=[flat])
    assert (made.unit_amount, [part.name for part in made.parts]) == (None, ["Flat price for tier 1"])


def test_it_asks_for_the_total_by_the_due_day():
    note = "Please pay $101.75 by March 3, 2026, quoting the invoice number INV-000042."
    assert document().payment_note == note


def test_it_asks_for_nothing_where_nothing_is_due():
    assert document(total=Decimal("0.00")).payment_note == "Nothing is to be paid."


@pytest.fixture
def issued(db):
    customer = factories.CustomerFactory(
        key="acme", name="Acme", primary_email="billing@acme.example", billing_address={"country": "DE"}
    )
    profile = factories.BillingProfileFactory(supplier_name="Tokens Ltd", supplier_tax_id="DE1", number_prefix="INV-")
    factories.InvoiceSequenceFactory(profile=profile)
    invoice = factories.InvoiceFactory(customer=customer, time_zone="Europe/Berlin", profile=profile)
    factories.DetailedLineFactory(line__invoice=invoice, line__position=1, line__name="Second")
    factories.DetailedLineFactory(line__invoice=invoice, line__position=0, line__name="First")
    return advance_invoice(invoice_id=invoice.pk, at=day(2, 1, hour=1))


def test_it_says_what_the_invoice_says(issued):
    made = invoice_document(issued)
    # Two lines of 20.00 each.
    assert (made.number, made.currency, made.total) == ("INV-000001", "USD", Decimal("40.00"))
    assert (made.issued_at, made.due_at) == (day(2, 1, hour=1), issued.due_at)
    assert (made.period, made.zone.key, made.locale) == (Period(day(1, 1), day(2, 1)), "Europe/Berlin", "en_DE")
    assert (made.seller.name, made.seller.tax_id) == ("Tokens Ltd", "DE1")
    assert (made.buyer.name, made.buyer.reference, made.buyer.address) == ("Acme", "acme", ("Germany",))
    assert [(line.name, line.unit_amount, line.amount) for line in made.lines] == [
        ("First", Decimal("20.00"), Decimal("20.00")),
        ("Second", Decimal("20.00"), Decimal("20.00")),
    ]


def test_it_keeps_saying_it_when_customer_and_seller_have_changed(issued):
    before = invoice_document(issued)
    Customer.objects.update(name="Renamed", billing_address={"country": "FR"}, time_zone="Asia/Tokyo")
    issued.profile.supplier_name = "Renamed"
    issued.profile.save()
    assert invoice_document(type(issued).objects.get(pk=issued.pk)) == before


def test_a_draft_has_no_document(db):
    draft = factories.InvoiceFactory(draft_number="DRAFT-ACME-7")
    with pytest.raises(NotIssued, match="Issue DRAFT-ACME-7 first: a draft has no document"):
        invoice_document(draft)


def test_it_reads_an_invoice_of_any_length_in_six_queries(issued, django_assert_num_queries):
    invoice = type(issued).objects.get(pk=issued.pk)
    with django_assert_num_queries(6):
        invoice_document(invoice)
