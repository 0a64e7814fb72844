"""Subscriptions are cancelled, go on, give back what was to follow, and are deleted."""

import pytest

from pricing.contract_edits import RemovePhase, Shift
from pricing.models import Subscription, SubscriptionItem, SubscriptionPhase, SubscriptionStatus
from pricing.services.subscriptions import end
from pricing.services.subscriptions.change import change_subscription
from pricing.services.subscriptions.contracts import locked_subscription
from pricing.services.subscriptions.edit import edit_subscription
from pricing.services.subscriptions.end import (
    cancel_subscription,
    delete_subscription,
    restore_subscription,
    unschedule_cancelation,
)
from pricing.services.subscriptions.start import SecondSubscription, start_subscription
from pricing.services.subscriptions.states import TransitionNotAllowed
from tests.factories import CustomerFactory
from tests.pricing.contract_rows import AT, DAY, FEB_10, MAR_10, big_plan, on_flat, rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def current():
    return on_flat()


def cancel(subscription, at=AT + DAY, timing="next_billing_cycle"):
    return cancel_subscription(subscription_id=subscription.pk, at=at, timing=timing)


def test_it_ends_by_the_contract_as_it_is_once_it_has_the_lock(monkeypatch):
    subscription = start_subscription(customer_id=CustomerFactory().pk, plan_id=big_plan().pk, at=AT)

    def locked_after_an_edit(pk):
        # Without the next phase, the trial goes on beyond 24 January.
        edit_subscription(subscription_id=pk, operations=[RemovePhase("rest", Shift.PREV)], at=AT + DAY)
        return locked_subscription(pk)

    monkeypatch.setattr(end, "locked_subscription", locked_after_an_edit)
    assert cancel(subscription).active_to == FEB_10


def test_it_clips_phases_and_items_and_brings_them_back():
    subscription = start_subscription(customer_id=CustomerFactory().pk, plan_id=big_plan().pk, at=AT)
    whole = rows(subscription)
    cancel(subscription)
    assert rows(subscription) == [("0", AT, AT + 14 * DAY)]
    assert list(subscription.phases.values_list("key", "active_to")) == [("trial", AT + 14 * DAY)]
    resumed = unschedule_cancelation(subscription_id=subscription.pk, at=AT + 2 * DAY)
    assert (resumed.active_to, resumed.status(AT + 2 * DAY)) == (None, SubscriptionStatus.ACTIVE)
    assert rows(subscription) == whole == [("0", AT, AT + 14 * DAY), ("50.00", AT + 14 * DAY, None)]


@pytest.mark.parametrize("act", [unschedule_cancelation, restore_subscription])
def test_it_goes_on_only_from_canceled(current, act):
    name = "restore" if act is restore_subscription else "unschedule_cancelation"
    with pytest.raises(TransitionNotAllowed, match=f"transition {name} in state active not allowed") as refusal:
        act(subscription_id=current.pk, at=AT + DAY)
    assert refusal.value.status == 403
    cancel(current)
    with pytest.raises(TransitionNotAllowed, match="in state inactive"):
        act(subscription_id=current.pk, at=FEB_10)
    assert rows(current) == [("20.00", AT, FEB_10)]


def test_it_goes_on_unless_another_one_follows(current):
    _, following = change_subscription(
        subscription_id=current.pk, plan_id=big_plan().pk, at=AT + DAY, timing="next_billing_cycle"
    )
    with pytest.raises(SecondSubscription) as refusal:
        unschedule_cancelation(subscription_id=current.pk, at=AT + 2 * DAY)
    sides = [error["attributes"]["subscriptionId"] for error in refusal.value.extensions["validationErrors"]]
    assert (refusal.value.status, sides) == (409, [current.ulid, following.ulid])
    assert rows(current) == [("20.00", AT, FEB_10)]


def test_it_goes_on_beside_others_but_not_beside_the_one_that_follows_it(current, settings):
    settings.ONE_SUBSCRIPTION_PER_CUSTOMER = False
    given = {"subscription_id": current.pk, "plan_id": big_plan().pk, "at": AT + DAY, "timing": FEB_10}
    _, following = change_subscription(**given)
    with pytest.raises(SecondSubscription, match="Restore Flat, or delete Big first") as refusal:
        unschedule_cancelation(subscription_id=current.pk, at=AT + 2 * DAY)
    assert refusal.value.extensions["validationErrors"][0]["attributes"] == {"subscriptionId": following.ulid}
    assert rows(current) == [("20.00", AT, FEB_10)]
    restore_subscription(subscription_id=current.pk, at=AT + 2 * DAY)
    assert change_subscription(**given)[1].active_from == FEB_10


def test_it_restores_one_and_deletes_all_that_were_to_follow(current):
    plan = big_plan()
    _, following = change_subscription(subscription_id=current.pk, plan_id=plan.pk, at=AT + DAY, timing=FEB_10)
    other = start_subscription(customer_id=CustomerFactory().pk, plan_id=plan.pk, at=AT, active_from=MAR_10)
    restored = restore_subscription(subscription_id=current.pk, at=AT + 2 * DAY)
    assert (restored.active_to, rows(current)) == (None, [("20.00", AT, None)])
    assert list(Subscription.objects.order_by("pk")) == [current, other]
    assert not SubscriptionItem.objects.filter(subscription_id=following.pk).exists()


def test_it_deletes_only_what_has_not_started(current):
    with pytest.raises(TransitionNotAllowed, match="transition delete in state active not allowed") as refusal:
        delete_subscription(subscription_id=current.pk, at=AT + DAY)
    assert (refusal.value.status, Subscription.objects.count()) == (403, 1)
    ahead = start_subscription(customer_id=CustomerFactory().pk, plan_id=current.plan_id, at=AT, active_from=AT + DAY)
    delete_subscription(subscription_id=ahead.pk, at=AT)
    assert (Subscription.objects.get(), SubscriptionItem.objects.count(), SubscriptionPhase.objects.count()) == (
        current,
        1,
        1,
    )
