"""Subscriptions, billing and payments from the console, with exact figures."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal

from django.urls import reverse

from invoicing.models import BillingProfile, BillingRun, Invoice, InvoiceStatus
from invoicing.services.billing_run import advance_to_period_end
from metering.history import changes_of
from metering.models import Customer
from tests.factories import START, CustomerFactory, InvoiceFactory, SubscriptionFactory


def to_month_end(console, customer):
    url = reverse("admin:metering_customer_to_month_end_action", args=(customer.pk,))
    return console.post(url, {"change_reason": "Show January"}, follow=True)


def test_it_moves_a_test_clock_customer_to_the_month_end_and_links_the_invoice(console, try_out):
    page = to_month_end(console, try_out.customer)
    fees, january = Invoice.objects.filter(customer=try_out.customer).order_by("pk")
    # 1 January: 20.00 in advance. 1 February: 20.00 in advance, 1,000 x 0.002 + 5 + 500 x 0.001 = 7.50.
    assert (fees.total, january.total) == (Decimal("20.00"), Decimal("27.50"))
    assert (fees.status, january.status) == (InvoiceStatus.PAID, InvoiceStatus.PAID)
    try_out.clock.refresh_from_db()
    assert try_out.clock.now_at == datetime(2026, 2, 1, 1, tzinfo=UTC)
    content = page.content.decode()
    for invoice in (fees, january):
        assert f'href="/admin/invoicing/invoice/{invoice.pk}/change/" class="text-link">{invoice.number}</a>' in content
    assert changes_of(try_out.clock)[0].reason == "Show January"


def test_it_offers_month_end_on_test_clocks_alone(console, try_out):
    change = "admin:metering_customer_change"
    assert "To month end" in console.get(reverse(change, args=(try_out.customer.pk,))).content.decode()
    other = CustomerFactory()
    assert "To month end" not in console.get(reverse(change, args=(other.pk,))).content.decode()
    page = to_month_end(console, other)
    assert "real time cannot be moved" in page.content.decode()
    assert not Invoice.objects.exists()


def test_it_runs_billing_by_hand_and_twice_changes_nothing(console, try_out):
    url = reverse("admin:invoicing_billingrun_run_action")
    assert console.get(url).status_code == 200
    for invoices in (1, 0):
        page = console.post(url, {}, follow=True)
        assert f"{invoices} invoices, 0 failures." in page.content.decode()
    assert Invoice.objects.count() == 1
    assert BillingRun.objects.count() == 2


def test_it_shows_what_a_run_would_bill_and_what_is_unusual_and_then_what_it_billed(console, try_out):
    url = reverse("admin:invoicing_billingrun_preview_action")
    page = console.get(url).content.decode()
    assert "A billing run would write 1 invoice of 1 customer now. Nothing was written." in page
    assert not Invoice.objects.exists()
    console.post(reverse("admin:invoicing_billingrun_run_action"), {})
    run = BillingRun.objects.get()
    written = console.get(reverse("admin:invoicing_billingrun_change", args=(run.pk,))).content.decode()
    for shown in (page, written):
        assert "20.00" in shown
        assert "first invoice" in shown
    assert "would write 0 invoices" in console.get(url).content.decode()


def test_it_names_customers_that_could_not_be_billed(console):
    customer = CustomerFactory()
    run = BillingRun.objects.create(
        as_of=START,
        bound=0,
        started_at=START,
        failures=[{"customer_id": customer.pk, "reason": "Its bill is negative.", "is_unexpected": False}],
    )
    page = console.get(reverse("admin:invoicing_billingrun_change", args=(run.pk,))).content.decode()
    assert "Its bill is negative." in page
    assert customer.name in page


def test_it_retries_a_payment_that_failed(console, try_out):
    target = "openmeter.io/sandbox/target-payment-status"
    Customer.objects.filter(pk=try_out.customer.pk).update(metadata={target: "failed"})
    advance_to_period_end(customer_id=try_out.customer.pk, at=START)
    invoice = Invoice.objects.filter(status=InvoiceStatus.PAYMENT_FAILED).earliest("pk")
    assert invoice.number in console.get(reverse("admin:index")).content.decode()
    Customer.objects.filter(pk=try_out.customer.pk).update(metadata={target: "paid"})
    url = reverse("admin:invoicing_invoice_retry_action", args=(invoice.pk,))
    page = console.post(url, {}, follow=True)
    assert f"{invoice.number} is now: paid." in page.content.decode()
    invoice.refresh_from_db()
    assert invoice.status == InvoiceStatus.PAID
    assert [payment.status for payment in invoice.payments.order_by("attempt")] == ["failed", "succeeded"]
    again = console.post(url, {})
    assert again.status_code == 200
    assert invoice.payments.count() == 2


def test_it_exports_chosen_invoices_and_their_lines(console, try_out):
    to_month_end(console, try_out.customer)
    chosen = Invoice.objects.latest("pk")
    url = reverse("admin:invoicing_invoice_changelist")

    def exported(action):
        page = console.post(url, {"action": action, "_selected_action": [chosen.pk]})
        assert page["Content-Type"] == "text/csv; charset=utf-8"
        return list(csv.DictReader(io.StringIO(b"".join(page.streaming_content).decode())))

    assert [(row["number"], row["total"]) for row in exported("export_invoices")] == [(chosen.number, "27.50")]
    assert [(row["item"], row["quantity"], row["amount"]) for row in exported("export_lines")] == [
        ("Base fee", "1", "20.00"),
        ("Tokens", "1500", "7.50"),
    ]


def test_it_sends_the_same_pdf_each_time(console, try_out):
    to_month_end(console, try_out.customer)
    invoice = Invoice.objects.latest("pk")
    url = reverse("admin:invoicing_invoice_pdf_action", args=(invoice.pk,))
    first, second = console.get(url), console.get(url)
    assert first["Content-Type"] == "application/pdf"
    assert first.content.startswith(b"%PDF-")
    assert first.content == second.content == bytes(invoice.document.content)


def test_it_changes_the_seller_for_invoices_to_come(console):
    profile = BillingProfile.objects.get(is_default=True)
    form = {
        "name": "Default",
        "supplier_name": "Northwind Billing GmbH",
        "supplier_tax_id": "DE123456789",
        "supplier_address": "line1 = Hafenstr. 1\ncity = Bremen\ncountry = DE",
        "number_prefix": "NW-",
        "credit_note_prefix": "NWC-",
        "collection_hours": "2",
        "draft_days": "1",
        "due_days": "14",
        "collection_method": "send_invoice",
        "zero_invoices": "skip",
        "corrections": "credit_note",
        "largest_total": "5000",
        "spend_thresholds": "USD 10, 50, then every 100",
        "is_taxing": "on",
        "change_reason": "Moved",
    }
    assert console.post(reverse("admin:invoicing_billingprofile_change", args=(profile.pk,)), form).status_code == 302
    profile.refresh_from_db()
    assert (profile.supplier_name, profile.number_prefix) == ("Northwind Billing GmbH", "NW-")
    assert profile.supplier_address == {"line1": "Hafenstr. 1", "city": "Bremen", "country": "DE"}
    assert (profile.collection_interval.total_seconds(), profile.due_after.days) == (7200, 14)
    assert (profile.draft_period.days, profile.is_auto_advancing, profile.is_taxing) == (1, False, True)
    assert (profile.collection_method, profile.zero_invoices, profile.corrections) == (
        "send_invoice",
        "skip",
        "credit_note",
    )
    assert profile.largest_total == 5000
    assert profile.spend_thresholds == {"USD": {"amounts": ["10", "50"], "recurring": "100"}}
    assert changes_of(profile)[0].reason == "Moved"


def test_it_tells_the_first_page_what_happened(console, try_out):
    SubscriptionFactory()
    to_month_end(console, try_out.customer)
    tiles = {tile.title: tile.figure for tile in console.get(reverse("admin:index")).context["tiles"]}
    assert tiles["Customers"] == "2"
    assert tiles["Failed or overdue"] == "0"
    assert set(tiles) == {
        "Events today",
        "Customers",
        "Subscriptions",
        "Invoiced this month",
        "Waiting for payment",
        "Failed or overdue",
        "Parked customers",
        "Audit",
    }


def test_it_shows_the_open_bill(console, try_out):
    page = console.get(reverse("admin:metering_customer_change", args=(try_out.customer.pk,)))
    (bill,) = [panel for panel in page.context["panels"] if panel.title.startswith("Open bill")]
    # February's fee in advance, and January's 1,000 x 0.002 + 5 + 500 x 0.001.
    assert [(str(row[0]), str(row[2]), str(row[3])) for row in bill.rows] == [
        ("Base fee", "1", "20.00 USD"),
        ("Tokens", "1,500", "7.50 USD"),
        ("<strong>So far</strong>", "", "27.50 USD"),
    ]
    assert bill.title == "Open bill, due 2026-02-01 01:00"


def test_it_shows_periods_by_the_days_of_the_subscriptions_zone(console):
    def at(day, hour):
        return datetime(2026, 1, day, hour, tzinfo=UTC)

    invoice = InvoiceFactory(
        time_zone="America/New_York",
        # Midnight in New York is 5 o'clock UTC in January.
        period_start=at(1, 5),
        period_end=at(31, 5),
    )
    rows = console.get(reverse("admin:invoicing_invoice_changelist")).content.decode()
    assert "2026-01-01 to 2026-01-30" in rows
    Invoice.objects.filter(pk=invoice.pk).update(period_start=at(1, 6))
    page = console.get(reverse("admin:invoicing_invoice_change", args=(invoice.pk,))).content.decode()
    assert "2026-01-01 01:00 to 2026-01-31 00:00 America/New_York" in page
