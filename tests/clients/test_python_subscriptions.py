"""Features, plans, add-ons and subscriptions by OpenMeter's Python SDK."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from corehttp.exceptions import HttpResponseError, ResourceExistsError
from openmeter import Client
from openmeter import models as om

from tests.clients import catalogue
from tests.clients.sdk import make_meter

SECOND = "only_single_subscription_allowed_per_customer_at_a_time"


@pytest.fixture
def features(client, name):
    """Every feature of the plan, all measured but two."""
    make_meter(client, name)
    made = {}
    for feature in catalogue.FEATURES:
        meter = {} if feature in ("region", "support") else {"meter_slug": name}
        key = f"{name}_{feature}"
        made[feature] = client.features.create(om.FeatureCreateInputs(key=key, name=feature.title(), **meter))
    return made


@pytest.fixture
def plan(client, name, features):
    """The plan with every kind of price, and an add-on, published."""
    addon = client.addons.publish(client.addons.create(om.AddonCreate(catalogue.addon(name))).id)
    made = client.plans.create(om.PlanCreate(catalogue.plan(name)))
    attach = om.PlanAddonCreate(addon_id=addon.id, from_plan_phase="standard", max_quantity=9)
    client.plan_addons.create(made.id, attach)
    return client.plans.publish(made.id)


@pytest.fixture
def customer(client, name):
    return client.customers.create(om.CustomerCreate(name="Acme", key=name, currency="USD"))


def subscribe(client, plan, customer, **fields):
    wanted = om.PlanReferenceInput(key=plan.key)
    return client.subscriptions.create(om.PlanSubscriptionCreate(plan=wanted, customer_id=customer.id, **fields))


def test_it_makes_and_publishes_the_plan(client, name, features, plan):
    assert features["tokens"].meter_slug == name
    assert (plan.status, plan.version, plan.key) == ("active", 1, name)
    assert [phase.key for phase in plan.phases] == ["trial", "ramp", "standard"]
    assert plan.phases[2].duration is None
    cards = {card["key"].removeprefix(f"{name}_"): card for card in plan.phases[2].rate_cards}
    assert cards["tokens"]["price"]["tiers"] == catalogue.GRADUATED["tiers"]
    assert {cards[key]["price"]["type"] for key in ("calls", "batches", "spend")} == {"unit", "package", "dynamic"}
    assert cards["region"]["entitlementTemplate"] == catalogue.STATIC
    assert client.plans.get(plan.id).effective_from == plan.effective_from
    [attached] = client.plan_addons.list(plan.id).items_property
    assert (attached.addon.key, attached.from_plan_phase, attached.max_quantity) == (f"{name}_addon", "standard", 9)


def test_it_subscribes_edits_cancels_and_goes_on(client, plan, customer):
    made = subscribe(client, plan, customer, starting_phase="standard", metadata={"crm": "17"})
    assert (made.status, made.plan.version, dict(made.metadata)) == ("active", 1, {"crm": "17"})
    support = catalogue.fee_card("consulting", catalogue.flat("250", "in_arrears"))
    edit = om.SubscriptionEdit(
        customizations=[
            om.EditSubscriptionAddItem(
                op=om.EditOp.ADD_ITEM, phase_key="standard", rate_card=om.RateCardFlatFee(support)
            ),
            om.EditSubscriptionRemoveItem(op=om.EditOp.REMOVE_ITEM, phase_key="standard", item_key="fee"),
        ],
        timing="immediate",
    )
    assert client.subscriptions.edit(made.id, edit).id == made.id
    expanded = client.subscriptions.get_expanded(made.id)
    [phase] = expanded.phases
    assert {"consulting", "fee"} & {item.key for item in phase.items_property} == {"consulting"}
    [fee] = phase.item_timelines["fee"]
    assert fee.active_to is not None
    period = expanded.alignment.current_aligned_billing_period
    assert period.from_property == made.active_from
    canceled = client.subscriptions.cancel(made.id, om.CancelRequest(timing="next_billing_cycle"))
    assert (canceled.status, canceled.active_to) == ("canceled", period.to)
    assert client.subscriptions.unschedule_cancelation(made.id).status == "active"
    client.subscriptions.cancel(made.id, om.CancelRequest(timing=period.to))
    assert client.subscriptions.restore(made.id).status == "active"


def test_it_shifts_phases(client, plan, customer):
    made = subscribe(client, plan, customer)
    before = {phase.key: phase.active_from for phase in client.subscriptions.get_expanded(made.id).phases}
    stretch = om.EditSubscriptionStretchPhase(
        op=om.EditOp.STRETCH_PHASE, phase_key="trial", extend_by=timedelta(days=7)
    )
    client.subscriptions.edit(made.id, om.SubscriptionEdit(customizations=[stretch]))
    phases = client.subscriptions.get_expanded(made.id).phases
    assert [phase.key for phase in phases] == ["trial", "ramp", "standard"]
    assert phases[1].active_from - before["ramp"] == timedelta(days=7)
    later = client.subscriptions.get_expanded(made.id, at=phases[2].active_from + timedelta(days=1))
    assert later.alignment.current_aligned_billing_period.from_property >= phases[2].active_from


def test_it_takes_addons(client, plan, customer):
    made = subscribe(client, plan, customer, starting_phase="standard")
    [offered] = client.plan_addons.list(plan.id).items_property
    taken = client.subscription_addons.create(
        made.id,
        om.SubscriptionAddonCreate(
            name="Seats",
            quantity=2,
            timing="immediate",
            addon=om.SubscriptionAddonCreateAddon(id=offered.addon.id),
        ),
    )
    assert (taken.quantity, taken.addon.instance_type, len(taken.timeline)) == (2, "multiple", 1)
    [phase] = client.subscriptions.get_expanded(made.id).phases
    items = {item.key: item for item in phase.items_property}
    # 20 + 2 x 5, and 2 x 7
    assert (float(items["fee"].price["amount"]), float(items["extra"].price["amount"])) == (30, 14)
    affected = {card.rate_card["key"]: card.affected_subscription_item_ids for card in taken.rate_cards}
    assert affected == {key: [items[key].id] for key in ("fee", "extra")}
    update = om.SubscriptionAddonUpdate(quantity=0, timing="immediate")
    assert client.subscription_addons.update(made.id, taken.id, update).quantity == 0
    assert client.subscription_addons.get(made.id, taken.id).quantity == 0
    assert [addon.id for addon in client.subscription_addons.list(made.id)] == [taken.id]


def test_it_changes_migrates_and_deletes(client, name, plan, customer):
    made = subscribe(client, plan, customer, starting_phase="standard")
    second = client.plans.publish(client.plans.create(om.PlanCreate(catalogue.plan(name, name="Pro 2"))).id)
    migrated = client.subscriptions.migrate(made.id, om.MigrateRequest(starting_phase="standard"))
    assert (migrated.current.id, migrated.next.plan.version) == (made.id, second.version)
    phase = {"key": "only", "name": "Only", "duration": None, "rateCards": [catalogue.fee_card()]}
    own = om.CustomPlanInput({"name": "Own", "currency": "USD", "billingCadence": "P1M", "phases": [phase]})
    change = om.CustomSubscriptionChange(timing="next_billing_cycle", custom_plan=own)
    changed = client.subscriptions.change(migrated.next.id, change)
    assert (changed.current.status, changed.next.status, changed.next.plan) == ("canceled", "scheduled", None)
    assert changed.current.active_to == changed.next.active_from
    client.subscriptions.delete(changed.next.id)
    assert client.subscriptions.unschedule_cancelation(migrated.next.id).status == "active"
    page = client.customers.list_customer_subscriptions(name, order="DESC", order_by="activeFrom", page_size=1)
    assert (page.total_count, page.items_property[0].id) == (2, migrated.next.id)
    ended = client.customers.list_customer_subscriptions(name, status=["inactive"])
    assert [subscription.id for subscription in ended.items_property] == [made.id]


def test_five_at_once_make_one_subscription(live_billing, client, plan, customer):
    together, found = threading.Barrier(5), []

    def start():
        with Client(endpoint=live_billing.url, token=live_billing.api_key, retry_total=0) as own:
            together.wait()
            try:
                found.append(subscribe(own, plan, customer).status)
            except HttpResponseError as refusal:
                found.append((refusal.status_code, refusal.response.json()["extensions"]["code"]))

    threads = [threading.Thread(target=start) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found, key=str) == [(409, SECOND)] * 4 + ["active"]
    assert client.customers.list_customer_subscriptions(customer.key).total_count == 1


def test_it_raises_what_stands_in_the_way(client, plan, customer):
    made = subscribe(client, plan, customer, timing=datetime.now(UTC) + timedelta(days=1))
    assert made.status == "scheduled"
    with pytest.raises(ResourceExistsError):
        subscribe(client, plan, customer)
    with pytest.raises(HttpResponseError) as refused:
        client.subscriptions.cancel(made.id, om.CancelRequest(timing="immediate"))
    assert (refused.value.status_code, refused.value.model.title) == (403, "Forbidden")
    with pytest.raises(HttpResponseError) as refused:
        client.plans.publish(plan.id)
    assert refused.value.status_code == 400
