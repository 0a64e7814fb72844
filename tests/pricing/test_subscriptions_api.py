"""Subscriptions over the API: started, read and found."""

from datetime import timedelta

import pytest

from pricing.models import Subscription
from pricing.services.plans import archive_plan
from tests.factories import CustomerFactory, TestClockFactory
from tests.pricing.conftest import NOW
from tests.pricing.contracts_api import FEE, TIERS, URL, acme, flat, post, pro, subscribe

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("set_now")]

NONE_SUCH = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def test_it_starts_a_subscription_to_the_active_version_at_once(api):
    customer, plan = acme(), flat()
    made = subscribe(api)
    assert made == {
        "id": Subscription.objects.get().ulid,
        "name": "Flat",
        "status": "active",
        "customerId": customer.ulid,
        "plan": {"id": plan.ulid, "key": "flat", "version": 1},
        "currency": "USD",
        "billingCadence": "P1M",
        "billingAnchor": "2026-01-10T12:00:00Z",
        "timeZone": "UTC",
        "alignment": {"billablesMustAlign": True},
        "proRatingConfig": {"enabled": True, "mode": "prorate_prices"},
        "settlementMode": "credit_then_invoice",
        "costBasisMode": "dynamic",
        "costBasisPins": [],
        "carriesUsage": True,
        "activeFrom": "2026-01-10T12:00:00Z",
        "createdAt": "2026-01-10T12:00:00Z",
        "updatedAt": "2026-01-10T12:00:00Z",
    }


def test_it_takes_what_is_said_of_the_subscription(api):
    customer = acme()
    flat()
    made = post(
        api,
        "",
        {
            "plan": {"key": "flat", "version": 1},
            "customerId": customer.ulid,
            "timing": "2026-02-01T00:00:00Z",
            "billingAnchor": "2025-12-01T00:00:00Z",
            "name": "Acme's own",
            "description": "By contract",
            "metadata": {"crm": "17"},
            "alignment": {"billablesMustAlign": True},
        },
    ).json()
    assert (made["status"], made["activeFrom"]) == ("scheduled", "2026-02-01T00:00:00Z")
    assert made["billingAnchor"] == "2026-02-01T00:00:00Z"  # the bound of 1 December's periods at the start
    assert (made["name"], made["description"], made["metadata"]) == ("Acme's own", "By contract", {"crm": "17"})


def test_it_shows_phases_with_their_items_and_the_billing_period(api):
    acme()
    pro()
    made = subscribe(api, "pro")
    shown = api.get(f"{URL}/{made['id']}").json()
    assert {**shown, "phases": None} == {
        **made,
        "alignment": {
            "billablesMustAlign": True,
            "currentAlignedBillingPeriod": {"from": "2026-01-10T12:00:00Z", "to": "2026-02-10T12:00:00Z"},
        },
        "phases": None,
    }
    trial, standard = shown["phases"]
    assert (trial["key"], trial["activeFrom"], trial["activeTo"]) == (
        "trial",
        "2026-01-10T12:00:00Z",
        "2026-02-10T12:00:00Z",
    )
    assert (standard["key"], standard["activeFrom"], "activeTo" in standard) == (
        "standard",
        "2026-02-10T12:00:00Z",
        False,
    )
    # What is ahead shows its items too.
    assert [[item["key"] for item in phase["items"]] for phase in (trial, standard)] == [["tokens"], ["fee", "tokens"]]
    assert standard["itemTimelines"] == {item["key"]: [item] for item in standard["items"]}
    fee, tokens = standard["items"]
    assert (fee["price"], fee["billingCadence"], "featureKey" in fee) == (FEE, "P1M", False)
    assert (tokens["price"], tokens["featureKey"], tokens["included"]["feature"]["key"]) == (TIERS, "tokens", "tokens")
    assert tokens["included"]["entitlementTemplate"]["issueAfterReset"] == 1000


def test_it_shows_a_subscription_as_it_is_at_a_time(api):
    acme()
    pro()
    made = subscribe(api, "pro")
    before = api.get(f"{URL}/{made['id']}", {"at": "2026-01-01T00:00:00Z"}).json()
    later = api.get(f"{URL}/{made['id']}", {"at": "2026-03-15T00:00:00Z"}).json()
    assert (before["status"], later["status"]) == ("scheduled", "active")
    assert later["alignment"]["currentAlignedBillingPeriod"] == {
        "from": "2026-03-10T12:00:00Z",
        "to": "2026-04-10T12:00:00Z",
    }


def test_it_starts_in_a_later_phase(api):
    acme()
    pro()
    made = subscribe(api, "pro", startingPhase="standard")
    [phase] = api.get(f"{URL}/{made['id']}").json()["phases"]
    assert (phase["key"], phase["activeFrom"]) == ("standard", "2026-01-10T12:00:00Z")


