"""A change that awaits payment: the current subscription goes on until the next one is paid for."""

import pytest

from pricing.models import Subscription, SubscriptionStatus
from pricing.services.customers import CustomerIsSubscribed, check_no_contract
from pricing.services.subscriptions.change import (
    ChangeAwaitsPayment,
    NoChangeAwaitsPayment,
    activate_change,
    change_subscription,
)
from pricing.services.subscriptions.end import cancel_subscription, delete_subscription
from pricing.services.subscriptions.start import SecondSubscription, start_subscription
from pricing.services.subscriptions.timing import InvalidTiming
from tests.pricing.contract_rows import AT, DAY, FEB_10, big_plan, on_flat, rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def current():
    return on_flat()


@pytest.fixture
def big(current):
    return big_plan()


def change(current, big, at=AT + DAY, **others):
    return change_subscription(subscription_id=current.pk, plan_id=big.pk, at=at, **others)


@pytest.fixture
def pending(current, big):
    return change(current, big, activate="on_payment")[1]


def test_it_bills_nothing_of_the_next_one_until_that_is_paid(current, pending):
    assert (rows(current), rows(pending), pending.phases.count()) == ([("20.00", AT, None)], [], 0)
    assert pending.status(FEB_10) == SubscriptionStatus.SCHEDULED
    current.refresh_from_db()
    assert current.status(FEB_10) == SubscriptionStatus.ACTIVE


def test_it_starts_the_next_one_when_it_is_paid_with_its_phases_from_then_on(current, pending):
    paid = AT + 3 * DAY
    before, after = activate_change(subscription_id=pending.pk, at=paid)
    assert (before.pk, after.pk, after.billing_anchor) == (current.pk, pending.pk, AT)
    assert rows(before) == [("20.00", AT, paid)]
    assert rows(after) == [("0", paid, paid + 14 * DAY), ("50.00", paid + 14 * DAY, None)]
    with pytest.raises(NoChangeAwaitsPayment) as refusal:
        activate_change(subscription_id=pending.pk, at=paid)
    assert refusal.value.status == 409


def test_it_leaves_an_end_before_the_payment_as_it_was(current, pending):
    cancel_subscription(subscription_id=current.pk, at=AT + DAY, active_to=AT + 2 * DAY)
    before, after = activate_change(subscription_id=pending.pk, at=AT + 5 * DAY)
    assert (before.active_to, after.active_from) == (AT + 2 * DAY, AT + 5 * DAY)


def test_it_deletes_a_change_that_is_abandoned_and_goes_on(current, pending, big):
    with pytest.raises(ChangeAwaitsPayment, match="Delete the subscription Big first, or wait until it is") as refusal:
        change(current, big, at=AT + 2 * DAY)
    assert refusal.value.status == 409
    delete_subscription(subscription_id=pending.pk, at=AT + 2 * DAY)
    assert (Subscription.objects.get(), rows(current)) == (current, [("20.00", AT, None)])
    assert change(current, big, at=AT + 2 * DAY)[1].active_from == AT + 2 * DAY


def test_it_awaits_payment_only_for_what_starts_at_once(current, big):
    with pytest.raises(InvalidTiming, match="a change that awaits payment starts when it is paid"):
        change(current, big, activate="on_payment", timing="next_billing_cycle")
    assert Subscription.objects.count() == 1


def test_it_refuses_to_activate_beside_yet_another_subscription(current, pending, big):
    cancel_subscription(subscription_id=current.pk, at=AT + DAY, active_to=AT + 2 * DAY)
    start_subscription(customer_id=current.customer_id, plan_id=big.pk, at=AT + 2 * DAY)
    with pytest.raises(SecondSubscription):
        activate_change(subscription_id=pending.pk, at=AT + 3 * DAY)
    pending.refresh_from_db()
    assert (pending.awaits_payment, rows(pending)) == (True, [])


def test_it_keeps_a_customer_until_a_payment_is_no_longer_awaited(current, pending):
    cancel_subscription(subscription_id=current.pk, at=AT + DAY, active_to=AT + 2 * DAY)
    customer, over = current.customer, AT + 3 * DAY
    with pytest.raises(CustomerIsSubscribed, match="Delete the subscription Big first: it awaits payment"):
        check_no_contract(customer, over)
    delete_subscription(subscription_id=pending.pk, at=over)
    check_no_contract(customer, over)
