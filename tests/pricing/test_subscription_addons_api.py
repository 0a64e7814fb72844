"""Add-ons of subscriptions over the API: taken, in a quantity that changes, and shown with what they affect."""

from datetime import timedelta

import pytest

from pricing.models import AddonQuantity, Subscription, SubscriptionAddon
from pricing.services.addons import create_addon, publish_addon
from pricing.services.plan_addons import attach_addon
from pricing.services.plans import PhaseInput, RateCardInput, create_plan, publish_plan
from tests.pricing.conftest import NOW
from tests.pricing.contracts_api import START, URL, acme, fee_card, post, subscribe

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("set_now")]

NONE_SUCH = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


@pytest.fixture
def addon():
    """Seats at 5.00 on top of the fee, and a seat fee of 7.00 of their own, at most 9 of them."""
    seats = RateCardInput("flat_fee", "seats", "Seats", {"type": "flat", "amount": "7.00", "paymentTerm": "in_advance"})
    made = create_addon(
        key="seats",
        name="Seats",
        currency="USD",
        at=START,
        rate_cards=[fee_card("5.00"), seats],
        instance_type="multiple",
    )
    publish_addon(addon_id=made.pk, at=START)
    plan = create_plan(key="flat", name="Flat", currency="USD", at=START, phases=[PhaseInput([fee_card()])])
    attach_addon(plan_id=plan.pk, addon_id=made.pk, from_phase_key="default", max_quantity=9, at=START)
    publish_plan(plan_id=plan.pk, at=START)
    made.refresh_from_db()
    return made


@pytest.fixture
def subscription(api, addon):
    acme()
    return subscribe(api)


def take(api, subscription, addon_id, **body):
    sent = {"name": "More seats", "quantity": 2, "timing": "immediate", "addon": {"id": addon_id}, **body}
    return post(api, f"/{subscription['id']}/addons", sent)


def items_of(api, subscription):
    [phase] = api.get(f"{URL}/{subscription['id']}").json()["phases"]
    return {item["key"]: item for item in phase["items"]}


def test_it_takes_an_addon_and_shows_what_it_affects(api, subscription, addon, set_now):
    set_now(NOW + timedelta(days=1))
    taken = take(api, subscription, addon.ulid, metadata={"po": "7"})
    assert taken.status_code == 201, taken.json()
    items = items_of(api, subscription)
    # 20.00 + 2 x 5.00, and 2 x 7.00
    assert (items["fee"]["price"]["amount"], items["seats"]["price"]["amount"]) == ("30.00", "14.00")
    body = {**taken.json()}
    cards = body.pop("rateCards")
    assert body == {
        "id": SubscriptionAddon.objects.get().ulid,
        "name": "More seats",
        "metadata": {"po": "7"},
        "addon": {"id": addon.ulid, "key": "seats", "version": 1, "instanceType": "multiple"},
        "subscriptionId": subscription["id"],
        "quantity": 2,
        "quantityAt": "2026-01-11T12:00:00Z",
        "timeline": [{"activeFrom": "2026-01-11T12:00:00Z", "quantity": 2}],
        "activeFrom": "2026-01-11T12:00:00Z",
        "createdAt": "2026-01-11T12:00:00Z",
        "updatedAt": "2026-01-11T12:00:00Z",
    }
    affected = {card["rateCard"]["key"]: card["affectedSubscriptionItemIds"] for card in cards}
    assert affected == {key: [items[key]["id"]] for key in ("fee", "seats")}
    url = f"{URL}/{subscription['id']}/addons"
    assert api.get(url).json() == [taken.json()]
    assert api.get(f"{url}/{body['id']}").json() == taken.json()


def test_it_changes_the_quantity_over_time(api, subscription, addon, set_now):
    url = f"{URL}/{subscription['id']}/addons/{take(api, subscription, addon.ulid).json()['id']}"
    set_now(NOW + timedelta(days=1))
    more = api.patch(url, {"quantity": 3, "timing": "immediate"}, format="json").json()
    assert (more["quantity"], items_of(api, subscription)["fee"]["price"]["amount"]) == (3, "35.00")
    ends = api.patch(url, {"quantity": 0, "timing": "next_billing_cycle", "name": "Seats till then"}, format="json")
    body = ends.json()
    assert (body["quantity"], body["name"], body["activeTo"]) == (3, "Seats till then", "2026-02-10T12:00:00Z")
    assert body["timeline"] == [
        {"activeFrom": "2026-01-10T12:00:00Z", "activeTo": "2026-01-11T12:00:00Z", "quantity": 2},
        {"activeFrom": "2026-01-11T12:00:00Z", "activeTo": "2026-02-10T12:00:00Z", "quantity": 3},
        {"activeFrom": "2026-02-10T12:00:00Z", "quantity": 0},
    ]
    set_now(NOW + timedelta(days=31))
    assert (api.get(url).json()["quantity"], items_of(api, subscription)["fee"]["price"]["amount"]) == (0, "20.00")


def test_it_shows_no_quantity_before_it_starts(api, subscription, addon):
    taken = take(api, subscription, addon.ulid, timing="next_billing_cycle").json()
    assert (taken["quantity"], taken["activeFrom"]) == (0, "2026-02-10T12:00:00Z")


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"quantity": 0}, 400, "Take at least one"),
        ({"quantity": 10}, 400, "9"),
        ({"quantity": -1}, 400, "quantity"),
        ({"quantity": None}, 400, "quantity"),
        ({"addon_id": NONE_SUCH}, 404, "There is no add-on"),
        ({"timing": "2026-01-01T00:00:00Z"}, 400, "from 2026-01-10"),
    ],
)
def test_it_refuses_what_cannot_be_taken(api, subscription, addon, body, status, says):
    response = take(api, subscription, **{"addon_id": addon.ulid, **body})
    assert (response.status_code, says in response.json()["detail"]) == (status, True), response.json()
    assert not SubscriptionAddon.objects.exists()


def test_it_refuses_an_addon_twice_and_an_edit_beside_it(api, subscription, addon):
    taken = take(api, subscription, addon.ulid).json()
    assert take(api, subscription, addon.ulid).status_code == 409
    edit = {"customizations": [{"op": "remove_item", "phaseKey": "default", "itemKey": "fee"}]}
    assert api.patch(f"{URL}/{subscription['id']}", edit, format="json").status_code == 403
    url = f"{URL}/{subscription['id']}/addons"
    assert api.get(f"{url}/{NONE_SUCH}").status_code == 404
    refused = api.patch(f"{url}/{taken['id']}", {"quantity": 10, "name": "Ten"}, format="json")
    assert (refused.status_code, SubscriptionAddon.objects.get().name) == (400, "More seats")
    assert AddonQuantity.objects.get().quantity == 2


@pytest.mark.parametrize("timing", ["9999-12-31T23:59:59Z", "9999-12-30T00:00:00Z", "9998-06-01T00:00:00Z"])
def test_it_refuses_times_near_the_end_of_the_calendar(api, subscription, addon, timing):
    taken = take(api, subscription, addon.ulid).json()
    url = f"/{subscription['id']}"
    sent = {"timing": timing, "plan": {"key": "flat"}, "quantity": 3}
    answers = [post(api, f"{url}/cancel", sent), post(api, f"{url}/change", sent)]
    answers.append(api.patch(f"{URL}{url}/addons/{taken['id']}", sent, format="json"))
    for answer in answers:
        assert (answer.status_code, "within the next 100 years" in answer.json()["detail"]) == (400, True)
    assert (Subscription.objects.get().active_to, AddonQuantity.objects.get().quantity) == (None, 2)