def test_it_answers_the_same_where_a_start_is_repeated_with_its_key(api):
    acme()
    flat()
    body = {"plan": {"key": "flat"}, "customerKey": "acme"}
    first, again = (post(api, "", body, **{"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert Subscription.objects.count() == 1


def test_it_tells_time_by_the_customers_own_clock(api):
    acme(test_clock=TestClockFactory(now_at=NOW - timedelta(days=300)))
    flat()
    api.post(URL, {"plan": {"key": "flat"}, "customerKey": "acme"}, format="json")
    assert Subscription.objects.get().active_from == NOW - timedelta(days=300)


@pytest.mark.parametrize(
    ("body", "status", "code", "says"),
    [
        ({}, 400, None, "Name the customer by customerId or customerKey."),
        ({"customerKey": "acme"}, 400, None, "Send either plan or customPlan."),
        ({"customerKey": "nobody", "plan": {"key": "flat"}}, 404, None, "There is no customer nobody"),
        ({"customerKey": "acme", "plan": {"key": "none"}}, 404, None, "There is no plan none"),
        ({"customerKey": "acme", "plan": {"key": "flat", "version": 2}}, 400, "plan_not_active", "instead of 2"),
        ({"customerKey": "acme", "plan": {"key": "old"}}, 400, "plan_not_active", "active version"),
        ({"customerKey": "acme", "plan": {"key": "flat"}, "timing": "soon"}, 400, None, "Use immediate or next_bill"),
        (
            {"customerKey": "acme", "plan": {"key": "flat"}, "timing": "next_billing_cycle"},
            400,
            "subscription_timing_invalid",
            "has no billing cycle yet",
        ),
        (
            {"customerKey": "acme", "plan": {"key": "flat"}, "timing": "2026-01-10T11:57:59Z"},
            400,
            "subscription_timing_invalid",
            "from 2026-01-10T12:00:00+00:00 on",
        ),
        ({"customerKey": "acme", "plan": {"key": "flat"}, "costBasisMode": "pinned"}, 400, None, "Use dynamic"),
        ({"customerKey": "acme", "plan": {"key": "flat"}, "settlementMode": "credit_only"}, 400, None, "credit"),
        ({"customerKey": "acme", "plan": {"key": "flat"}, "startingPhase": "x"}, 400, None, "instead of x"),
        ({"customerKey": "euro", "plan": {"key": "flat"}}, 400, "customer_currency_mismatch", "a plan in EUR"),
    ],
)
def test_it_refuses_what_cannot_start(api, body, status, code, says):
    acme()
    CustomerFactory(key="euro", currency="EUR")
    flat()
    archive_plan(plan_id=flat(key="old").pk, at=NOW)
    response = post(api, "", body)
    assert response.status_code == status, response.json()
    assert says in response.json()["detail"]
    assert code is None or response.json()["extensions"]["code"] == code
    assert not Subscription.objects.exists()


def test_it_refuses_a_deleted_customer(api):
    customer = acme(deleted_at=NOW)
    flat()
    assert post(api, "", {"plan": {"key": "flat"}, "customerId": customer.ulid}).status_code == 412


def test_it_refuses_a_second_subscription_and_names_both_sides(api):
    acme()
    flat()
    first = subscribe(api)
    response = post(api, "", {"plan": {"key": "flat"}, "customerKey": "acme"})
    assert response.status_code == 409
    extensions = response.json()["extensions"]
    assert extensions["code"] == "only_single_subscription_allowed_per_customer_at_a_time"
    assert [error["code"] for error in extensions["validationErrors"]] == [extensions["code"]] * 2
    assert extensions["validationErrors"][1]["attributes"] == {"subscriptionId": first["id"]}


def test_it_lists_a_customers_subscriptions(api, set_now):
    acme()
    flat()
    ended = subscribe(api)
    set_now(NOW + timedelta(days=1))
    post(api, f"/{ended['id']}/cancel")
    canceled = subscribe(api)
    post(api, f"/{canceled['id']}/cancel", {"timing": "next_billing_cycle"})
    ahead = subscribe(api, timing="2026-02-11T12:00:00Z")
    numbers = {ended["id"]: 1, canceled["id"]: 2, ahead["id"]: 3}

    def listed(**query):
        return [numbers[item["id"]] for item in api.get("/api/v1/customers/acme/subscriptions", query).json()["items"]]

    assert listed() == listed(orderBy="activeTo") == [1, 2, 3]
    assert listed(order="DESC") == listed(order="DESC", orderBy="activeTo") == [3, 2, 1]
    assert [listed(status=status) for status in ("inactive", "canceled", "scheduled", "active")] == [[1], [2], [3], []]
    assert listed(status=["inactive", "scheduled"]) == [1, 3]
    page = api.get("/api/v1/customers/acme/subscriptions", {"page": 2, "pageSize": 2}).json()
    assert (page["page"], page["pageSize"], page["totalCount"], len(page["items"])) == (2, 2, 3, 1)
    assert api.get("/api/v1/customers/acme/subscriptions", {"status": "gone"}).status_code == 400


def test_it_finds_none_where_there_is_none(api):
    for answer in (api.get(f"{URL}/{NONE_SUCH}"), api.delete(f"{URL}/{NONE_SUCH}"), post(api, f"/{NONE_SUCH}/cancel")):
        assert (answer.status_code, "There is no subscription" in answer.json()["detail"]) == (404, True)
    assert api.get("/api/v1/customers/nobody/subscriptions").status_code == 404
