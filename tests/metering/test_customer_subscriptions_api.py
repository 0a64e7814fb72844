"""What pricing and invoicing add to customers: the subscriptions shown, found by plan, and in the way of deletion."""

from datetime import timedelta

import pytest

from metering.models import Customer, SubjectLink
from tests.factories import (
    START,
    CustomerFactory,
    InvoiceFactory,
    InvoiceLineFactory,
    SubscriptionFactory,
    SubscriptionItemFactory,
    TestClockFactory,
)

URL = "/api/v1/customers"
DAY = timedelta(days=1)
ENDED = {"active_from": START, "active_to": START + DAY}


@pytest.fixture
def acme(api):
    return CustomerFactory(key="acme", name="Acme", currency="USD")


def test_it_names_the_subscription_that_runs(api, acme):
    SubscriptionFactory(customer=acme, **ENDED)
    running = SubscriptionFactory(customer=acme, active_from=START + DAY)
    for body in (api.get(f"{URL}/acme").json(), *api.get(URL).json()["items"]):
        assert body["currentSubscriptionId"] == running.ulid
        assert "subscriptions" not in body


def test_it_names_none_before_or_after(api, acme):
    SubscriptionFactory(customer=acme, **ENDED)
    SubscriptionFactory(customer=acme, active_from=START + timedelta(days=36500))
    body = api.get(f"{URL}/acme", {"expand": "subscriptions"}).json()
    assert "currentSubscriptionId" not in body
    assert body["subscriptions"] == []


def test_it_shows_the_subscription_in_openmeters_shape_where_asked(api, acme):
    running = SubscriptionFactory(customer=acme, active_from=START, plan__key="pro", plan__name="Pro")
    shown = api.get(f"{URL}/acme", {"expand": "subscriptions"}).json()["subscriptions"]
    assert shown == [
        {
            "id": running.ulid,
            "name": "Pro",
            "status": "active",
            "customerId": acme.ulid,
            "plan": {"id": running.plan.ulid, "key": "pro", "version": 1},
            "currency": "USD",
            "billingCadence": "P1M",
            "billingAnchor": "2026-01-01T00:00:00Z",
            "timeZone": "UTC",
            "alignment": {"billablesMustAlign": True},
            "proRatingConfig": {"enabled": True, "mode": "prorate_prices"},
            "settlementMode": "credit_then_invoice",
            "costBasisMode": "dynamic",
            "costBasisPins": [],
            "carriesUsage": True,
            "activeFrom": "2026-01-01T00:00:00Z",
            "createdAt": "2026-01-01T00:00:00Z",
            "updatedAt": "2026-01-01T00:00:00Z",
        }
    ]
    assert api.get(URL, {"expand": "subscriptions"}).json()["items"][0]["subscriptions"] == shown


def test_it_refuses_to_expand_what_there_is_not(api, acme):
    response = api.get(f"{URL}/acme", {"expand": "invoices"})
    assert response.status_code == 400
    assert "Use one of subscriptions." in response.json()["detail"]


def test_it_tells_time_by_each_customers_own_clock(api, acme):
    acme.test_clock = TestClockFactory(now_at=START)
    acme.save()
    SubscriptionFactory(customer=acme, plan__key="pro", **ENDED)
    SubscriptionFactory(customer__key="globex", plan__key="other", **ENDED)
    shown = {item["key"]: item["subscriptions"] for item in api.get(URL, {"expand": "subscriptions"}).json()["items"]}
    assert (len(shown["acme"]), shown["globex"]) == (1, [])
    assert [item["key"] for item in api.get(URL, {"planKey": "pro"}).json()["items"]] == ["acme"]


def test_it_finds_customers_by_the_plan_they_are_on(api, acme):
    SubscriptionFactory(customer=acme, active_from=START, plan__key="pro")
    SubscriptionFactory(customer__key="globex", plan__key="pro_2", active_from=START)
    SubscriptionFactory(customer__key="hooli", plan__key="basic", **ENDED)
    found = {key: api.get(URL, {"planKey": key}).json() for key in ("pro", "basic")}
    assert [item["key"] for item in found["pro"]["items"]] == ["acme"]
    assert (found["pro"]["totalCount"], found["basic"]["totalCount"]) == (1, 0)


@pytest.mark.parametrize("start", [START, START + timedelta(days=36500)])
def test_it_keeps_a_customer_with_a_subscription_that_runs_or_will(api, acme, start):
    SubscriptionFactory(customer=acme, active_from=start, name="Pro")
    response = api.delete(f"{URL}/acme")
    assert response.status_code == 400
    assert response.json()["detail"] == "Cancel the subscription Pro and let it end first."
    acme.refresh_from_db()
    assert acme.deleted_at is None


@pytest.mark.parametrize("state", [{}, {"issued": True}])
def test_it_keeps_a_customer_with_an_invoice_that_is_not_settled(api, acme, state):
    SubscriptionFactory(customer=acme, **ENDED)
    InvoiceFactory(customer=acme, **state)
    response = api.delete(f"{URL}/acme")
    assert (response.status_code, response.json()["extensions"]) == (400, {"code": "customer_has_open_invoices"})
    assert Customer.objects.live().exists()


def test_it_keeps_a_customer_who_owes_what_no_invoice_says_yet(api, acme):
    SubscriptionItemFactory(subscription__customer=acme, subscription__active_to=START + DAY, active_to=START + DAY)
    response = api.delete(f"{URL}/acme")
    assert (response.status_code, response.json()["extensions"]) == (400, {"code": "customer_has_open_invoices"})
    assert Customer.objects.live().exists()


def test_it_lets_a_customer_go_with_whom_all_is_settled(api):
    made = api.post(URL, {"name": "Acme", "key": "acme"}, format="json").json()
    customer = Customer.objects.get(ulid=made["id"])
    subscription = SubscriptionFactory(customer=customer, **ENDED)
    item = SubscriptionItemFactory(subscription=subscription, active_to=START + DAY)
    invoice = InvoiceFactory(customer=customer, billed_at=START)
    InvoiceLineFactory(invoice=invoice, subscription_item=item)
    type(invoice).objects.filter(pk=invoice.pk).update(
        status="paid", number="S1", sequence_number=1, issued_at=START, due_at=START, paid_at=START
    )
    assert api.delete(f"{URL}/acme").status_code == 204
    assert api.delete(f"{URL}/{made['id']}").status_code == 204
    assert not SubjectLink.objects.known_at(None).filter(to_at=None).exists()
    assert invoice.customer == Customer.objects.get(ulid=made["id"])
