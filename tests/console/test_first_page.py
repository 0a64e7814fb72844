"""What the first page says, and that it stays cheap."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse

from billing_site import dashboard
from invoicing.models import InvoiceStatus
from tests import factories

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def first_page(console, monkeypatch):
    cache.clear()
    monkeypatch.setattr("metering.clock.now", lambda customer=None: NOW)
    yield lambda: console.get(reverse("admin:index"))
    cache.clear()


def tiles(page):
    return {tile.title: (tile.figure, tile.note) for tile in page.context["tiles"]}


def test_it_counts_events_by_day(first_page):
    for days, count in ((0, 2), (1, 3), (13, 1), (14, 5)):
        for _ in range(count):
            factories.EventFactory(time=NOW - timedelta(days=days))
    page = first_page()
    assert tiles(page)["Events today"] == ("2", "3 yesterday")
    bars = {bar.label: (bar.events, bar.height) for bar in page.context["bars"]}
    # The busiest of the 14 days fills 120 units: 2 of 3 are 80, 1 of 3 are 40. The 15th day back is not there.
    assert len(bars) == 14
    assert (bars["10 Mar"], bars["09 Mar"], bars["25 Feb"], bars["01 Mar"]) == (
        ("2", 80),
        ("3", 120),
        ("1", 40),
        ("0", 0),
    )


def test_it_goes_without_the_chart_when_counting_takes_too_long(first_page, monkeypatch):
    factories.EventFactory(time=NOW)
    monkeypatch.setattr(dashboard, "_COUNT", "SELECT 1, pg_sleep(5), %s::timestamptz[], %s")
    monkeypatch.setattr(dashboard, "_PATIENCE_MS", 20)
    page = first_page()
    assert page.status_code == 200
    assert "There are too many events to count them quickly." in page.content.decode()
    assert tiles(page)["Events today"][1] == "too many to count quickly"


def test_it_sums_invoices_by_currency(first_page, console):
    march = datetime(2026, 3, 2, tzinfo=UTC)
    for currency, total in (("USD", "20.10"), ("USD", "0.20"), ("JPY", "500")):
        factories.InvoiceFactory(issued=True, issued_at=march, currency=currency, total=total)
    factories.InvoiceFactory(issued=True, issued_at=march - timedelta(days=3), status=InvoiceStatus.PAID)
    failed = factories.InvoiceFactory(
        issued=True, issued_at=march - timedelta(days=5), total="7.00", status=InvoiceStatus.PAYMENT_FAILED
    )
    page = first_page()
    invoiced = [(tile.figure, tile.note) for tile in page.context["tiles"] if tile.title == "Invoiced this month"]
    assert invoiced == [("500 JPY", "1 invoice"), ("20.30 USD", "2 invoices")]
    assert tiles(page)["Failed or overdue"] == ("1", "to look at")
    assert str(failed) in str(page.context["failed"][0][0])
    assert str(failed) in console.get(page.context["failed_url"]).content.decode()


def test_it_lists_what_was_not_routine_with_its_proof(first_page):
    parked = factories.ParkedCustomerFactory(customer__name="Slow Ltd")
    late = factories.InvoiceLineFactory(
        cause="change",
        meter_version=factories.MeterVersionFactory(),
        amount="15.00",
        invoice__customer__name="Late Ltd",
    )
    factories.InvoiceLineFactory(cause="change", amount="0.00")
    shorter = factories.InvoiceLineFactory(cause="change", amount="-14.00", invoice__customer__name="Less Ltd")
    void = factories.InvoiceFactory(issued=True, status=InvoiceStatus.VOIDED, customer__name="Void Ltd")
    note = factories.InvoiceFactory(type="credit_note", corrects=void, customer=void.customer, total="-20.00")
    rows = [[str(cell) for cell in row] for row in first_page().context["notable"]]
    assert [row[2] for row in rows] == ["\N{EN DASH}", "15.00 USD", "-14.00 USD", "20.00 USD"]
    proofs = [row[3] for row in rows]
    for proof, row in zip(proofs, (parked, late, shorter, note), strict=True):
        assert f"/{row.pk}/" in proof
    assert (
        "Slow Ltd" in rows[0][1] and "Late Ltd" in rows[1][1] and "Less Ltd" in rows[2][1] and "Void Ltd" in rows[3][1]
    )


def test_it_tells_parked_customers_and_the_last_audit(first_page):
    assert tiles(first_page())["Parked customers"] == ("0", "everybody is billed")
    factories.ParkedCustomerFactory()
    factories.ParkedCustomerFactory(released_at=NOW)
    factories.AuditRunFactory(finding_count=2, finished_at=NOW)
    page = first_page()
    assert tiles(page)["Parked customers"] == ("1", "not billed: look why")
    assert tiles(page)["Audit"] == ("2 findings", "2026-03-10 12:00")


def test_it_asks_as_many_queries_however_much_there_is(first_page, django_assert_max_num_queries):
    with django_assert_max_num_queries(26) as few:
        first_page()
    for _ in range(4):
        factories.InvoiceFactory(issued=True, status=InvoiceStatus.PAYMENT_FAILED)
    cache.clear()
    with django_assert_max_num_queries(len(few)):
        first_page()


@pytest.mark.parametrize("app", ["metering", "pricing", "invoicing", "django_q", "account", "auth"])
def test_it_lists_the_models_of_an_app(console, app):
    page = console.get(reverse("admin:app_list", args=(app,)))
    assert page.status_code == 200
    assert f"/admin/{app}/" in page.content.decode()


def test_it_says_where_the_default_plan_is_missing(first_page, settings):
    settings.DEFAULT_PLAN = "free"
    assert "No version of the plan &#x27;free&#x27; is published" in first_page().content.decode()
    factories.PlanFactory(key="free", active=True)
    assert "New customers get no subscription" not in first_page().content.decode()
