"""Invoices and lines leave as CSV that an accountant can import: exact figures, inert text, any number of rows."""

import csv
from decimal import Decimal
from itertools import repeat

import pytest

from invoicing.csv_export import csv_response, csv_text, invoice_rows, line_rows
from invoicing.models import Invoice, InvoiceLine
from pricing.models import RateCardType
from tests import factories
from tests.invoicing.contracts import day

pytestmark = pytest.mark.django_db


@pytest.fixture
def issued():
    """Half past midnight of 1 February in Berlin, which is still January in UTC."""
    customer = factories.CustomerFactory(key="live-key", name="Live name")
    invoice = factories.InvoiceFactory(
        ulid="01INVOICE",
        customer=customer,
        time_zone="Europe/Berlin",
        total=Decimal("1234567.5"),
        period_start=day(1, 1, hour=-1 % 24).replace(year=2025, month=12, day=31),
        period_end=day(1, 31, hour=23),
        billed_at=day(1, 31, hour=23),
        supplier={"name": 'Tokens, "T" Ltd'},
        buyer={"name": "Émile & Söhne", "key": "acme", "address": {"country": "DE"}},
    )
    factories.InvoiceLineFactory(invoice=invoice, ulid="01LINE0", position=0, amount=Decimal("-5"))
    return number(invoice, "INV-000001", 1)


def number(invoice, name, sequence):
    Invoice.objects.filter(pk=invoice.pk).update(
        status="paid",
        number=name,
        sequence_number=sequence,
        issued_at=day(1, 31, hour=23),
        due_at=day(3, 2, hour=23),
        paid_at=day(2, 10, hour=22),
    )
    return Invoice.objects.get(pk=invoice.pk)


def test_it_writes_an_invoice_as_one_row(issued):
    assert "".join(csv_text(invoice_rows(Invoice.objects.all()))) == (
        "number,type,status,issue_date,due_date,paid_date,customer_key,customer_name,customer_country,seller,currency,"
        "subtotal,discount,tax_inclusive,tax_exclusive,total,due,corrects,reason,"
        "first_day,last_day,period_start,period_end,id\r\n"
        'INV-000001,standard,paid,2026-02-01,2026-03-03,2026-02-10,acme,Émile & Söhne,DE,"Tokens, ""T"" Ltd",USD,'
        "1234567.50,0.00,0.00,0.00,1234567.50,1234567.50,,,2026-01-01,2026-01-31,2025-12-31T23:00:00+00:00,2026-01-31T23:00:00+00:00,01INVOICE\r\n"
    )


def test_it_writes_a_fee_as_one_row(issued):
    assert "".join(csv_text(line_rows(InvoiceLine.objects.all()))) == (
        "invoice_number,invoice_type,issue_date,customer_key,customer_name,position,item,feature,type,cause,"
        "first_day,last_day,period_start,period_end,quantity,unit_amount,free_quantity,discount_amount,minimum_amount,"
        "adjustment_amount,amount,invoice_discount,tax_rate,tax_inclusive,tax_exclusive,total,currency,"
        "meter,meter_version,bound,corrects,id\r\n"
        "INV-000001,standard,2026-02-01,acme,Émile & Söhne,1,Base fee,,flat_fee,period,2026-01-01,2026-01-31,"
        "2025-12-31T23:00:00+00:00,2026-01-31T23:00:00+00:00,1,,,,,,-5.00,0.00,,0.00,0.00,-5.00,USD,,,,,01LINE0\r\n"
    )


def column(rows, name):
    heading, *rows = rows
    return [row[heading.index(name)] for row in rows]


def test_it_writes_usage_with_what_was_counted():
    invoice = factories.InvoiceFactory(draft_number="DRAFT-ACME-1")
    item = factories.SubscriptionItemFactory(subscription__customer=invoice.customer, usage=True, feature__key="tokens")
    version = factories.MeterVersionFactory(meter__slug="tokens_used", number=3)
    line = factories.InvoiceLineFactory(
        invoice=invoice,
        subscription_item=item,
        type=RateCardType.USAGE_BASED,
        feature=item.feature,
        meter_version=version,
        now={"bound": 4711},
        quantity=Decimal("1E+30"),
        amount=Decimal("0.00"),
    )
    factories.DetailedLineFactory(line=line, quantity=line.quantity, unit_amount=Decimal("1E-30"), amount=line.amount)
    rows = list(line_rows(InvoiceLine.objects.all()))
    found = {name: column(rows, name)[0] for name in ("feature", "meter", "meter_version", "bound")}
    assert found == {"feature": "tokens", "meter": "tokens_used", "meter_version": "3", "bound": "4711"}
    assert column(rows, "quantity") == ["1" + "0" * 30]
    assert column(rows, "unit_amount") == ["0." + "0" * 29 + "1"]
    assert column(rows, "invoice_number") == ["DRAFT-ACME-1"]


def test_several_prices_leave_the_unit_amount_empty():
    line = factories.InvoiceLineFactory(quantity=Decimal(3), amount=Decimal("4.00"))
    for key, quantity, unit in (("a", 2, "1.00"), ("b", 1, "2.00")):
        amount = quantity * Decimal(unit)
        factories.DetailedLineFactory(
            line=line, key=key, quantity=Decimal(quantity), unit_amount=Decimal(unit), amount=amount
        )
    assert column(line_rows(InvoiceLine.objects.all()), "unit_amount") == [""]


