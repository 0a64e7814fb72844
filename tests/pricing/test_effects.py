"""What an act would do is shown before, by the act itself: the rows that it then writes, and nothing of it stays."""

from dataclasses import replace

import pytest
from django.db import connection, transaction

from metering.errors import DomainError
from metering.models import Customer
from pricing.contract_edits import RemovePhase, Shift, StretchPhase, UnscheduleEdit
from pricing.durations import Duration
from pricing.models import AddonQuantity, Subscription, SubscriptionAddon, SubscriptionItem, SubscriptionPhase
from pricing.services.plans import PhaseInput
from pricing.services.subscriptions import addons, change, edit, end, start
from pricing.services.subscriptions.contracts import SecondItem
from pricing.services.subscriptions.edit import AddRateCard
from pricing.services.subscriptions.effects import effect_of
from tests.factories import CustomerFactory, FeatureFactory
from tests.pricing.contract_rows import AT, DAY, FEB_10, MAR_10, big_plan, in_order, seats_addon, stored
from tests.pricing.contracts_api import fee_card, published, tokens_card

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


def shown(act, customer, **given):
    """Return from when on an act changes what, by subscription, having written nothing."""
    before = everything()
    effect = effect_of(act=lambda: act(**given), customer_id=customer.pk, at=given["at"])
    assert everything() == before
    return effect.at, [
        tuple(in_order(rows) if rows else None for rows in (one.before, one.after)) for one in effect.courses
    ]


def same(act, subscription, **given):
    """Do an act on a subscription as its effect showed it; return the time from which on it changes anything."""
    given = {"subscription_id": subscription.pk, **given}
    was = stored(subscription)
    at, courses = shown(act, subscription.customer, **given)
    made = act(**given)
    followed = [(None, stored(made[1]))] if isinstance(made, tuple) else []
    assert courses == [(was, stored(subscription)), *followed]
    return at


def test_it_shows_a_start_before_it_is_written_and_keeps_the_customer_without_a_currency():
    customer = CustomerFactory(currency=None)
    given = {"customer_id": customer.pk, "plan_id": big_plan().pk, "at": AT, "active_from": LATER}
    effect = shown(start.start_subscription, customer, **given)
    assert effect == (LATER, [(None, stored(start.start_subscription(**given)))])


@pytest.mark.parametrize(
    ("_case", "operations", "at", "timing", "effect_at"),
    [
        ("item now", [AddRateCard("rest", fee_card("25.00"))], LATER, "immediate", LATER),
        ("item later", [AddRateCard("rest", fee_card("25.00"))], LATER, "next_billing_cycle", MAR_10),
        # The phase `rest` starts after the trial of 14 days.
        (
            "future phase",
            [AddRateCard("rest", replace(fee_card("25.00"), key="more"))],
            AT + DAY,
            "immediate",
            AT + 14 * DAY,
        ),
        ("stretch", [StretchPhase("trial", Duration(days=-3))], AT + DAY, "immediate", AT + 11 * DAY),
        ("remove", [RemovePhase("rest", Shift.PREV)], AT + DAY, "immediate", AT + 14 * DAY),
    ],
)
def test_it_shows_an_edit_before_it_is_written(current, _case, operations, at, timing, effect_at):
    assert same(edit.edit_subscription, current, operations=operations, at=at, timing=timing) == effect_at


def test_it_shows_what_taking_scheduled_edits_back_does(current):
    changes = [AddRateCard("rest", fee_card("25.00"))]
    same(edit.edit_subscription, current, operations=changes, at=LATER, timing="next_billing_cycle")
    assert same(edit.edit_subscription, current, operations=[UnscheduleEdit()], at=LATER + DAY) == MAR_10


@pytest.mark.parametrize(("timing", "at"), [("immediate", LATER), ("next_billing_cycle", MAR_10), (MAR_10, MAR_10)])
def test_it_shows_both_sides_of_a_change(current, timing, at):
    assert same(change.change_subscription, current, plan_id=big_plan().pk, at=LATER, timing=timing) == at


