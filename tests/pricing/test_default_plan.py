"""The default plan: every new customer is subscribed to it, and a wrong setting stops nobody."""

import logging
from datetime import timedelta

import pytest

from metering.models import Customer
from metering.services.customers import create_customer
from pricing.models import Subscription
from pricing.services.default_plan import default_plan_problem
from pricing.services.plans import publish_plan
from tests.factories import START, PlanFactory, PlanPhaseFactory, RateCardFactory, TestClockFactory

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def named(settings):
    settings.DEFAULT_PLAN = "free"


def published(at=START, **fields):
    plan = PlanFactory(**{"key": "free", "currency": "EUR", **fields})
    RateCardFactory(phase=PlanPhaseFactory(plan=plan))
    return publish_plan(plan_id=plan.pk, at=at)


def acme(at=START + DAY, **fields):
    return create_customer(name="Acme", key="acme", at=at, **fields)


def test_it_subscribes_a_new_customer_from_now_on():
    published()
    customer = acme()
    subscription = customer.subscriptions.get()
    assert (subscription.plan.key, subscription.active_from) == ("free", START + DAY)
    assert subscription.items.get().active_from == START + DAY
    assert str(customer.currency) == "EUR"


def test_it_takes_the_version_that_is_active():
    published(START)
    second = published(START + DAY, version=2)
    assert acme(START + 2 * DAY).subscriptions.get().plan == second


def test_it_reaches_back_to_the_first_use_where_the_plan_was_published_then():
    published(START)
    customer = acme(START + 2 * DAY, used_since=START + DAY)
    assert customer.subscriptions.get().active_from == START + DAY


def test_it_starts_now_where_the_plan_was_published_after_the_first_use():
    published(START + DAY)
    customer = acme(START + 2 * DAY, used_since=START)
    assert customer.subscriptions.get().active_from == START + 2 * DAY


def test_it_starts_at_the_time_of_the_customers_own_clock():
    published(START)
    clock = TestClockFactory(now_at=START - 30 * DAY)
    assert acme(test_clock=clock).subscriptions.get().active_from == START - 30 * DAY


@pytest.mark.parametrize("plan", [None, {"key": "other"}, {"draft": True}])
def test_it_makes_the_customer_without_a_subscription_and_says_so(caplog, plan):
    if plan == {"draft": True}:
        RateCardFactory(phase__plan=PlanFactory(key="free"))
    elif plan:
        published(**plan)
    with caplog.at_level(logging.WARNING):
        acme()
    assert Customer.objects.get().key == "acme"
    assert not Subscription.objects.exists()
    assert "No version of the plan 'free' is published" in caplog.text
    assert "BILLING_DEFAULT_PLAN" in default_plan_problem()


def test_it_makes_a_customer_of_another_currency_without_a_subscription_and_says_so(caplog):
    published()
    with caplog.at_level(logging.WARNING):
        acme(currency="USD")
    assert str(Customer.objects.get().currency) == "USD"
    assert not Subscription.objects.exists()
    assert "is made without a subscription to the default plan. Choose a plan in USD" in caplog.text
    assert default_plan_problem() == ""


def test_it_subscribes_nobody_without_the_setting(settings):
    settings.DEFAULT_PLAN = ""
    published()
    assert not acme().subscriptions.exists()
    assert default_plan_problem() == ""
