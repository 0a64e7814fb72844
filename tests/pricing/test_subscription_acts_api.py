"""What is done to subscriptions over the API: edited, cancelled, changed, migrated, deleted."""

from datetime import timedelta

import pytest

from pricing.models import Subscription
from pricing.services.plans import PhaseInput
from tests.factories import FeatureFactory
from tests.pricing.conftest import NOW
from tests.pricing.contracts_api import FEE, URL, acme, fee_card, flat, post, pro, published, subscribe

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("set_now")]

SUPPORT = {
    "type": "flat_fee",
    "key": "support",
    "name": "Support",
    "billingCadence": "P1M",
    "price": {"type": "flat", "amount": "5", "paymentTerm": "in_arrears"},
}
SECOND = "only_single_subscription_allowed_per_customer_at_a_time"


@pytest.fixture
def subscription(api):
    acme()
    flat()
    return subscribe(api)


def read(api, subscription):
    return api.get(f"{URL}/{subscription['id']}").json()


def edit(api, subscription, *operations, **body):
    customizations = {"customizations": list(operations), **body}
    return api.patch(f"{URL}/{subscription['id']}", customizations, format="json")


def test_it_adds_and_removes_items(api, subscription, set_now):
    set_now(NOW + timedelta(days=1))
    add = {"op": "add_item", "phaseKey": "default", "rateCard": SUPPORT}
    dearer = {**SUPPORT, "key": "fee", "name": "Base fee", "price": {**FEE, "amount": "30.00"}}
    edited = edit(api, subscription, add, {**add, "rateCard": dearer})
    assert (edited.status_code, edited.json()["id"]) == (200, subscription["id"])
    [phase] = read(api, subscription)["phases"]
    assert {item["key"]: item["price"]["amount"] for item in phase["items"]} == {"fee": "30.00", "support": "5"}
    ranges = [(item["activeFrom"], item.get("activeTo")) for item in phase["itemTimelines"]["fee"]]
    assert ranges == [("2026-01-10T12:00:00Z", "2026-01-11T12:00:00Z"), ("2026-01-11T12:00:00Z", None)]
    set_now(NOW + timedelta(days=2))
    remove = {"op": "remove_item", "phaseKey": "default", "itemKey": "support"}
    assert edit(api, subscription, remove, timing="next_billing_cycle").status_code == 200
    [phase] = read(api, subscription)["phases"]
    [support] = phase["itemTimelines"]["support"]
    assert support["activeTo"] == "2026-02-10T12:00:00Z"
    assert edit(api, subscription, {"op": "unschedule_edit"}).status_code == 200
    [phase] = read(api, subscription)["phases"]
    assert "activeTo" not in phase["itemTimelines"]["support"][0]


def test_it_adds_stretches_and_removes_phases(api):
    acme()
    pro()
    made = subscribe(api, "pro")
    stretched = edit(api, made, {"op": "stretch_phase", "phaseKey": "trial", "extendBy": "P7D"})
    assert stretched.status_code == 200, stretched.json()
    starts = {phase["key"]: phase["activeFrom"] for phase in read(api, made)["phases"]}
    assert starts == {"trial": "2026-01-10T12:00:00Z", "standard": "2026-02-17T12:00:00Z"}
    phase = {"key": "later", "name": "Later", "startAfter": "P6M"}
    item = {"op": "add_item", "phaseKey": "later", "rateCard": SUPPORT}
    added = edit(api, made, {"op": "add_phase", "phase": phase}, item)
    assert added.status_code == 200, added.json()
    assert read(api, made)["phases"][2]["activeFrom"] == "2026-07-10T12:00:00Z"
    assert edit(api, made, {"op": "remove_phase", "phaseKey": "later", "shift": "prev"}).status_code == 200
    assert [phase["key"] for phase in read(api, made)["phases"]] == ["trial", "standard"]


@pytest.mark.parametrize(
    ("operation", "status", "field"),
    [
        ({"op": "explode"}, 400, "$.customizations[0].op"),
        ({"op": "add_item", "phaseKey": "default"}, 400, "$.customizations[0].rateCard"),
        ({"op": "remove_item", "phaseKey": "default", "itemKey": "none"}, 400, "$.customizations[0]"),
        ({"op": "stretch_phase", "phaseKey": "default", "extendBy": "a week"}, 400, "$.customizations[0].extendBy"),
        ({"op": "stretch_phase", "phaseKey": "default", "extendBy": "P1W"}, 409, "$.customizations[0]"),
        (
            {"op": "add_item", "phaseKey": "default", "rateCard": {**SUPPORT, "billingCadence": "P1W"}},
            400,
            "$.phases[?(@.key=='default')].items.support.billingCadence",
        ),
        (
            {"op": "add_item", "phaseKey": "default", "rateCard": {**SUPPORT, "featureKey": "support"}},
            400,
            "$.phases[?(@.key=='default')].items.support.featureKey",
        ),
    ],
)
def test_it_refuses_an_edit_that_cannot_be_and_says_where(api, subscription, operation, status, field):
    before = read(api, subscription)
    response = edit(api, subscription, operation)
    assert response.status_code == status, response.json()
    assert response.json()["extensions"]["validationErrors"][0]["field"] == field
    assert read(api, subscription) == before


@pytest.mark.parametrize("body", [{"customizations": []}, {}, {"customizations": [{"op": "unschedule_edit"}] * 101}])
def test_it_takes_1_to_100_operations(api, subscription, body):
    assert api.patch(f"{URL}/{subscription['id']}", body, format="json").status_code == 400


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
