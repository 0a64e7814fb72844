"""What an act would do is shown before: the same rows that it then writes, and nothing is written for it."""

from dataclasses import replace

import pytest

from metering.errors import DomainError
from metering.models import Customer
from pricing.contract_edits import RemovePhase, Shift, StretchPhase, UnscheduleEdit
from pricing.durations import Duration
from pricing.models import AddonQuantity, Subscription, SubscriptionAddon, SubscriptionItem, SubscriptionPhase
from pricing.schedule import Schedule
from pricing.services.subscriptions import addons, change, edit, end, start
from pricing.services.subscriptions.edit import AddRateCard
from tests.factories import CustomerFactory
from tests.pricing.contract_rows import AT, DAY, FEB_10, MAR_10, big_plan, in_order, seats_addon, stored
from tests.pricing.contracts_api import fee_card

pytestmark = pytest.mark.django_db

WRITTEN = [Customer, Subscription, SubscriptionPhase, SubscriptionItem, SubscriptionAddon, AddonQuantity]
LATER = FEB_10 + DAY


@pytest.fixture
def addon():
    return seats_addon()[0]


@pytest.fixture
def current(addon):
    plan = addon.plan_addons.get().plan
    return start.start_subscription(customer_id=CustomerFactory().pk, plan_id=plan.pk, at=AT)


def everything():
    return [list(model.objects.order_by("pk").values()) for model in WRITTEN]


def shown(preview, given):
    """Return what a preview says before, after and next, having written nothing."""
    before = everything()
    effect = preview(**given)
    assert everything() == before
    ordered = [in_order(rows) if rows else None for rows in (effect.before, effect.after, effect.next)]
    return effect.at, *ordered


def same(name, module, subscription, **given):
    """Do an act on a subscription as its preview showed it; return the time that the preview named."""
    given = {"subscription_id": subscription.pk, **given}
    was = stored(subscription)
    at, before, after, following = shown(getattr(module, f"preview_{name.removesuffix('_subscription')}"), given)
    done = getattr(module, name)(**given)
    assert (before, after) == (was, stored(subscription))
    assert following == (stored(done[1]) if isinstance(done, tuple) else None)
    assert before != after
    return at


def test_it_shows_a_start_before_it_is_written_and_keeps_the_customer_without_a_currency():
    customer = CustomerFactory(currency=None)
    given = {"customer_id": customer.pk, "plan_id": big_plan().pk, "at": AT, "active_from": LATER}
    at, before, after, following = shown(start.preview_start, given)
    subscription = start.start_subscription(**given)
    assert (at, before, after, following) == (LATER, Schedule(), stored(subscription), None)


@pytest.mark.parametrize(
    ("_case", "operations", "at", "timing"),
    [
        ("item now", [AddRateCard("rest", fee_card("25.00"))], LATER, "immediate"),
        ("item later", [AddRateCard("rest", fee_card("25.00"))], LATER, "next_billing_cycle"),
        ("future phase", [AddRateCard("rest", replace(fee_card("25.00"), key="more"))], AT + DAY, "immediate"),
        ("stretch", [StretchPhase("trial", Duration(days=-3))], AT + DAY, "immediate"),
        ("remove", [RemovePhase("rest", Shift.PREV)], AT + DAY, "immediate"),
    ],
)
def test_it_shows_an_edit_before_it_is_written(current, _case, operations, at, timing):
    effect_at = same("edit_subscription", edit, current, operations=operations, at=at, timing=timing)
    assert effect_at == (MAR_10 if timing == "next_billing_cycle" else at)


def test_it_shows_what_taking_scheduled_edits_back_does(current):
    changes = [AddRateCard("rest", fee_card("25.00"))]
    same("edit_subscription", edit, current, operations=changes, at=LATER, timing="next_billing_cycle")
    same("edit_subscription", edit, current, operations=[UnscheduleEdit()], at=LATER + DAY)


@pytest.mark.parametrize(("timing", "at"), [("immediate", LATER), ("next_billing_cycle", MAR_10), (MAR_10, MAR_10)])
def test_it_shows_both_sides_of_a_change(current, timing, at):
    assert same("change_subscription", change, current, plan_id=big_plan().pk, at=LATER, timing=timing) == at


def test_it_shows_of_a_change_that_awaits_payment_what_it_does_once_paid(current):
    given = {"subscription_id": current.pk, "plan_id": big_plan().pk, "at": LATER, "activate": "on_payment"}
    _, _, after, following = shown(change.preview_change, given)
    _, pending = change.change_subscription(**given)
    change.activate_change(subscription_id=pending.pk, at=LATER)
    assert (after, following) == (stored(current), stored(pending))


def test_it_shows_both_sides_of_a_migration():
    plan = big_plan()
    old = start.start_subscription(customer_id=CustomerFactory().pk, plan_id=plan.pk, at=AT)
    newest = big_plan(at=AT)
    same("migrate_subscription", change, old, at=LATER, starting_phase="rest")
    assert old.superseded_by.plan == newest


def test_it_shows_an_end_and_what_taking_it_back_does(current):
    assert same("cancel_subscription", end, current, at=AT + DAY, active_to=AT + 2 * DAY) == AT + 2 * DAY
    assert same("unschedule_cancelation", end, current, at=AT + DAY) == AT + 2 * DAY
    same("change_subscription", change, current, plan_id=big_plan().pk, at=AT + DAY, timing="next_billing_cycle")
    assert same("restore_subscription", end, current, at=AT + DAY) == AT + 14 * DAY


def test_it_shows_an_addon_and_each_quantity_before_it_is_written(current, addon):
    given = {"subscription_id": current.pk, "addon_id": addon.pk, "quantity": 2, "at": LATER, "timing": "immediate"}
    was = stored(current)
    at, before, after, _ = shown(addons.preview_add_addon, given)
    taken = addons.add_addon(**given)
    assert (at, before, after) == (LATER, was, stored(current))
    for quantity, timing in ((5, "next_billing_cycle"), (3, "immediate"), (0, LATER + 60 * DAY), (0, "immediate")):
        given = {"subscription_addon_id": taken.pk, "quantity": quantity, "at": LATER + DAY, "timing": timing}
        was = stored(current)
        _, before, after, _ = shown(addons.preview_addon_quantity, given)
        addons.change_addon_quantity(**given)
        assert (before, after) == (was, stored(current))
        assert before != after


def test_it_refuses_to_show_what_the_act_refuses_in_the_same_words(current, addon):
    pk = {"subscription_id": current.pk, "at": LATER}
    for module, name, act, given in (
        (end, "preview_cancel", "cancel_subscription", {"active_to": AT}),
        (end, "preview_restore", "restore_subscription", {}),
        (end, "preview_unschedule_cancelation", "unschedule_cancelation", {}),
        (edit, "preview_edit", "edit_subscription", {"operations": [RemovePhase("trial", Shift.NEXT)]}),
        (change, "preview_change", "change_subscription", {"plan_id": current.plan_id, "timing": LATER + DAY}),
        (change, "preview_migrate", "migrate_subscription", {}),
        (addons, "preview_add_addon", "add_addon", {"addon_id": addon.pk, "quantity": 10}),
    ):
        with pytest.raises(DomainError) as preview:
            getattr(module, name)(**pk, **given)
        with pytest.raises(DomainError) as refusal:
            getattr(module, act)(**pk, **given)
        assert (type(preview.value), preview.value.message) == (type(refusal.value), refusal.value.message)
