import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from pricing.models import Plan, Subscription, SubscriptionItem, SubscriptionStatus
from pricing.services.plans import PhaseInput, RateCardInput, create_plan, publish_plan
from pricing.services.subscriptions.contracts import SecondItem
from pricing.services.subscriptions.end import cancel_subscription
from pricing.services.subscriptions.offers import PlanNotActive
from pricing.services.subscriptions.start import (
    CurrencyMismatch,
    CustomerDeleted,
    SecondSubscription,
    start_subscription,
)
from pricing.services.subscriptions.states import TransitionNotAllowed
from pricing.services.subscriptions.timing import InvalidTiming
from tests.factories import CustomerFactory, FeatureFactory, SubscriptionItemFactory, TestClockFactory

AT = datetime(2026, 1, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FLAT = {"type": "flat", "amount": "20.00"}
TIERED = {"type": "tiered", "mode": "graduated", "tiers": [{"unitPrice": {"type": "unit", "amount": "0.01"}}]}


def active_plan(key="pro", currency="USD", feature=None, at=AT - DAY):
    cards = [RateCardInput("flat_fee", "fee", "Base fee", FLAT)]
    if feature is not None:
        cards.append(RateCardInput("usage_based", feature.key, "Tokens", TIERED, feature))
    plan = create_plan(key=key, name=key.title(), currency=currency, at=at, phases=[PhaseInput(cards)])
    return publish_plan(plan_id=plan.pk, at=at)


@pytest.mark.django_db
def test_it_copies_the_rate_cards_and_keeps_zone_and_anchor():
    customer = CustomerFactory(time_zone="Europe/Paris", currency=None)
    feature = FeatureFactory(key="tokens")
    plan = active_plan(feature=feature)
    subscription = start_subscription(customer_id=customer.pk, plan_id=plan.pk, at=AT)
    subscription.refresh_from_db()
    assert (subscription.active_from, subscription.active_to, subscription.billing_anchor) == (AT, None, AT)
    assert (subscription.time_zone, subscription.currency, subscription.billing_cadence) == (
        "Europe/Paris",
        "USD",
        "P1M",
    )
    assert list(
        subscription.items.order_by("position").values_list(
            "key", "name", "type", "price", "feature", "customer", "active_from", "active_to", "phase__key"
        )
    ) == [
        ("fee", "Base fee", "flat_fee", FLAT, None, customer.pk, AT, None, "default"),
        ("tokens", "Tokens", "usage_based", TIERED, feature.pk, customer.pk, AT, None, "default"),
    ]
    customer.refresh_from_db()
    assert customer.currency == "USD"


@pytest.mark.django_db
def test_it_takes_a_start_and_an_anchor_of_their_own():
    subscription = start_subscription(
        customer_id=CustomerFactory().pk,
        plan_id=active_plan().pk,
        at=AT,
        active_from=AT + DAY,
        billing_anchor=AT - 9 * DAY,
    )
    assert (subscription.active_from, subscription.billing_anchor) == (AT + DAY, AT - 9 * DAY)
    assert subscription.items.get().active_from == AT + DAY
    assert subscription.status(AT) == SubscriptionStatus.SCHEDULED


@pytest.mark.django_db
def test_it_refuses_another_currency_than_the_customers():
    customer = CustomerFactory(currency="EUR")
    with pytest.raises(CurrencyMismatch, match="Choose a plan in EUR"):
        start_subscription(customer_id=customer.pk, plan_id=active_plan().pk, at=AT)
    customer.refresh_from_db()
    assert (customer.currency, Subscription.objects.count()) == ("EUR", 0)


@pytest.mark.django_db
def test_it_refuses_a_deleted_customer_with_412():
    customer = CustomerFactory(deleted_at=AT)
    with pytest.raises(CustomerDeleted) as refusal:
        start_subscription(customer_id=customer.pk, plan_id=active_plan().pk, at=AT)
    assert refusal.value.status == 412


@pytest.mark.parametrize(
    ("_case", "change", "status"),
    [
        ("draft", {"effective_from": None}, "draft"),
        ("archived", {"effective_to": AT}, "archived"),
        ("in the future", {"effective_from": AT + DAY}, "scheduled"),
        ("deleted", {"deleted_at": AT}, "deleted"),
    ],
)
@pytest.mark.django_db
def test_it_refuses_a_plan_that_is_not_active(_case, change, status):
    plan = create_plan(key="pro", name="Pro", currency="USD", at=AT, phases=[PhaseInput()])
    Plan.objects.filter(pk=plan.pk).update(**{"effective_from": AT - DAY, **change})
    with pytest.raises(PlanNotActive, match=f"Choose an active version of the plan 'pro': pro v1 is {status}"):
        start_subscription(customer_id=CustomerFactory().pk, plan_id=plan.pk, at=AT)
    assert not Subscription.objects.exists()


@pytest.mark.django_db
def test_it_lets_a_customer_on_a_test_clock_start_before_the_plan_was_published():
    customer = CustomerFactory(test_clock=TestClockFactory(now_at=AT - 100 * DAY))
    subscription = start_subscription(customer_id=customer.pk, plan_id=active_plan().pk, at=AT - 100 * DAY)
    assert subscription.active_from == AT - 100 * DAY


@pytest.mark.django_db
def test_it_refuses_a_second_subscription_at_one_time_and_names_the_first():
    customer = CustomerFactory()
    first = start_subscription(customer_id=customer.pk, plan_id=active_plan().pk, at=AT)
    with pytest.raises(SecondSubscription) as refusal:
        start_subscription(customer_id=customer.pk, plan_id=active_plan("max").pk, at=AT + DAY)
    error = refusal.value
    assert (error.status, error.code) == (409, "only_single_subscription_allowed_per_customer_at_a_time")
    # Both sides: the one to come has no id yet.
    sides = [issue["attributes"] for issue in error.extensions["validationErrors"]]
    assert sides == [{}, {"subscriptionId": first.ulid}]
    assert (Subscription.objects.count(), SubscriptionItem.objects.count()) == (1, 1)


@pytest.mark.django_db
def test_it_refuses_to_bill_a_feature_twice_at_one_time():
    feature = FeatureFactory(key="tokens")
    customer = CustomerFactory()
    item = SubscriptionItemFactory(usage=True, feature=feature, customer=customer)
    assert item.subscription.customer != customer
    with pytest.raises(SecondItem) as refusal:
        start_subscription(customer_id=customer.pk, plan_id=active_plan(feature=feature).pk, at=AT)
    assert refusal.value.status == 409
    assert not customer.subscriptions.exists()


@pytest.mark.django_db
def test_it_lets_the_next_subscription_start_when_the_first_ends():
    customer = CustomerFactory()
    first = start_subscription(customer_id=customer.pk, plan_id=active_plan().pk, at=AT)
    cancel_subscription(subscription_id=first.pk, at=AT, active_to=AT + DAY)
    second = start_subscription(customer_id=customer.pk, plan_id=active_plan("max").pk, at=AT, active_from=AT + DAY)
    assert second.active_from == AT + DAY


@pytest.mark.django_db(transaction=True)
def test_it_lets_one_of_five_parallel_starts_win():
    customer, plan = CustomerFactory(), active_plan()
    together = threading.Barrier(5)
    outcomes = []

    def start():
        together.wait(timeout=10)
        try:
            outcomes.append(start_subscription(customer_id=customer.pk, plan_id=plan.pk, at=AT))
        except SecondSubscription as error:
            outcomes.append(error.status)
        finally:
            connection.close()

    threads = [threading.Thread(target=start) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    won = Subscription.objects.get()
    assert sorted(map(str, outcomes)) == sorted(["409"] * 4 + [str(won)])
    assert won.items.count() == 1


@pytest.mark.django_db
def test_it_cancels_the_subscription_and_its_items():
    feature = FeatureFactory(key="tokens")
    subscription = start_subscription(customer_id=CustomerFactory().pk, plan_id=active_plan(feature=feature).pk, at=AT)
    cancel_subscription(subscription_id=subscription.pk, at=AT + DAY, active_to=AT + 2 * DAY)
    subscription.refresh_from_db()
    assert (subscription.active_to, subscription.updated_at) == (AT + 2 * DAY, AT + DAY)
    assert list(subscription.items.values_list("active_to", flat=True)) == [AT + 2 * DAY] * 2
    assert subscription.status(AT + DAY) == SubscriptionStatus.CANCELED


@pytest.mark.django_db
def test_it_cancels_once_with_403_after_that():
    subscription = start_subscription(customer_id=CustomerFactory().pk, plan_id=active_plan().pk, at=AT)
    cancel_subscription(subscription_id=subscription.pk, at=AT + DAY, active_to=AT + 5 * DAY)
    for at, status in ((AT + 2 * DAY, "canceled"), (AT + 6 * DAY, "inactive"), (AT - DAY, "scheduled")):
        with pytest.raises(TransitionNotAllowed, match=f"cancel in state {status} not allowed") as refusal:
            cancel_subscription(subscription_id=subscription.pk, at=at, active_to=AT + 9 * DAY)
        assert refusal.value.status == 403
    subscription.refresh_from_db()
    assert subscription.active_to == AT + 5 * DAY


@pytest.mark.parametrize(("at", "active_to"), [(AT + 2 * DAY, AT + DAY), (AT, AT)])
@pytest.mark.django_db
def test_it_refuses_an_end_in_the_past_or_at_the_start(at, active_to):
    subscription = start_subscription(customer_id=CustomerFactory().pk, plan_id=active_plan().pk, at=AT)
    with pytest.raises(InvalidTiming, match="End the subscription after"):
        cancel_subscription(subscription_id=subscription.pk, at=at, active_to=active_to)
    subscription.refresh_from_db()
    assert subscription.active_to is None
