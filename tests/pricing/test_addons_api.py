import pytest

from pricing.models import Addon, PlanAddon
from tests.factories import FeatureFactory
from tests.pricing.catalogue_api import ADDONS, PLANS, addon, errors_of, fee, made, phase, plan, published, usage

pytestmark = pytest.mark.django_db


def test_it_drafts_and_publishes_an_add_on_as_it_was_sent(api):
    sent = addon(fee(key="seat", name="Seat"), instanceType="multiple", metadata={"a": "b"})
    drafted = made(api, ADDONS, sent)
    assert {name: drafted[name] for name in sent} == sent
    assert (drafted["version"], drafted["status"], drafted["validationErrors"]) == (1, "draft", None)
    assert api.post(f"{ADDONS}/{drafted['id']}/publish").json()["status"] == "active"
    assert api.get(f"{ADDONS}/seats").json()["id"] == drafted["id"]


def test_it_keeps_a_draft_with_a_usage_price_in_any_quantity_and_does_not_publish_it(api):
    FeatureFactory(key="tokens")
    drafted = made(api, ADDONS, addon(usage(), instanceType="multiple"))
    expected = [("addon_invalid_ratecard_price_for_multi_instance", "$.rateCards[0].price")]
    assert [(error["code"], error["field"]) for error in drafted["validationErrors"]] == expected
    assert errors_of(api.post(f"{ADDONS}/{drafted['id']}/publish")) == expected


def test_it_replaces_archives_and_deletes(api):
    drafted = made(api, ADDONS, addon())
    sent = {name: value for name, value in addon(name="More seats").items() if name not in ("key", "currency")}
    assert api.put(f"{ADDONS}/{drafted['id']}", sent, format="json").json()["name"] == "More seats"
    assert api.post(f"{ADDONS}/{drafted['id']}/archive").status_code == 400
    assert api.delete(f"{ADDONS}/{drafted['id']}").status_code == 204
    assert made(api, ADDONS, addon())["version"] == 2
    items = api.get(ADDONS, {"status": "draft", "key": "seats"}).json()["items"]
    assert [item["version"] for item in items] == [2]


def test_it_offers_an_add_on_with_a_draft_from_a_phase_on(api):
    seats = published(api, ADDONS, addon(instanceType="multiple"))
    drafted = made(api, PLANS, plan(phase(fee(), key="trial", duration="P1M"), phase(fee(), key="paid")))
    url = f"{PLANS}/{drafted['id']}/addons"
    sent = {"fromPlanPhase": "paid", "maxQuantity": 5, "metadata": {"a": "b"}}
    offered = made(api, url, sent | {"addonId": seats["id"]})
    assert {name: offered[name] for name in sent} == sent
    assert (offered["addon"], offered["validationErrors"]) == (seats, None)
    assert api.post(url, sent | {"addonId": seats["id"]}, format="json").status_code == 409
    for named in (offered["id"], seats["id"], "seats"):
        assert api.get(f"{url}/{named}").json() == offered
    changed = api.put(f"{url}/{seats['id']}", {"fromPlanPhase": "trial"}, format="json").json()
    assert (changed["fromPlanPhase"], "maxQuantity" in changed) == ("trial", False)
    assert api.get(url, {"key": "seats"}).json()["items"] == [changed]
    assert api.get(url, {"key": "other"}).json()["totalCount"] == 0
    assert api.delete(f"{url}/{offered['id']}").status_code == 204
    assert api.get(f"{url}/{offered['id']}").status_code == 404


@pytest.mark.parametrize(
    ("_case", "sent", "offer", "errors"),
    [
        ("phase", {}, {"fromPlanPhase": "gold"}, [("plan_addon_unknown_plan_phase_key", "$.fromPlanPhase")]),
        ("once", {}, {"maxQuantity": 2}, [("plan_addon_max_quantity_must_not_be_set", "$.maxQuantity")]),
        (
            "none",
            {"instanceType": "multiple"},
            {"maxQuantity": 0},
            [("plan_addon_max_quantity_must_be_set", "$.maxQuantity")],
        ),
        ("currency", {"currency": "EUR"}, {}, [("plan_addon_currency_mismatch", "$.addon.currency")]),
        (
            "cadence",
            {"rateCards": [fee(billingCadence="P1Y")]},
            {},
            [("rate_card_billing_cadence_mismatch", "$.addon.rateCards[0].billingCadence")],
        ),
    ],
)
def test_it_refuses_to_offer_what_does_not_fit(api, _case, sent, offer, errors):
    taken = published(api, ADDONS, addon(**sent))
    drafted = made(api, PLANS, plan())
    body = {"addonId": taken["id"], "fromPlanPhase": "default"} | offer
    assert errors_of(api.post(f"{PLANS}/{drafted['id']}/addons", body, format="json")) == errors
    assert not PlanAddon.objects.exists()


def test_it_refuses_to_offer_a_draft_and_to_change_what_a_published_plan_offers(api):
    drafted, seats = made(api, PLANS, plan()), made(api, ADDONS, addon())
    url, body = f"{PLANS}/{drafted['id']}/addons", {"addonId": seats["id"], "fromPlanPhase": "default"}
    assert errors_of(api.post(url, body, format="json")) == [("plan_addon_incompatible_status", "$.addon.status")]
    api.post(f"{ADDONS}/{seats['id']}/publish")
    made(api, url, body)
    api.post(f"{PLANS}/{drafted['id']}/publish")
    response = api.delete(f"{url}/{seats['id']}")
    assert (response.status_code, response.json()["extensions"]["code"]) == (400, "plan_not_draft")
    assert PlanAddon.objects.count() == 1


def test_it_does_not_publish_a_plan_whose_add_on_was_archived(api):
    seats, drafted = published(api, ADDONS, addon()), made(api, PLANS, plan())
    made(api, f"{PLANS}/{drafted['id']}/addons", {"addonId": seats["id"], "fromPlanPhase": "default"})
    api.post(f"{ADDONS}/{seats['id']}/archive")
    assert Addon.objects.get().effective_to is not None
    refused = api.post(f"{PLANS}/{drafted['id']}/publish")
    assert errors_of(refused) == [("plan_addon_incompatible_status", "$.addons[0].addon.status")]
    assert api.get(f"{PLANS}/{drafted['id']}").json()["status"] == "draft"


def test_it_takes_over_what_a_plan_offers_into_its_next_version(api):
    seats, drafted = published(api, ADDONS, addon()), made(api, PLANS, plan())
    made(api, f"{PLANS}/{drafted['id']}/addons", {"addonId": seats["id"], "fromPlanPhase": "default"})
    api.post(f"{PLANS}/{drafted['id']}/publish")
    following = made(api, f"{PLANS}/{drafted['id']}/next", None)
    items = api.get(f"{PLANS}/{following['id']}/addons").json()["items"]
    assert [item["addon"]["key"] for item in items] == ["seats"]
