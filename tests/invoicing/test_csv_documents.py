"""CSV of credit notes, discounts and taxes; and of more rows than would fit in memory."""

import tracemalloc
from decimal import Decimal

import pytest
from django.db import connection

from invoicing.csv_export import csv_text, invoice_rows, line_rows
from invoicing.models import Invoice, InvoiceLine
from tests import factories

pytestmark = pytest.mark.django_db


def rows_of(rows):
    heading, *found = rows
    return [dict(zip(heading, row, strict=True)) for row in found]


@pytest.fixture
def credited():
    """100.00 less a discount of 10.00 plus 19 % of 90.00 = 107.10, of which 50.00 is paid; 47.60 was given back."""
    invoice = factories.InvoiceFactory(
        amount=Decimal("100"), discount=Decimal("10"), tax_exclusive=Decimal("17.10"), total=Decimal("107.10")
    )
    tax = invoice.taxes.create(
        position=0, name="VAT", country="DE", percentage=19, behavior="exclusive", taxable=90, amount=Decimal("17.10")
    )
    line = factories.InvoiceLineFactory(
        invoice=invoice, amount=Decimal("100"), discount=Decimal("10"), tax=tax, tax_exclusive=Decimal("17.10")
    )
    Invoice.objects.filter(pk=invoice.pk).update(settled=50)
    note = factories.InvoiceFactory(
        type="credit_note",
        customer=invoice.customer,
        corrects=invoice,
        draft_number="DRAFT-CN",
        reason="=Goodwill",
        amount=Decimal("-40"),
        tax_exclusive=Decimal("-7.60"),
        total=Decimal("-47.60"),
    )
    made = factories.InvoiceLineFactory(
        invoice=note,
        subscription_item=line.subscription_item,
        sequence=1,
        cause="adjustment",
        corrects=line,
        amount=Decimal("-40"),
        tax_exclusive=Decimal("-7.60"),
    )
    factories.DetailedLineFactory(line=made, category="adjustment", key="adjustment", amount=Decimal("-40"))
    return invoice


def test_totals_of_invoices_and_credit_notes_sum_to_what_was_charged(credited):
    shown = ("type", "subtotal", "discount", "tax_exclusive", "total", "due", "reason")
    found = [tuple(row[name] for name in shown) for row in rows_of(invoice_rows(Invoice.objects.all()))]
    assert found == [
        ("standard", "100.00", "10.00", "17.10", "107.10", "57.10", ""),
        ("credit_note", "-40.00", "0.00", "-7.60", "-47.60", "-47.60", "'=Goodwill"),
    ]


def test_lines_say_how_they_come_to_their_total_and_what_they_correct(credited):
    shown = ("invoice_type", "cause", "amount", "invoice_discount", "tax_rate", "total", "adjustment_amount")
    billed, given = rows_of(line_rows(InvoiceLine.objects.all()))
    assert [billed[name] for name in shown] == ["standard", "period", "100.00", "10.00", "19", "107.10", ""]
    assert [given[name] for name in shown] == ["credit_note", "adjustment", "-40.00", "0.00", "", "-47.60", "-40.00"]
    assert (billed["corrects"], given["corrects"]) == ("", billed["id"])


def test_ten_thousand_rows_take_no_more_memory_than_some(monkeypatch):
    factories.InvoiceFactory()
    _multiply(10_000)
    cursors = []
    chunked = connection.chunked_cursor
    monkeypatch.setattr(connection, "chunked_cursor", lambda: cursors.append(1) or chunked())
    texts = csv_text(invoice_rows(Invoice.objects.all()))
    tracemalloc.start()
    try:
        first = [next(texts), next(texts)]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The database keeps what is not read yet, in one server-side cursor; here are 500 rows of 23 values at a time.
    assert (cursors, sum(text.count("\r\n") for text in first)) == ([1], 1000)
    assert peak < 3_000_000
    assert sum(text.count("\r\n") for text in texts) == 10_001 + 1 - 1000


def _multiply(count):
    """Copy the one invoice, without the history of each copy."""
    columns = [field.column for field in Invoice._meta.concrete_fields if field.column != "id"]
    other = {"ulid": "lpad(n::text, 26, '0')", "supplement": "n"}
    values = ", ".join(other.get(name, f'"{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            f"INSERT INTO invoicing_invoice ({names}) SELECT {values} FROM invoicing_invoice, generate_series(1, %s) n",
            [count],
        )
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
