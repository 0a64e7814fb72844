"""Customers on a test clock over the API: made, moved, billed."""

import pytest

from invoicing.models import Invoice
from metering.models import Customer, TestClock

pytestmark = pytest.mark.django_db


def clock(api, now="2026-01-01T00:00:00Z"):
    response = api.post("/api/v1/test-clocks", {"name": "Try-out", "now": now}, format="json")
    assert response.status_code == 201
    return response.json()


def test_it_makes_a_clock_and_puts_customers_on_it(api):
    made = clock(api)
    assert made["now"] == "2026-01-01T00:00:00Z"
    assert api.get(f"/api/v1/test-clocks/{made['id']}").json() == made
    assert api.get("/api/v1/test-clocks").json()["items"] == [made]
    body = {"key": "acme", "name": "Acme", "testClockId": made["id"]}
    assert api.post("/api/v1/customers", body, format="json").json()["testClockId"] == made["id"]
    assert Customer.objects.get(key="acme").test_clock == TestClock.objects.get()
    wrong = api.post("/api/v1/customers", body | {"key": "other", "testClockId": "0" * 26}, format="json")
    assert wrong.status_code == 404
    assert Customer.objects.count() == 1


def test_moving_it_bills_who_is_on_it_and_it_never_goes_back(api):
    made = clock(api)
    api.post("/api/v1/customers", {"key": "acme", "name": "Acme", "testClockId": made["id"]}, format="json")
    card = {
        "type": "flat_fee",
        "key": "fee",
        "name": "Fee",
        "billingCadence": "P1M",
        "price": {"type": "flat", "amount": "10", "paymentTerm": "in_advance"},
    }
    body = {"customerKey": "acme", "timing": "2026-01-01T00:00:00Z"}
    custom = {"name": "Pro", "currency": "USD", "billingCadence": "P1M"}
    phases = [{"key": "default", "name": "Default", "duration": None, "rateCards": [card]}]
    sent = body | {"customPlan": custom | {"phases": phases}}
    assert api.post("/api/v1/subscriptions", sent, format="json").status_code == 201
    url = f"/api/v1/test-clocks/{made['id']}/advance"
    # The fees of January, February and March, each in advance.
    moved = api.post(url, {"to": "2026-03-15T00:00:00Z"}, format="json").json()
    assert (moved["now"], moved["invoices"], moved["parked"]) == ("2026-03-15T00:00:00Z", 3, [])
    assert [invoice.total for invoice in Invoice.objects.issued()] == [10, 10, 10]
    back = api.post(url, {"to": "2026-03-01T00:00:00Z"}, format="json")
    assert back.status_code == 409
    assert TestClock.objects.get().now_at.isoformat() == "2026-03-15T00:00:00+00:00"
