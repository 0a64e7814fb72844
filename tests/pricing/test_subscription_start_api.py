"""Subscriptions over the API: what can be said of a start, and what cannot start."""

from datetime import timedelta

import pytest

from pricing.models import Subscription
from pricing.services.plans import archive_plan
from tests.factories import CustomerFactory, TestClockFactory
from tests.pricing.conftest import NOW
from tests.pricing.contracts_api import URL, acme, flat, post, pro, subscribe

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("set_now")]


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
