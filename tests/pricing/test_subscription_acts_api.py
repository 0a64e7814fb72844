"""What is done to subscriptions over the API: edited, cancelled, changed, migrated, deleted."""

from datetime import timedelta

import pytest

from pricing.models import Subscription
from pricing.services.plans import PhaseInput
from tests.factories import FeatureFactory
from tests.pricing.conftest import NOW
from tests.pricing.contracts_api import SUPPORT, URL, acme, fee_card, flat, post, published, subscribe

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("set_now")]

SECOND = "only_single_subscription_allowed_per_customer_at_a_time"


@pytest.fixture
def subscription(api):
    acme()
    flat()
    return subscribe(api)


def test_it_cancels_at_a_time_and_goes_on_again(api, subscription):
    canceled = post(api, f"/{subscription['id']}/cancel", {"timing": "2026-03-10T12:00:00Z"}).json()
    assert (canceled["status"], canceled["activeTo"]) == ("canceled", "2026-03-10T12:00:00Z")
    again = post(api, f"/{subscription['id']}/cancel")
    assert (again.status_code, "in state canceled not allowed" in again.json()["detail"]) == (403, True)
    resumed = post(api, f"/{subscription['id']}/unschedule-cancelation").json()
    assert (resumed["status"], "activeTo" in resumed) == ("active", False)
    refused = post(api, f"/{subscription['id']}/cancel", {"timing": "2026-03-11T12:00:00Z"})
    assert (refused.status_code, refused.json()["extensions"]["validationErrors"][0]["field"]) == (400, "$.timing")


def test_it_changes_to_another_plan_at_the_next_cycle(api, subscription):
    published(PhaseInput([fee_card("50.00")]), key="big")
    body = {"plan": {"key": "big"}, "timing": "next_billing_cycle"}
    changed = post(api, f"/{subscription['id']}/change", body)
    assert changed.status_code == 200, changed.json()
    current, following = changed.json()["current"], changed.json()["next"]
    assert (current["id"], current["status"], current["activeTo"]) == (
        subscription["id"],
        "canceled",
        "2026-02-10T12:00:00Z",
    )
    assert (following["plan"]["key"], following["status"], following["activeFrom"]) == (
        "big",
        "scheduled",
        "2026-02-10T12:00:00Z",
    )
    assert following["billingAnchor"] == "2026-02-10T12:00:00Z"  # a bound of the periods of before
    assert following["phases"][0]["items"][0]["price"]["amount"] == "50.00"
    assert current["annotations"] == {"subscription.superseding.id": following["id"]}
    assert following["annotations"] == {"subscription.previous.id": current["id"]}
    refused = post(api, f"/{subscription['id']}/unschedule-cancelation")
    assert (refused.status_code, refused.json()["extensions"]["code"]) == (409, SECOND)
    restored = post(api, f"/{subscription['id']}/restore").json()
    assert (restored["status"], Subscription.objects.count()) == ("active", 1)


def test_it_keeps_the_old_plan_until_the_new_one_is_paid(api, subscription, set_now):
    published(PhaseInput([fee_card("50.00")]), key="big")
    set_now(NOW + timedelta(days=1))
    body = {"plan": {"key": "big"}, "timing": "immediate", "activate": "on_payment"}
    changed = post(api, f"/{subscription['id']}/change", body).json()
    assert (changed["current"]["status"], "activeTo" in changed["current"]) == ("active", False)
    assert (changed["next"]["status"], changed["next"]["awaitsPayment"]) == ("scheduled", True)
    shown = api.get("/api/v1/customers/acme", {"expand": "subscriptions"}).json()["subscriptions"]
    assert [running["id"] for running in shown] == [subscription["id"]]
    waiting = changed["next"]["id"]
    set_now(NOW + timedelta(days=3))
    paid = post(api, f"/{waiting}/activate")
    assert paid.status_code == 200, paid.json()
    # It takes over when it is paid, not when it was asked for.
    assert (paid.json()["current"]["activeTo"], paid.json()["next"]["activeFrom"]) == ("2026-01-13T12:00:00Z",) * 2
    assert (paid.json()["next"]["status"], "awaitsPayment" in paid.json()["next"]) == ("active", False)
    again = post(api, f"/{waiting}/activate")
    assert (again.status_code, again.json()["extensions"]["code"]) == (409, "subscription_awaits_no_payment")


