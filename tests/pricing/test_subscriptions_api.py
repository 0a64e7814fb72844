"""Subscriptions over the API: started, read and found."""

from datetime import timedelta

import pytest

from pricing.models import Subscription
from tests.factories import ApiKeyFactory
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


def test_it_reads_a_subscription_in_three_queries(api, django_assert_num_queries):
    acme()
    pro()
    made = subscribe(api, "pro")
    with django_assert_num_queries(3):  # the subscription, its phases, its items; the key is remembered
        assert len(api.get(f"{URL}/{made['id']}").json()["phases"]) == 2


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


def test_it_asks_for_the_scope_to_read_or_to_write(api):
    acme()
    flat()
    made = subscribe(api)
    for scope, reads, writes in (("read", 200, 403), ("write", 403, 204)):
        ApiKeyFactory(secret=f"bil_{scope}", scopes=[scope])
        api.credentials(HTTP_AUTHORIZATION=f"Bearer bil_{scope}")
        assert api.get(f"{URL}/{made['id']}").status_code == reads
        Subscription.objects.update(active_from=NOW + timedelta(days=1))
        assert api.delete(f"{URL}/{made['id']}").status_code == writes


def test_it_finds_none_where_there_is_none(api):
    for answer in (api.get(f"{URL}/{NONE_SUCH}"), api.delete(f"{URL}/{NONE_SUCH}"), post(api, f"/{NONE_SUCH}/cancel")):
        assert (answer.status_code, "There is no subscription" in answer.json()["detail"]) == (404, True)
    assert api.get("/api/v1/customers/nobody/subscriptions").status_code == 404
