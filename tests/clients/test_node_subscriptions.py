"""Plans, add-ons and subscriptions by OpenMeter's Node SDK, by scenarios that run in Node."""

import pytest

from tests.clients import catalogue


@pytest.fixture
def run(node, name):
    bodies = {"plan": catalogue.plan(name), "addon": catalogue.addon(name), "features": catalogue.FEATURES}
    return lambda scenario: node(scenario, **bodies)


def test_it_makes_and_publishes_plans_and_addons(run, name):
    found = run("plans")
    plan = found["plan"]
    assert (plan["key"], plan["version"], plan["status"], found["isDate"]) == (name, 1, "active", True)
    assert [phase["duration"] for phase in plan["phases"]] == ["P2W", "P1M", None]
    cards = {card["key"].removeprefix(f"{name}_"): card for card in plan["phases"][2]["rateCards"]}
    assert cards["tokens"]["price"] == catalogue.GRADUATED
    assert cards["seats"]["price"] == catalogue.VOLUME
    assert cards["batches"]["price"] == catalogue.PACKAGE
    assert cards["calls"]["discounts"] == {"percentage": {"percentage": 12.5}}
    assert cards["tokens"]["entitlementTemplate"] == catalogue.METERED
    assert (found["addon"], found["attached"]) == (["active", "multiple"], [[f"{name}_addon", 9]])
    assert sorted(found["versions"]) == [[1, "active"], [2, "draft"]]
    assert (found["refused"]["status"], found["archived"]) == (400, "archived")


def test_it_subscribes_edits_cancels_migrates_and_changes(run, name):
    found = run("subscriptions")
    assert (found["made"], found["isSame"], found["startsWithIt"]) == (["active", 1, True], True, True)
    assert found["consulting"] == {"type": "flat", "amount": "250", "paymentTerm": "in_arrears"}
    assert found["feature"] == f"{name}_tokens"
    assert (found["canceled"], found["resumed"]) == (["canceled", True], "active")
    assert (found["second"]["status"], found["second"]["title"]) == (409, "Conflict")
    assert found["migrated"] == ["inactive", 2, 1]
    assert (found["changed"], found["statuses"]) == (["canceled", "scheduled"], ["inactive", "canceled"])


def test_it_takes_addons(run, name):
    found = run("subscriptionAddons")
    assert (found["taken"], found["isListed"]) == ([2, f"{name}_addon", 1, 2], True)
    # 20 + 2 x 5, and 2 x 7
    assert (found["amounts"], found["none"]) == ([30, 14], [0, 0])