def test_it_abandons_a_change_that_is_not_paid(api, subscription, set_now):
    published(PhaseInput([fee_card("50.00")]), key="big")
    set_now(NOW + timedelta(days=1))
    body = {"plan": {"key": "big"}, "timing": "immediate", "activate": "on_payment"}
    waiting = post(api, f"/{subscription['id']}/change", body).json()["next"]["id"]
    assert api.delete(f"{URL}/{waiting}").status_code == 204
    assert [(one.ulid, one.active_to) for one in Subscription.objects.all()] == [(subscription["id"], None)]
    assert post(api, f"/{waiting}/activate").status_code == 404


def test_it_changes_to_a_plan_of_its_own(api, subscription, set_now):
    set_now(NOW + timedelta(days=1))
    FeatureFactory(key="tokens")
    tokens = {"type": "usage_based", "key": "tokens", "name": "Tokens", "featureKey": "tokens", "billingCadence": "P1M"}
    price = {"type": "unit", "amount": "0.01"}
    phase = {"key": "only", "name": "Only", "duration": None, "rateCards": [SUPPORT, {**tokens, "price": price}]}
    plan = {"name": "Acme's", "currency": "USD", "billingCadence": "P1M", "phases": [phase]}
    changed = post(api, f"/{subscription['id']}/change", {"customPlan": plan, "timing": "immediate"}).json()
    following = changed["next"]
    assert (following["name"], "plan" in following, following["activeFrom"]) == (
        "Acme's",
        False,
        "2026-01-11T12:00:00Z",
    )
    assert [item["price"] for item in following["phases"][0]["items"]] == [SUPPORT["price"], price]


def test_it_names_everything_that_cannot_be_of_a_plan_of_ones_own(api):
    acme()
    phase = {"key": "only", "name": "Only", "duration": "P1M", "rateCards": [{**SUPPORT, "billingCadence": "P1W"}]}
    plan = {"name": "Acme's", "currency": "USD", "billingCadence": "P1M", "phases": [phase]}
    response = post(api, "", {"customPlan": plan, "customerKey": "acme"})
    assert response.status_code == 400
    found = {error["code"]: error["field"] for error in response.json()["extensions"]["validationErrors"]}
    assert found == {
        "plan_has_last_phase_with_duration": "$.phases[0].duration",
        "rate_card_billing_cadence_unaligned": "$.phases[0].rateCards[0].billingCadence",
    }
    assert not Subscription.objects.exists()


def test_it_migrates_to_the_newest_version(api, subscription, set_now):
    set_now(NOW + timedelta(days=1))
    same = post(api, f"/{subscription['id']}/migrate")
    assert same.status_code == 400
    flat(amount="25.00", at=NOW)
    body = {"targetVersion": 2, "timing": "immediate"}
    moved = post(api, f"/{subscription['id']}/migrate", body).json()
    assert (moved["current"]["plan"]["version"], moved["next"]["plan"]["version"]) == (1, 2)
    assert moved["current"]["activeTo"] == moved["next"]["activeFrom"] == "2026-01-11T12:00:00Z"


def test_it_deletes_what_has_not_started(api, subscription):
    refused = api.delete(f"{URL}/{subscription['id']}")
    assert (refused.status_code, Subscription.objects.count()) == (403, 1)
    post(api, f"/{subscription['id']}/cancel", {"timing": "next_billing_cycle"})
    ahead = subscribe(api, timing="2026-02-10T12:00:00Z")
    assert api.delete(f"{URL}/{ahead['id']}").status_code == 204
    assert Subscription.objects.get().ulid == subscription["id"]
