"""What operators do with invoices, parked customers, money and tax rates, with exact figures."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.urls import reverse

from invoicing.models import BillingProfile, Invoice, InvoiceStatus, ParkedCustomer, Payment, TaxRate
from invoicing.services.billing_run import advance_to_period_end
from metering.history import changes_of
from metering.models import Customer
from tests.factories import START, InvoiceFactory

OUTCOME = "openmeter.io/sandbox/target-payment-status"


@pytest.fixture
def january(try_out):
    """January's invoice: 20.00 for February in advance and 7.50 of usage; its payment failed."""
    Customer.objects.filter(pk=try_out.customer.pk).update(metadata={OUTCOME: "failed"})
    advance_to_period_end(customer_id=try_out.customer.pk, at=START)
    return Invoice.objects.latest("pk")


def act(console, row, name, data=None, model="invoice"):
    url = reverse(f"admin:invoicing_{model}_{name}_action", args=(row.pk,))
    assert console.get(url).status_code == 200
    page = console.post(url, data or {}, follow=True)
    row.refresh_from_db()
    return page.content.decode()


def buttons(console, row):
    page = console.get(reverse("admin:invoicing_invoice_change", args=(row.pk,))).content.decode()
    paths = (
        "advance",
        "approve",
        "retry",
        "snapshot-quantities",
        "recalculate-taxes",
        "credit",
        "void",
        "delete-draft",
    )
    return {path for path in paths if f"/admin/invoicing/invoice/{row.pk}/{path}" in page}


def test_it_offers_what_the_state_allows(console, january):
    assert buttons(console, january) == {"retry", "credit", "void"}
    draft = InvoiceFactory(status=InvoiceStatus.DRAFT_MANUAL_APPROVAL_NEEDED)
    assert buttons(console, draft) == {"approve", "recalculate-taxes", "delete-draft"}
    paid = InvoiceFactory(issued=True, status=InvoiceStatus.PAID)
    assert buttons(console, paid) == {"credit"}


def test_it_voids_with_a_reason_and_links_the_note(console, january):
    assert "This field is required." in act(console, january, "void", {"rebill": "on"})
    assert january.status == InvoiceStatus.PAYMENT_FAILED
    page = act(console, january, "void", {"rebill": "on", "change_reason": "Wrong address"})
    note = january.credit_notes.get()
    assert (january.status, note.total, note.number) == (InvoiceStatus.VOIDED, Decimal("-27.50"), "CN-000001")
    assert f'href="/admin/invoicing/invoice/{note.pk}/change/"' in page


def test_it_gives_back_a_part_of_a_line(console, january):
    fee = january.lines.get(amount="20.00")
    too_much = {f"line_{fee.pk}": "20.01", "change_reason": "Outage"}
    assert "20.00" in act(console, january, "credit", too_much)
    assert not january.credit_notes.exists()
    page = act(console, january, "credit", {f"line_{fee.pk}": "5", "change_reason": "Outage"})
    note = january.credit_notes.get()
    assert f"{note.number}</a> gives back 5.00 USD" in page
    # 27.50 less 5.00.
    assert (note.total, january.due) == (Decimal("-5.00"), Decimal("22.50"))


def test_it_records_a_transfer_that_pays_a_part_and_places_the_rest_later(console, january):
    url = reverse("admin:invoicing_payment_transfer_action")
    form = {"currency": "USD", "received_at_0": "2026-02-03", "received_at_1": "10:00", "reference": "Thanks"}
    assert "there is none INV-9" in console.post(url, form | {"amount": "7.50", "invoice": "INV-9"}).content.decode()
    console.post(url, form | {"amount": "7.50", "invoice": january.number})
    january.refresh_from_db()
    assert january.due == Decimal("20.00")
    page = console.post(url, form | {"amount": "25"}, follow=True).content.decode()
    assert "25.00 USD of it wait to be placed" in page
    waiting = Payment.objects.get(amount=25)
    page = act(console, waiting, "place", {"invoice": january.number}, model="payment")
    january.refresh_from_db()
    # 20.00 were due, so 5.00 of the 25.00 are left.
    assert (january.status, january.due) == (InvoiceStatus.PAID, 0)
    assert "5.00 USD are left" in page
    act(console, waiting, "place", {"customer": january.customer.key}, model="payment")
    # The fee of 20.00 that was due on 1 January is open too, and takes them; the next 18.00 pay it and leave 3.00.
    assert Invoice.objects.earliest("pk").due == Decimal("15.00")
    console.post(url, form | {"amount": "18", "customer": january.customer.key})
    assert january.customer.balance_entries.get().balance == 3
    panels = console.get(reverse("admin:metering_customer_change", args=(january.customer_id,))).context["panels"]
    assert "Credit balance" in [panel.title for panel in panels]


