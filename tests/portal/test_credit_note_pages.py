"""Credit notes in the portal: money given back stands above zero, beside the invoice that it corrects."""

from decimal import Decimal

import pytest

from invoicing.models import BillingProfile
from invoicing.services.credit_notes import CreditItem, create_credit_note
from invoicing.services.invoices import void_invoice
from tests.invoicing.contracts import day
from tests.portal.pages import rows_of, text_of


@pytest.fixture
def note(invoice, usage_line):
    """5.00 of the 13.00 for usage, given back from an invoice that is paid."""
    items = [CreditItem(line_id=usage_line.pk, amount=Decimal("5.00"))]
    return create_credit_note(invoice_id=invoice.pk, items=items, reason="Goodwill", at=day(2, 1, 1))


def test_it_lists_a_credit_note_as_money_given_back(portal, invoice, note):
    page = portal.get("/invoices/")
    assert "You have $5.00 to your credit. Your next invoices are paid from it first." in text_of(page)
    listed = rows_of(page, "List of invoices")[1]
    assert listed[0] == f"{note.number} Credit note on {invoice.number}"
    assert listed[3:5] == ["$5.00 given back", "To your credit"]


def test_it_shows_what_is_given_back_and_of_which_invoice(portal, invoice, note):
    page = portal.get(f"/invoices/{note.ulid}/")
    text = text_of(page)
    assert f"Credit note {note.number} To your credit" in text
    assert "You get back $5.00." in text
    assert f"Corrects {invoice.number} Reason Goodwill" in text
    assert [row[-1] for row in rows_of(page, "Lines of the invoice")[1:]] == ["$5.00", "$5.00", "$5.00"]
    assert rows_of(portal.get(f"/invoices/{invoice.ulid}/"), "Credit notes")[1:] == [
        [note.number, "Feb 1, 2026", "Goodwill", "$5.00"]
    ]


def test_it_explains_a_line_that_was_given_back_by_hand(portal, invoice, usage_line, note):
    line = note.lines.get()
    page = portal.get(f"/invoices/{note.ulid}/lines/{line.ulid}/")
    text = text_of(page)
    assert f"Given or taken by hand. It corrects Tokens on {invoice.number} , billed at $13.00." in text
    assert f'href="/invoices/{invoice.ulid}/lines/{usage_line.ulid}/"' in page.content.decode()
    assert "By hand: Goodwill -$5.00 Amount of this line -$5.00" in text
    assert "Every digit is the same." in text_of(portal.get(f"/invoices/{note.ulid}/lines/{line.ulid}/recompute/"))


@pytest.fixture
def unpaid(customer, request):
    BillingProfile.objects.update(collection_method="send_invoice")
    return request.getfixturevalue("invoice")


def test_it_says_what_is_left_to_pay(portal, unpaid):
    # 30 days after 1 February.
    page = portal.get(f"/invoices/{unpaid.ulid}/")
    assert "Due Mar 3, 2026" in text_of(page)
    assert "$33.00 is to be paid by Mar 3, 2026." in text_of(page)
    line = unpaid.lines.get(type="usage_based")
    create_credit_note(
        invoice_id=unpaid.pk, items=[CreditItem(line.pk, Decimal("13.00"))], reason="Outage", at=day(2, 1, 1)
    )
    page = portal.get(f"/invoices/{unpaid.ulid}/")
    assert "$20.00 of $33.00 is to be paid by Mar 3, 2026." in text_of(page)
    assert [row[-1] for row in rows_of(page, "Lines of the invoice")[-3:]] == ["$33.00", "-$13.00", "$20.00"]
    assert "$33.00 $20.00 left to pay" in text_of(portal.get("/invoices/"))


def test_it_says_that_a_voided_invoice_is_cancelled(portal, unpaid):
    note = void_invoice(invoice_id=unpaid.pk, reason="Wrong customer", at=day(2, 1, 1))
    assert "This invoice was cancelled. Nothing is to be paid." in text_of(portal.get(f"/invoices/{unpaid.ulid}/"))
    rows = rows_of(portal.get(f"/invoices/{note.ulid}/"), "Lines of the invoice")[1:]
    assert [row[-1] for row in rows if row[0].startswith(("Base fee", "Tokens", "Given back"))] == [
        "$20.00",
        "$13.00",
        "$33.00",
    ]
    line = note.lines.get(type="usage_based")
    text = text_of(portal.get(f"/invoices/{note.ulid}/lines/{line.ulid}/"))
    assert "Until now 160 units = 13.00; now nothing is billed; difference -13.00." in text
    assert "Every digit is the same." in text_of(portal.get(f"/invoices/{note.ulid}/lines/{line.ulid}/recompute/"))


def test_it_shows_the_document_as_a_page_that_loads_and_runs_nothing(portal, invoice, note):
    page = portal.get(f"/invoices/{note.ulid}/html/")
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    text = text_of(page)
    assert f"This credit note corrects invoice {invoice.number} of February 1, 2026: Goodwill" in text
    assert "Total in USD $5.00" in text
    shown = text_of(portal.get(f"/invoices/{invoice.ulid}/html/"))
    assert "Paid, February 1, 2026 -$33.00 Amount due $0.00" in shown
    assert "Usage Tokens Jan 1 - 31, 2026" in shown
    assert "Sum 160" in shown


def test_it_sends_the_usage_behind_an_invoice_as_csv(portal, invoice):
    sent = portal.get(f"/invoices/{invoice.ulid}/usage.csv").getvalue().decode().splitlines()
    assert [row.split(",")[1:8] for row in sent[1:]] == [
        ["2", "Tokens", usage_key(invoice), meter_slug(invoice), "2026-01-05", "120", "2"],
        ["2", "Tokens", usage_key(invoice), meter_slug(invoice), "2026-01-19", "40", "1"],
    ]


def usage_key(invoice):
    return invoice.lines.get(type="usage_based").feature.key


def meter_slug(invoice):
    return invoice.lines.get(type="usage_based").meter_version.meter.slug
