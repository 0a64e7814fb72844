"""Edits of subscriptions over the API."""

from datetime import timedelta

import pytest

from tests.pricing.conftest import NOW
from tests.pricing.contracts_api import FEE, SUPPORT, URL, acme, flat, pro, subscribe

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("set_now")]


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
