"""Seats on top of a subscription: 5 with the fee and 7 of their own apiece, from the plan's last phase on."""

import pytest

from pricing.models import AddonQuantity, SubscriptionAddon
from pricing.services.subscriptions.addons import (
    AddonNotOnPlan,
    AddonTaken,
    AddonTooEarly,
    InvalidQuantity,
    add_addon,
    change_addon_quantity,
)
from pricing.services.subscriptions.edit import AddRateCard, HasAddons, edit_subscription
from pricing.services.subscriptions.end import cancel_subscription
from pricing.services.subscriptions.start import start_subscription
from pricing.services.subscriptions.states import TransitionNotAllowed
from pricing.services.subscriptions.timing import InvalidTiming
from tests.factories import AddonFactory, CustomerFactory
from tests.pricing.contract_rows import AT, DAY, FEB_10, MAR_10, rows, seats_addon, stored
from tests.pricing.contracts_api import fee_card

pytestmark = pytest.mark.django_db

REST = AT + 14 * DAY  # the trial's end
LATER = FEB_10 + DAY


@pytest.fixture
def addon():
    return seats_addon()[0]


@pytest.fixture
def current(addon):
    plan = addon.plan_addons.get().plan
    return start_subscription(customer_id=CustomerFactory().pk, plan_id=plan.pk, at=AT)


def take(current, addon, quantity=2, at=LATER, **others):
    return add_addon(subscription_id=current.pk, addon_id=addon.pk, quantity=quantity, at=at, **others)


def test_it_splits_the_fee_where_units_are_taken_and_given_back(current, addon):
    taken = take(current, addon)
    change_addon_quantity(subscription_addon_id=taken.pk, quantity=0, at=LATER + DAY)
    # 20 + 2 x 5, and 2 x 7, for a day.
    assert rows(current) == [
        ("0", AT, REST),
        ("20.00", REST, LATER),
        ("30.00", LATER, LATER + DAY),
        ("14.00", LATER, LATER + DAY),
        ("20.00", LATER + DAY, None),
    ]


def test_it_leaves_the_rows_as_before_when_units_are_given_back_at_the_same_instant_or_before_they_start(
    current, addon
):
    before = stored(current)
    taken = take(current, addon, timing="next_billing_cycle")
    change_addon_quantity(subscription_addon_id=taken.pk, quantity=0, at=LATER, timing=MAR_10)
    assert stored(current) == before
    change_addon_quantity(subscription_addon_id=taken.pk, quantity=9, at=LATER)
    change_addon_quantity(subscription_addon_id=taken.pk, quantity=0, at=LATER)
    assert stored(current) == before


def test_it_keeps_later_quantities_when_an_earlier_one_changes(current, addon):
    taken = take(current, addon)
    change_addon_quantity(subscription_addon_id=taken.pk, quantity=4, at=LATER, timing="next_billing_cycle")
    change_addon_quantity(subscription_addon_id=taken.pk, quantity=3, at=LATER + DAY)
    fees = [row for row in rows(current) if row[0] in ("30.00", "35.00", "40.00")]  # 20 + 2, 3 and 4 x 5
    assert fees == [("30.00", LATER, LATER + DAY), ("35.00", LATER + DAY, MAR_10), ("40.00", MAR_10, None)]


@pytest.mark.parametrize("quantity", [0, -1, 10])
def test_it_takes_one_or_more_up_to_what_the_plan_allows(current, addon, quantity):
    with pytest.raises(InvalidQuantity) as refusal:
        take(current, addon, quantity)
    error = refusal.value
    assert (error.status, error.extensions["validationErrors"][0]["field"]) == (400, "$.quantity")
    assert not SubscriptionAddon.objects.exists()
    taken = take(current, addon, 9)
    if quantity:
        with pytest.raises(InvalidQuantity):
            change_addon_quantity(subscription_addon_id=taken.pk, quantity=quantity, at=LATER + DAY)
    assert [row.quantity for row in AddonQuantity.objects.all()] == [9]


def test_it_takes_an_addon_once_and_only_one_that_the_plan_offers(current, addon):
    take(current, addon)
    with pytest.raises(AddonTaken, match="Change the quantity of Seats instead") as refusal:
        take(current, addon)
    assert refusal.value.status == 409
    with pytest.raises(AddonNotOnPlan) as refusal:
        take(current, AddonFactory(active=True))
    assert (refusal.value.status, SubscriptionAddon.objects.count()) == (400, 1)


def test_it_takes_an_addon_from_its_phase_on(current, addon):
    with pytest.raises(AddonTooEarly, match="Take Seats from the phase rest on") as refusal:
        take(current, addon, at=REST - DAY)
    assert refusal.value.status == 400
    take(current, addon, at=REST - DAY, timing="next_billing_cycle")  # the trial ends with its billing period
    assert rows(current) == [("0", AT, REST), ("30.00", REST, None), ("14.00", REST, None)]


def test_it_takes_no_addon_in_the_past_nor_for_what_is_cancelled(current, addon):
    with pytest.raises(InvalidTiming, match="Choose a time from"):
        take(current, addon, timing=LATER - DAY)
    taken = take(current, addon)
    cancel_subscription(subscription_id=current.pk, at=LATER, active_to=MAR_10)
    with pytest.raises(TransitionNotAllowed, match="transition change_addons in state canceled") as refusal:
        change_addon_quantity(subscription_addon_id=taken.pk, quantity=3, at=LATER + DAY)
    assert (refusal.value.status, AddonQuantity.objects.get().quantity) == (403, 2)


def test_it_edits_nothing_while_units_are_taken_or_planned(current, addon):
    taken = take(current, addon, timing="next_billing_cycle")
    edit = {"subscription_id": current.pk, "operations": [AddRateCard("rest", fee_card("25.00"))]}
    before = stored(current)
    for at in (LATER, MAR_10):
        with pytest.raises(HasAddons, match="Remove the add-on Seats first") as refusal:
            edit_subscription(**edit, at=at)
        assert (refusal.value.status, stored(current)) == (403, before)
    change_addon_quantity(subscription_addon_id=taken.pk, quantity=0, at=MAR_10)
    edit_subscription(**edit, at=MAR_10)
    assert rows(current)[-1] == ("25.00", MAR_10, None)