def test_it_bills_a_parked_customer_once_somebody_looked(console, try_out):
    BillingProfile.objects.update(largest_total=5)
    advance_to_period_end(customer_id=try_out.customer.pk, at=START)
    parked = ParkedCustomer.objects.get()
    assert not Invoice.objects.issued().exists()
    assert "is parked again" in act(console, parked, "rerun", model="parkedcustomer")
    again = ParkedCustomer.objects.get(released_at=None)
    page = act(console, again, "rerun", {"accepts_any_total": "on"}, model="parkedcustomer")
    assert "is billed again" in page
    assert not ParkedCustomer.objects.filter(released_at=None).exists()
    assert {invoice.total for invoice in Invoice.objects.issued()} == {Decimal("20.00"), Decimal("27.50")}


def test_it_adds_and_ends_tax_rates(console):
    url = reverse("admin:invoicing_taxrate_add")
    form = {"name": "VAT", "country": "de", "percentage": "19", "valid_from_0": "2026-01-01", "valid_from_1": "00:00"}
    assert console.post(url, form).status_code == 302
    rate = TaxRate.objects.get()
    assert (rate.country, rate.percentage) == ("DE", 19)
    errors = console.post(url, form).context["adminform"].form.errors
    assert "Another rate of this country and tax code holds at that time: end it first." in str(errors)
    act(console, rate, "end", {"valid_to_0": "2026-07-01", "valid_to_1": "00:00"}, model="taxrate")
    assert rate.valid_to == datetime(2026, 7, 1, tzinfo=UTC)
    assert console.post(url, form | {"valid_from_0": "2026-07-01", "percentage": "16"}).status_code == 302


@pytest.fixture
def draft(try_out):
    """January's invoice as a draft that waits for approval: 20.00 and 7.50."""
    BillingProfile.objects.update(is_auto_advancing=False)
    advance_to_period_end(customer_id=try_out.customer.pk, at=START)
    return Invoice.objects.latest("pk")


def test_it_changes_a_draft_line_by_line_and_issues_it(console, draft):
    assert {"approve", "delete-draft"} <= buttons(console, draft)
    line = {"name": "Set-up", "amount": "12.50", "first_day": "2026-01-01", "last_day": "2026-01-31"}
    assert "12.50 USD" in act(console, draft, "add_line", line)
    assert "4.00 USD off" in act(console, draft, "add_discount", {"name": "Goodwill", "percentage": "10"})
    # 20.00 + 7.50 + 12.50 = 40.00, less a tenth.
    assert (draft.amount, draft.total) == (Decimal("40.00"), Decimal("36.00"))
    fee = draft.lines.get(amount="20.00")
    cheaper = {"name": "Base fee, halved", "price": '{"type": "flat", "amount": "10"}', "change_reason": "Agreed"}
    assert "comes to 10.00 USD" in act(console, fee, "edit", cheaper, model="invoiceline")
    tokens = draft.lines.get(amount="7.50")
    act(console, tokens, "remove", {"change_reason": "Free of charge"}, model="invoiceline")
    draft.refresh_from_db()
    # 10.00 + 0.00 + 12.50 = 22.50, less 2.25.
    assert (draft.amount, draft.total) == (Decimal("22.50"), Decimal("20.25"))
    assert changes_of(fee)[0].reason == "Agreed"
    discount = draft.invoice_discounts.get()
    console.post(reverse("admin:invoicing_invoicediscount_remove_action", args=(discount.pk,)), {})
    act(console, draft, "approve")
    assert (draft.total, draft.number) == (Decimal("22.50"), "INV-000001")
