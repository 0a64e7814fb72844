"""What the API answers about subscriptions is what the document says, member by member."""

import pytest

from tests.pricing.conftest import set_now  # noqa: F401 (a fixture)
from tests.pricing.contracts_api import SUPPORT, acme, flat, pro
from tests.pricing.test_subscription_addons_api import addon  # noqa: F401 (a fixture)
from tests.test_openapi_answers import call, document  # noqa: F401 (fixtures)

pytestmark = pytest.mark.usefixtures("set_now")

ONE = "/api/v1/subscriptions/{subscriptionId}"


def test_subscriptions(call):  # noqa: F811
    acme()
    pro(minimum_amount=500, prorate_minimum=True)
    flat(key="flat")
    sent = {"plan": {"key": "pro"}, "customerKey": "acme", "description": "By contract", "metadata": {"crm": "17"}}
    made = call("POST /api/v1/subscriptions", sent, status=201)
    assert (made["minimumAmount"], made["prorateMinimum"]) == ("500", True)
    call("POST /api/v1/subscriptions", sent, status=409)
    one = {"subscriptionId": made["id"]}
    shown = call(f"GET {ONE}", **one)
    assert shown["phases"][0]["items"][0]["included"]["entitlementTemplate"]
    card = {**SUPPORT, "discounts": {"percentage": {"percentage": 10}}}
    add = {"op": "add_item", "phaseKey": "trial", "rateCard": card}
    call(f"PATCH {ONE}", {"customizations": [add]}, **one)
    call(f"PATCH {ONE}", {"customizations": [{"op": "explode"}]}, status=400, **one)
    changed = {"plan": {"key": "flat"}, "timing": "next_billing_cycle"}
    following = call(f"POST {ONE}/change", changed, **one)["next"]
    call(f"POST {ONE}/unschedule-cancelation", status=409, **one)
    call(f"DELETE {ONE}", status=204, subscriptionId=following["id"])
    call(f"POST {ONE}/unschedule-cancelation", **one)
    call(f"POST {ONE}/cancel", {"timing": "next_billing_cycle"}, **one)
    call(f"POST {ONE}/cancel", {}, status=403, **one)
    call(f"POST {ONE}/restore", **one)
    call(f"POST {ONE}/activate", status=409, **one)
    customer = "/api/v1/customers/{customerIdOrKey}"
    page = call(f"GET {customer}/subscriptions", query={"status": "active"}, customerIdOrKey="acme")
    assert page["totalCount"] == 1
    call(f"GET {customer}", query={"expand": "subscriptions"}, customerIdOrKey="acme")


def test_subscription_addons(call, addon):  # noqa: F811
    acme()
    made = call("POST /api/v1/subscriptions", {"plan": {"key": "flat"}, "customerKey": "acme"}, status=201)
    one = {"subscriptionId": made["id"]}
    sent = {"name": "Seats", "description": "More", "quantity": 2, "timing": "immediate", "addon": {"id": addon.ulid}}
    taken = call(f"POST {ONE}/addons", {**sent, "metadata": {"po": "7"}}, status=201, **one)
    call(f"POST {ONE}/addons", sent, status=409, **one)
    assert call(f"GET {ONE}/addons", **one) == [taken]
    url = f"{ONE}/addons/{{subscriptionAddonId}}"
    none = {"quantity": 0, "timing": "next_billing_cycle"}
    changed = call(f"PATCH {url}", none, subscriptionAddonId=taken["id"], **one)
    assert call(f"GET {url}", subscriptionAddonId=taken["id"], **one) == changed
    call(f"GET {url}", status=404, subscriptionAddonId=made["id"], **one)