def test_it_shows_nothing_of_a_change_before_it_is_paid_and_both_sides_once_it_is(current):
    given = {"subscription_id": current.pk, "plan_id": big_plan().pk, "at": LATER, "activate": "on_payment"}
    was = stored(current)
    assert shown(change.change_subscription, current.customer, **given) == (LATER, [(was, was)])
    _, pending = change.change_subscription(**given)
    at, courses = shown(change.activate_change, current.customer, subscription_id=pending.pk, at=LATER + DAY)
    change.activate_change(subscription_id=pending.pk, at=LATER + DAY)
    assert (at, courses) == (LATER + DAY, [(was, stored(current)), (None, stored(pending))])


def test_it_shows_both_sides_of_a_migration():
    plan = big_plan()
    old = start.start_subscription(customer_id=CustomerFactory().pk, plan_id=plan.pk, at=AT)
    newest = big_plan(at=AT)
    same(change.migrate_subscription, old, at=LATER, starting_phase="rest")
    assert old.superseded_by.plan == newest


def test_it_shows_an_end_and_what_taking_it_back_does(current):
    assert same(end.cancel_subscription, current, at=AT + DAY, active_to=AT + 2 * DAY) == AT + 2 * DAY
    assert same(end.unschedule_cancelation, current, at=AT + DAY) == AT + 2 * DAY
    given = {"plan_id": big_plan().pk, "at": AT + DAY, "timing": "next_billing_cycle"}
    _, following = change.change_subscription(subscription_id=current.pk, **given)
    was, follows = stored(current), stored(following)
    # The trial ends after 14 days, and with it the first billing period.
    at, courses = shown(end.restore_subscription, current.customer, subscription_id=current.pk, at=AT + DAY)
    end.restore_subscription(subscription_id=current.pk, at=AT + DAY)
    assert (at, courses) == (AT + 14 * DAY, [(was, stored(current)), (follows, None)])


def test_it_shows_an_addon_and_each_quantity_before_it_is_written(current, addon):
    given = {"addon_id": addon.pk, "quantity": 2, "at": LATER, "timing": "immediate"}
    assert same(addons.add_addon, current, **given) == LATER
    taken = current.addons.get()
    for quantity, timing in ((5, "next_billing_cycle"), (3, "immediate"), (0, LATER + 60 * DAY), (0, "immediate")):
        given = {"subscription_addon_id": taken.pk, "quantity": quantity, "at": LATER + DAY, "timing": timing}
        was = stored(current)
        _, courses = shown(addons.change_addon_quantity, current.customer, **given)
        addons.change_addon_quantity(**given)
        assert courses == [(was, stored(current))]
        assert courses[0][0] != courses[0][1]


def test_it_refuses_what_the_database_would_refuse(settings, current):
    settings.ONE_SUBSCRIPTION_PER_CUSTOMER = False
    tokens = PhaseInput([tokens_card(FeatureFactory())])
    one, other = (published(tokens, key=key) for key in ("one", "other"))
    start.start_subscription(customer_id=current.customer_id, plan_id=one.pk, at=AT)
    given = {"customer_id": current.customer_id, "plan_id": other.pk, "at": AT}
    before = everything()
    with pytest.raises(SecondItem):
        effect_of(act=lambda: start.start_subscription(**given), customer_id=current.customer_id, at=AT)
    assert everything() == before


def test_it_leaves_nothing_that_waits_for_a_commit(current):
    def act():
        transaction.on_commit(lambda: None)
        end.cancel_subscription(subscription_id=current.pk, at=LATER)

    effect_of(act=act, customer_id=current.customer_id, at=LATER)
    assert connection.run_on_commit == []


def test_it_refuses_in_the_words_of_the_act(current):
    refused = {"subscription_id": current.pk, "at": LATER, "active_to": AT}
    with pytest.raises(DomainError) as refusal:
        end.cancel_subscription(**refused)
    with pytest.raises(DomainError) as told:
        shown(end.cancel_subscription, current.customer, **refused)
    assert (type(told.value), told.value.message) == (type(refusal.value), refusal.value.message)
