"""Why? in the console: the sums, the days, the events, and the same digits again."""

from decimal import Decimal

import pytest
from django.urls import reverse

from invoicing.models import BillingProfile, InvoiceLine
from invoicing.queries import Recomputed
from invoicing.services.billing_run import advance_to_period_end
from invoicing.services.invoices import void_invoice
from tests.console.world import EVENT_TYPE, SUBJECT
from tests.factories import START, EventFactory


@pytest.fixture
def line(try_out):
    advance_to_period_end(customer_id=try_out.customer.pk, at=START)
    return InvoiceLine.objects.get(name="Tokens")


def test_it_explains_a_line(console, line):
    page = console.get(reverse("admin:invoicing_invoiceline_why", args=(line.pk,)))
    assert page.status_code == 200
    # 1,000 x 0.002 = 2.00; above 1,000: 5.00 and 500 x 0.001 = 0.50.
    assert [step.rounded for step in page.context["explanation"].steps] == [
        Decimal("2.00"),
        Decimal("0.50"),
        Decimal("5.00"),
    ]
    days = {str(day.day): (day.quantity, day.share) for day in page.context["days"]}
    # 600 of the busiest day's 900 are 66 hundredths.
    assert (days["2026-01-05"], days["2026-01-20"], days["2026-01-06"]) == (("600", 66), ("900", 100), ("0", 0))
    assert len(days) == 31
    facts = {name: str(value) for name, value in page.context["facts"]}
    assert (facts["Amount"], facts["Quantity"], facts["Events counted"]) == ("7.50 USD", "1,500", "2")
    assert [row[3] for row in page.context["events"]["rows"]] == ["tokens: 900", "tokens: 600"]


def test_it_does_not_count_what_came_after_the_bill(console, line):
    EventFactory(subject=SUBJECT, type=EVENT_TYPE, time=START, data={"tokens": 7})
    page = console.get(reverse("admin:invoicing_invoiceline_why", args=(line.pk,)))
    assert len(page.context["events"]["rows"]) == 2
    again = console.get(reverse("admin:invoicing_invoiceline_recompute", args=(line.pk,))).context["again"]
    assert (again.quantity, again.amount, again.matches) == (Decimal(1500), Decimal("7.50"), True)


def test_it_recomputes_with_the_same_digits(console, line):
    page = console.get(reverse("admin:invoicing_invoiceline_recompute", args=(line.pk,)))
    assert page.context["comparison"] == [("Quantity", "1,500", "1,500"), ("Amount", "7.50 USD", "7.50 USD")]
    assert "every digit of the line is the same" in page.content.decode()


def test_it_says_what_differs(console, line, monkeypatch):
    other = Recomputed(Decimal(1499), Decimal("7.49"), (), ("The quantity is 1499, not 1500.",))
    monkeypatch.setattr("invoicing.admin.lines.recompute_line", lambda found: other)
    page = console.get(reverse("admin:invoicing_invoiceline_recompute", args=(line.pk,)))
    assert page.context["comparison"] == [("Quantity", "1,500", "1,499"), ("Amount", "7.50 USD", "7.49 USD")]
    assert "The quantity is 1499, not 1500." in page.content.decode()
    assert "every digit of the line is the same" not in page.content.decode()


def test_it_turns_the_pages_of_events(console, line, monkeypatch):
    monkeypatch.setattr("invoicing.admin.lines._EVENTS_A_PAGE", 1)
    url = reverse("admin:invoicing_invoiceline_why", args=(line.pk,))
    pages = [console.get(url, {"page": number}).context["events"]["rows"] for number in (1, 2)]
    assert [rows[0][3] for rows in pages] == ["tokens: 900", "tokens: 600"]


def test_it_explains_a_flat_fee_without_events(console, line):
    fee = line.invoice.lines.get(name="Base fee")
    page = console.get(reverse("admin:invoicing_invoiceline_why", args=(fee.pk,)))
    assert "Usage by day" not in page.content.decode()
    assert [step.rounded for step in page.context["explanation"].steps] == [Decimal("20.00")]


def test_it_sends_events_and_usage_as_csv(console, line):
    events, usage = (
        console.get(reverse(f"admin:invoicing_invoiceline_{name}_csv", args=(line.pk,))).getvalue().decode()
        for name in ("events", "usage")
    )
    assert [row[:10] for row in events.splitlines()[1:]] == ["2026-01-20", "2026-01-05"]
    assert [row.split(",")[5:7] for row in usage.splitlines()[1:]] == [["2026-01-05", "600"], ["2026-01-20", "900"]]


def test_it_explains_a_line_that_was_cancelled(console, try_out, request):
    BillingProfile.objects.update(collection_method="send_invoice")
    line = request.getfixturevalue("line")
    note = void_invoice(invoice_id=line.invoice_id, reason="Wrong customer", at=START)
    taken_back = note.lines.get(name="Tokens")
    page = console.get(reverse("admin:invoicing_invoiceline_why", args=(taken_back.pk,)))
    text = page.content.decode()
    assert "Until now 1,500 units = 7.50; now nothing is billed; difference -7.50." in text
    assert reverse("admin:invoicing_invoiceline_why", args=(line.pk,)) in text
    assert len(page.context["events"]["rows"]) == 2
    again = console.get(reverse("admin:invoicing_invoiceline_recompute", args=(taken_back.pk,))).context["again"]
    assert (again.amount, again.matches) == (Decimal("-7.50"), True)


def test_it_is_linked_from_the_invoice(console, line):
    page = console.get(reverse("admin:invoicing_invoice_change", args=(line.invoice_id,))).content.decode()
    assert reverse("admin:invoicing_invoiceline_why", args=(line.pk,)) in page


def test_the_invoice_can_be_viewed_and_its_usage_exported(console, line):
    page = console.get(reverse("admin:invoicing_invoice_html_action", args=(line.invoice_id,)))
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert f"Invoice {line.invoice.number}" in page.content.decode()
    sent = console.post(
        reverse("admin:invoicing_invoice_changelist"),
        {"action": "export_usage", "_selected_action": [line.invoice_id]},
    )
    rows = sent.getvalue().decode().splitlines()
    assert [row.split(",")[5:7] for row in rows[1:]] == [["2026-01-05", "600"], ["2026-01-20", "900"]]