def test_a_draft_has_no_dates_and_the_names_of_now():
    customer = factories.CustomerFactory(key=None, name="Acme", billing_address={"country": "FR"})
    profile = factories.BillingProfileFactory(supplier_name="Tokens Ltd")
    factories.InvoiceFactory(customer=customer, profile=profile, draft_number="DRAFT-ACME-1")
    heading, row = invoice_rows(Invoice.objects.all())
    assert dict(zip(heading, row, strict=True)) | {"id": ""} == {
        "number": "DRAFT-ACME-1",
        "type": "standard",
        "status": "draft.collecting",
        "issue_date": "",
        "due_date": "",
        "paid_date": "",
        "customer_key": "",
        "customer_name": "Acme",
        "customer_country": "",
        "seller": "Tokens Ltd",
        "currency": "USD",
        "subtotal": "20.00",
        "discount": "0.00",
        "tax_inclusive": "0.00",
        "tax_exclusive": "0.00",
        "total": "20.00",
        "due": "20.00",
        "corrects": "",
        "reason": "",
        "first_day": "2026-01-01",
        "last_day": "2026-01-31",
        "period_start": "2026-01-01T00:00:00+00:00",
        "period_end": "2026-02-01T00:00:00+00:00",
        "id": "",
    }


@pytest.mark.parametrize(("currency", "text"), [("USD", "20.00"), ("JPY", "20"), ("KWD", "20.000")])
def test_amounts_have_the_digits_of_their_currency(currency, text):
    factories.InvoiceLineFactory(currency=currency, invoice__currency=currency, amount=20, invoice__total=20)
    assert column(invoice_rows(Invoice.objects.all()), "total") == [text]
    assert column(line_rows(InvoiceLine.objects.all()), "amount") == [text]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_text_never_starts_a_formula(start):
    text = f"{start}HYPERLINK(1)"
    customer = factories.CustomerFactory(key=text, name=text)
    subscription = factories.SubscriptionFactory(customer=customer)
    invoice = factories.InvoiceFactory(
        customer=customer,
        draft_number=text,
        profile__supplier_name=text,
        buyer={"address": {"country": text}},
    )
    item = factories.SubscriptionItemFactory(subscription=subscription, usage=True, feature__key=text)
    version = factories.MeterVersionFactory(meter__slug=text)
    factories.InvoiceLineFactory(
        invoice=invoice, subscription_item=item, name=text, feature=item.feature, meter_version=version
    )
    invoices, lines = list(invoice_rows(Invoice.objects.all())), list(line_rows(InvoiceLine.objects.all()))
    for name in ("number", "customer_key", "customer_name", "customer_country", "seller"):
        assert column(invoices, name) == [f"'{text}"]
    for name in ("invoice_number", "customer_key", "customer_name", "item", "feature", "meter"):
        assert column(lines, name) == [f"'{text}"]


def test_figures_below_zero_stay_figures():
    factories.InvoiceLineFactory(quantity=-3, amount=Decimal("-4.50"))
    rows = list(line_rows(InvoiceLine.objects.all()))
    assert (column(rows, "quantity"), column(rows, "amount")) == (["-3"], ["-4.50"])


def test_any_text_comes_back_as_it_was():
    name = 'a "b", c\r\nd;\té'
    factories.InvoiceFactory(customer__name=name)
    text = "".join(csv_text(invoice_rows(Invoice.objects.all())))
    assert column(csv.reader(text.splitlines(keepends=True)), "customer_name") == [name]


def test_rows_keep_the_order_asked_for():
    for total in (1, 3, 2):
        factories.InvoiceFactory(total=total)
    assert column(invoice_rows(Invoice.objects.order_by("-total")), "total") == ["3.00", "2.00", "1.00"]
    assert column(invoice_rows(Invoice.objects.all()), "total") == ["1.00", "3.00", "2.00"]


def test_lines_come_invoice_by_invoice():
    first, second = factories.InvoiceFactory(), factories.InvoiceFactory()
    for invoice, position in ((second, 1), (first, 1), (second, 0), (first, 0)):
        factories.InvoiceLineFactory(invoice=invoice, position=position, name=f"{invoice.pk}.{position}")
    expected = [f"{invoice.pk}.{position}" for invoice in (first, second) for position in (0, 1)]
    assert column(line_rows(InvoiceLine.objects.all()), "item") == expected


@pytest.mark.parametrize("rows_of", [invoice_rows, line_rows])
def test_any_number_of_rows_is_one_query(rows_of, django_assert_num_queries):
    for _ in range(3):
        factories.DetailedLineFactory()
    model = Invoice if rows_of is invoice_rows else InvoiceLine
    with django_assert_num_queries(1):
        assert len(list(rows_of(model.objects.all()))) == 4


def test_text_is_sent_while_rows_are_still_read():
    endless = csv_text(repeat(("a", "b")))
    assert next(endless) == "a,b\r\n" * 500


def test_the_response_is_a_file_to_save():
    response = csv_response("März.csv", [("a", "é"), ("1", "2")])
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == "attachment; filename*=utf-8''M%C3%A4rz.csv"
    assert b"".join(response.streaming_content) == "a,é\r\n1,2\r\n".encode()


def test_it_writes_what_discounts_take_off_and_minimums_add():
    line = factories.InvoiceLineFactory(quantity=Decimal(12), usage_discount=Decimal(2), amount=Decimal("25.00"))
    for key, category, amount in (
        ("usage", "regular", "10.00"),
        ("usage.percentage", "discount", "-5.00"),
        ("usage.maximum_spend", "discount", "-1.00"),
        ("minimum_spend", "commitment", "21.00"),
    ):
        factories.DetailedLineFactory(line=line, key=key, category=category, amount=Decimal(amount))
    rows = list(line_rows(InvoiceLine.objects.all()))
    found = {name: column(rows, name)[0] for name in rows[0] if name.endswith("_amount") or name == "free_quantity"}
    assert found == {
        "unit_amount": "",
        "free_quantity": "2",
        "discount_amount": "-6.00",
        "minimum_amount": "21.00",
        "adjustment_amount": "",
    }
