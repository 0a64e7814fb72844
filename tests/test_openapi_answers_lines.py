"""What the API answers about why a line costs what it costs is what the document says, and what the line says."""

import csv

import pytest

from invoicing.models import InvoiceLine
from invoicing.services.billing_run import run_billing
from tests.factories import InvoiceFactory, InvoiceLineFactory
from tests.invoicing.contracts import day, subscribe, use
from tests.invoicing.followed_lines import follow, measured_now
from tests.test_openapi_answers import call, document  # noqa: F401 (fixtures)

LINE = "GET /api/v1/billing/invoices/{invoiceId}/lines/{lineId}/"


@pytest.fixture
def line(db):
    """25 late tokens after 95 were billed: 100 x 0.10 + 20 x 0.05 - 9.50 = 1.50."""
    customer = subscribe(fee=None).customer
    use(customer, 95, day(1, 10))
    run_billing(now=day(2, 2))
    use(customer, 25, day(1, 20))
    first = InvoiceLine.objects.get()
    return follow(first, now=measured_now(first), invoice=InvoiceFactory(customer=customer, billed_at=day(3, 1)))


def test_it_explains_a_line(call, line):  # noqa: F811
    found = call(f"{LINE}explanation", invoiceId=line.invoice.ulid, lineId=line.ulid)
    assert found["change"] == {
        "text": "Until now 95 units = 9.50; now 120 units = 11.00; difference 1.50.",
        "amountBefore": "9.50",
        "amountNow": "11.00",
        "difference": "1.50",
    }
    assert [step["text"] for step in found["steps"]] == [
        "Tier 1: 100 units from 0 to 100 at 0.1 each = 10.00; already billed 9.50",
        "Tier 2: 20 units from 100 to 120 at 0.05 each = 1.00",
    ]
    assert found["usageByDay"] == [{"day": "2026-01-10", "quantity": "95"}, {"day": "2026-01-20", "quantity": "25"}]
    assert (found["before"]["quantity"], found["now"]["quantity"], found["eventCount"]) == ("95", "120", 2)
    assert (found["cause"], found["correctsLineId"]) == ("change", line.corrects.ulid)


def test_it_computes_a_line_again(call, line):  # noqa: F811
    found = call(f"{LINE}recompute", invoiceId=line.invoice.ulid, lineId=line.ulid)
    assert (found["matches"], found["stored"], found["recomputed"]) == (
        True,
        {"quantity": "25", "amount": "1.50"},
        {"quantity": "25", "amount": "1.50"},
    )


def test_it_pages_through_the_events_and_sends_all_as_csv(call, line):  # noqa: F811
    variables = {"invoiceId": line.invoice.ulid, "lineId": line.ulid}
    page = call(f"{LINE}events", query={"page": 2, "pageSize": 1}, **variables)
    assert ([item["event"]["data"]["tokens"] for item in page["items"]], page["totalCount"]) == ([95], 2)
    sent = call(f"{LINE}events", headers={"Accept": "text/csv"}, **variables)
    rows = list(csv.DictReader(sent.getvalue().decode().splitlines()))
    assert [row["time"] for row in rows] == ["2026-01-20T00:00:00+00:00", "2026-01-10T00:00:00+00:00"]
    usage = list(csv.DictReader(call(f"{LINE}usage", **variables).getvalue().decode().splitlines()))
    assert [(row["day"], row["quantity"], row["line_id"]) for row in usage] == [
        ("2026-01-10", "95", line.ulid),
        ("2026-01-20", "25", line.ulid),
    ]


def test_it_finds_a_line_under_its_own_invoice_alone(call, line):  # noqa: F811
    other = InvoiceLineFactory(invoice__customer__key="other")
    for name in ("explanation", "recompute", "events", "usage"):
        call(f"{LINE}{name}", status=404, invoiceId=other.invoice.ulid, lineId=line.ulid)
