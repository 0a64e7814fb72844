"""What the API answers about credit notes, payments and taxes is what the document says, and what the money is."""

import pytest

from tests.invoicing.contracts import day
from tests.invoicing.money import customer, issued
from tests.test_openapi_answers import call, document  # noqa: F401 (fixtures)

INVOICE = "/api/v1/billing/invoices/{invoiceId}/credit-notes"
PAYMENTS = "/api/v1/billing/payments"
RECEIVED = day(2, 10).isoformat()


def test_tax_codes_and_rates(call):  # noqa: F811
    code = call("POST /api/v1/tax-codes", {"key": "books", "name": "Books", "stripeCode": "txcd_10000000"}, status=201)
    call("POST /api/v1/tax-codes", {"key": "books", "name": "Books"}, status=409)
    rate = {"name": "VAT", "country": "DE", "percentage": "19", "validFrom": day(1, 1).isoformat()}
    general = call("POST /api/v1/tax-rates", rate, status=201)
    reduced = call("POST /api/v1/tax-rates", rate | {"percentage": "7", "taxCodeId": code["id"]}, status=201)
    assert (general["percentage"], reduced["taxCodeId"]) == ("19", code["id"])
    call("POST /api/v1/tax-rates", rate, status=409)
    call("POST /api/v1/tax-rates", rate | {"country": "de"}, status=400)
    call("POST /api/v1/tax-rates", rate | {"taxCodeId": general["id"]}, status=400)
    ended = call("POST /api/v1/tax-rates/{rateId}/end", {"validTo": day(3, 1).isoformat()}, rateId=general["id"])
    assert ended["validTo"] == "2026-03-01T00:00:00Z"
    assert [row["id"] for row in call("GET /api/v1/tax-rates", query={"country": "DE"})["items"]] == [
        general["id"],
        reduced["id"],
    ]
    assert call("GET /api/v1/tax-codes")["items"] == [code]
    # It taxes: 100 + 7
    config = {"taxCodeId": code["id"]}
    assert f"{issued('100.00', tax_configs=[config]).total:f}" == "107.00"


@pytest.fixture
def invoice(db):
    return issued("100.00", "50.00", customer=customer(key="acme"))


def test_credit_notes(call, invoice):  # noqa: F811
    line = invoice.lines.get(position=0).ulid
    body = {"reason": "Outage", "items": [{"lineId": line, "amount": "40.00"}]}
    note = call(f"POST {INVOICE}", body, status=201, invoiceId=invoice.ulid)
    assert (note["number"], note["totals"]["total"], note["used"], note["left"]) == (
        "CN-000001",
        "40.00",
        "40.00",
        "0.00",
    )
    assert (note["invoiceId"], note["lines"][0]["lineId"], note["status"]) == (invoice.ulid, line, "paid")
    over = {"items": [{"lineId": line, "amount": "60.01"}]}
    problem = call(f"POST {INVOICE}", over, status=409, invoiceId=invoice.ulid)
    assert problem["detail"].startswith("Give back at most 60.00 USD of Line 0")
    for wrong, status in (([], 400), ([{"lineId": line, "amount": "0"}], 400), ([{"lineId": "x", "amount": "1"}], 400)):
        call(f"POST {INVOICE}", {"items": wrong}, status=status, invoiceId=invoice.ulid)
    assert call(f"GET {INVOICE}", invoiceId=invoice.ulid)["items"] == [note]
    query = {"customerId": invoice.customer.ulid, "invoiceId": invoice.ulid}
    assert call("GET /api/v1/billing/credit-notes", query=query)["items"] == [note]


def test_payments_and_balances(call, invoice):  # noqa: F811
    sent = {"amount": "100.00", "currency": "USD", "receivedAt": RECEIVED, "reference": "RF18"}
    waiting = call(f"POST {PAYMENTS}", sent, status=201)
    assert (waiting["unmatched"], waiting["allocations"]) == ("100.00", [])
    assert call(f"GET {PAYMENTS}", query={"unmatched": "true"})["items"] == [waiting]
    path = f"{PAYMENTS}/{{paymentId}}"
    to_invoice = {"invoiceId": invoice.ulid, "amount": "30.00"}
    call(f"POST {path}/allocations", to_invoice, status=201, paymentId=waiting["id"])
    call(f"POST {path}/allocations", to_invoice | {"amount": "70.01"}, status=409, paymentId=waiting["id"])
    call(f"POST {path}/allocations", {}, status=400, paymentId=waiting["id"])
    placed = call(
        f"POST {path}/allocations", {"customerId": invoice.customer.ulid}, status=201, paymentId=waiting["id"]
    )
    # 30 + 70 of 150
    assert [row["amount"] for row in placed["allocations"]] == ["30.00", "70.00"]
    over = call(f"POST {PAYMENTS}", sent | {"amount": "60.00", "invoiceId": invoice.ulid}, status=201)
    # 50 were due
    assert (over["allocations"][0]["amount"], over["credits"][0]["amount"]) == ("50.00", "10.00")
    assert call(f"GET {path}", paymentId=over["id"]) == over
    assert call("GET /api/v1/billing/customers/{customerId}/balances", customerId="acme") == [
        {"currency": "USD", "balance": "10.00"}
    ]
    query = {"customerId": invoice.customer.ulid}
    assert [row["id"] for row in call(f"GET {PAYMENTS}", query=query)["items"]] == [over["id"], waiting["id"]]
    call(f"POST {PAYMENTS}", sent | {"currency": "XXY"}, status=400)
    call(f"POST {PAYMENTS}", sent | {"amount": "1.001"}, status=400)
