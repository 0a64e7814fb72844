"""Raw answers about plans and subscriptions against the model classes of OpenMeter's Python SDK."""

import json

import pytest
from openmeter import models

from tests.clients import catalogue
from tests.clients.sdk import make_meter
from tests.clients.shapes import misfits


@pytest.fixture
def ask(live_billing):
    def ask(path, body=None):
        sent = None if body is None else json.dumps(body).encode()
        answer = live_billing.request(f"/api/v1{path}", sent, content_type="application/json")
        assert 200 <= answer.status < 300, answer.body
        return answer.json()

    return ask


@pytest.fixture
def plan(client, ask, name):
    make_meter(client, name)
    for feature in catalogue.FEATURES:
        meter = {} if feature in ("region", "support") else {"meterSlug": name}
        made = ask("/features", {"key": f"{name}_{feature}", "name": feature, **meter})
        assert misfits(made, models.Feature) == []
    addon = ask("/addons", catalogue.addon(name))
    assert misfits(addon, models.Addon) == []
    assert misfits(ask(f"/addons/{addon['id']}/publish", {}), models.Addon) == []
    made = ask("/plans", catalogue.plan(name))
    assert misfits(made, models.Plan) == []
    offer = {"addonId": addon["id"], "fromPlanPhase": "standard", "maxQuantity": 9}
    assert misfits(ask(f"/plans/{made['id']}/addons", offer), models.PlanAddon) == []
    published = ask(f"/plans/{made['id']}/publish", {})
    assert misfits(published, models.Plan) == []
    return published


def test_plans_addons_and_features_fit(ask, name, plan):
    assert misfits(ask(f"/plans/{plan['id']}"), models.Plan) == []
    assert misfits(ask("/plans?pageSize=5")["items"], list[models.Plan]) == []
    assert misfits(ask(f"/plans/{plan['id']}/addons"), models.PlanAddonPaginatedResponse) == []
    assert misfits(ask("/addons?pageSize=5")["items"], list[models.Addon]) == []
    assert misfits(ask("/features"), list[models.Feature]) == []
    assert misfits(ask(f"/features/{name}_tokens"), models.Feature) == []


def test_subscriptions_fit(ask, name, plan):
    ask("/customers", {"name": "Acme", "key": name})
    body = {"plan": {"key": name}, "customerKey": name, "description": "By contract", "metadata": {"crm": "17"}}
    made = ask("/subscriptions", {**body, "startingPhase": "standard"})
    assert misfits(made, models.Subscription) == []
    shown = ask(f"/subscriptions/{made['id']}")
    assert misfits(shown, models.SubscriptionExpanded) == []
    assert misfits(ask(f"/customers/{name}/subscriptions"), models.SubscriptionPaginatedResponse) == []
    [offered] = ask(f"/plans/{plan['id']}/addons")["items"]
    wanted = {"name": "Seats", "quantity": 2, "timing": "immediate", "addon": {"id": offered["addon"]["id"]}}
    taken = ask(f"/subscriptions/{made['id']}/addons", wanted)
    assert misfits(taken, models.SubscriptionAddon) == []
    assert misfits(ask(f"/subscriptions/{made['id']}/addons"), list[models.SubscriptionAddon]) == []
    expanded = ask(f"/customers/{name}?expand=subscriptions")
    assert misfits(expanded, models.Customer) == []
    assert expanded["currentSubscriptionId"] == made["id"]


def test_a_change_fits(ask, name, plan):
    ask("/customers", {"name": "Acme", "key": name})
    made = ask("/subscriptions", {"plan": {"key": name}, "customerKey": name})
    changed = ask(f"/subscriptions/{made['id']}/change", {"plan": {"key": name}, "timing": "next_billing_cycle"})
    assert misfits(changed, models.SubscriptionChangeResponseBody) == []
    assert changed["current"]["annotations"].keys() != changed["next"]["annotations"].keys()
