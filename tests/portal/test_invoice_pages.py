import csv
from datetime import timedelta

import pytest

from invoicing.models import Invoice, InvoiceStatus
from metering.models import TestClock
from portal.invoice_words import status_in_words
from tests.factories import InvoiceFactory, InvoiceLineFactory, MemberFactory
from tests.invoicing.contracts import day
from tests.portal.pages import rows_of, text_of


def test_it_lists_invoices_newest_first(portal, invoice):
    rows = rows_of(portal.get("/invoices/"), "List of invoices")
    first = Invoice.objects.get(billed_at=day(1, 1))
    # 20.00 for February + 100 x 0.10 + 60 x 0.05; before that 20.00 for January
    assert rows[1:] == [
        [
            invoice.number,
            "Jan 1 - Feb 28, 2026",
            "Feb 1, 2026",
            "$33.00",
            "Paid Feb 1, 2026",
            f"PDF of {invoice.number}",
        ],
        [first.number, "Jan 1 - 31, 2026", "Feb 1, 2026", "$20.00", "Paid Feb 1, 2026", f"PDF of {first.number}"],
    ]


def test_it_shows_an_invoice_with_its_lines_and_their_parts(portal, invoice):
    response = portal.get(f"/invoices/{invoice.ulid}/")
    assert rows_of(response, "Lines of the invoice")[1:] == [
        ["Base fee Why? Base fee Feb 1 - 28, 2026", "", "", "$20.00"],
        ["Tokens Why? Tokens Jan 1 - 31, 2026", "160", "", "$13.00"],
        ["Usage price for tier 1", "100", "$0.10", "$10.00"],
        ["Usage price for tier 2", "60", "$0.05", "$3.00"],
        ["Total", "", "$33.00"],
        ["Paid, Feb 1, 2026", "", "-$33.00"],
        ["Left to pay", "", "$0.00"],
    ]
    assert rows_of(response, "Payments")[1:] == [["Feb 1, 2026", "Succeeded", "$33.00"]]


def test_it_names_seller_and_buyer_as_they_were_at_issue(portal, customer, invoice):
    customer.name = "Renamed Ltd"
    customer.save(update_fields=["name"])
    text = text_of(portal.get(f"/invoices/{invoice.ulid}/"))
    assert f"From {invoice.supplier['name']} To Acme Ltd a@acme.example Issued Feb 1, 2026" in text


def test_it_says_so_when_there_are_no_invoices_yet(portal):
    assert "No invoices yet" in text_of(portal.get("/invoices/"))


def test_it_pages_through_many_invoices(portal, customer):
    for number in range(25):
        InvoiceFactory(customer=customer, billed_at=day(1, 1) + timedelta(days=number))
    assert len(rows_of(portal.get("/invoices/"), "List of invoices")) == 25
    page = portal.get("/invoices/?page=2")
    assert len(rows_of(page, "List of invoices")) == 2
    assert "Page 2 of 2" in text_of(page)


@pytest.mark.parametrize(
    ("_case", "status", "at", "text", "tone"),
    [
        ("a draft", InvoiceStatus.DRAFT_COLLECTING, day(2, 2), "Being prepared", ""),
        ("to pay", InvoiceStatus.PAYMENT_PENDING, day(2, 2), "Due Mar 3, 2026", "warn"),
        ("late", InvoiceStatus.PAYMENT_PENDING, day(3, 4), "Overdue since Mar 3, 2026", "bad"),
        ("refused", InvoiceStatus.PAYMENT_FAILED, day(2, 2), "Payment failed", "bad"),
        ("settled", InvoiceStatus.PAID, day(3, 4), "Paid Feb 5, 2026", "good"),
        ("marked late", InvoiceStatus.OVERDUE, day(3, 4), "Overdue since Mar 3, 2026", "bad"),
        ("authorised", InvoiceStatus.PAYMENT_AUTHORIZED, day(2, 2), "Payment under way", ""),
        ("to confirm", InvoiceStatus.PAYMENT_ACTION_REQUIRED, day(2, 2), "Confirm your payment", "warn"),
        ("given up", InvoiceStatus.UNCOLLECTIBLE, day(4, 1), "Written off", ""),
        ("cancelled", InvoiceStatus.VOIDED, day(4, 1), "Cancelled Feb 6, 2026", ""),
        ("not billed", InvoiceStatus.GATHERING, day(2, 2), "Not billed yet", ""),
        ("on its way", InvoiceStatus.ISSUING_SYNCING, day(2, 2), "Being issued", ""),
        ("deleted", InvoiceStatus.DELETE_FAILED, day(2, 2), "Withdrawn", ""),
    ],
)
def test_it_says_in_plain_words_what_an_invoice_waits_for(_case, status, at, text, tone):
    invoice = Invoice(status=status, due_at=day(3, 3), paid_at=day(2, 5), voided_at=day(2, 6))
    words = status_in_words(invoice, at=at, zone=at.tzinfo)
    assert (words.text, words.tone) == (text, tone)


def test_it_sends_the_pdf(portal, invoice):
    response = portal.get(f"/invoices/{invoice.ulid}/pdf/")
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{invoice.number}.pdf"'
    assert response.content.startswith(b"%PDF-")
    assert response.content == portal.get(f"/invoices/{invoice.ulid}/pdf/").content


def test_it_has_no_pdf_of_a_draft(portal, customer):
    draft = InvoiceFactory(customer=customer)
    assert portal.get(f"/invoices/{draft.ulid}/pdf/").status_code == 404
    assert "PDF" not in text_of(portal.get(f"/invoices/{draft.ulid}/"))


def test_it_sends_invoices_and_lines_as_csv(portal, invoice):
    response = portal.get("/invoices.csv")
    assert response.headers["Content-Disposition"] == 'attachment; filename="invoices.csv"'
    invoices = _rows(response)
    assert [(row["number"], row["total"]) for row in invoices][1] == (invoice.number, "33.00")
    assert len(invoices) == 2
    lines = _rows(portal.get("/invoice-lines.csv"))
    assert [(row["item"], row["quantity"], row["amount"]) for row in lines] == [
        ("Base fee", "1", "20.00"),
        ("Base fee", "1", "20.00"),
        ("Tokens", "160", "13.00"),
    ]


def test_it_keeps_the_invoices_of_others_out(client, invoice, usage_line):
    TestClock.objects.update(now_at=day(2, 1, 2))
    client.force_login(MemberFactory().user)
    line = f"/invoices/{invoice.ulid}/lines/{usage_line.ulid}/"
    for path in (
        f"/invoices/{invoice.ulid}/",
        f"/invoices/{invoice.ulid}/pdf/",
        line,
        f"{line}recompute/",
        f"{line}events.csv",
    ):
        assert client.get(path).status_code == 404, path
    assert "No invoices yet" in text_of(client.get("/invoices/"))
    assert _rows(client.get("/invoices.csv")) == []
    assert _rows(client.get("/invoice-lines.csv")) == []


def test_it_finds_no_line_under_the_invoice_of_another_customer(portal, invoice):
    theirs = InvoiceLineFactory()
    assert portal.get(f"/invoices/{invoice.ulid}/lines/{theirs.ulid}/").status_code == 404
    assert portal.get(f"/invoices/{theirs.invoice.ulid}/lines/{theirs.ulid}/").status_code == 404


def _rows(response):
    return list(csv.DictReader(response.getvalue().decode().splitlines()))
