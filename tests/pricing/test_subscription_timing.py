"""When subscriptions end or give way: at once, where billing periods meet, and two minutes late."""

from datetime import UTC, datetime, timedelta

import pytest

from pricing.services.subscriptions.change import change_subscription
from pricing.services.subscriptions.end import cancel_subscription
from pricing.services.subscriptions.start import start_subscription
from pricing.services.subscriptions.timing import GRACE, InvalidTiming, cancel_at
from tests.factories import CustomerFactory
from tests.pricing.contract_rows import AT, DAY, FEB_10, MAR_10, big_plan, on_flat, rows

pytestmark = pytest.mark.django_db


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.fixture
def current():
    return on_flat()


def test_it_ends_at_once_or_where_billing_periods_meet(current):
    # Periods run from the 10th at noon to the 10th at noon.
    assert cancel_at(current, "immediate", at=AT + DAY) == AT + DAY
    assert cancel_at(current, "next_billing_cycle", at=AT + DAY) == FEB_10
    assert cancel_at(current, "next_billing_cycle", at=FEB_10) == MAR_10  # a bound begins the next period
    assert cancel_at(current, MAR_10, at=AT + DAY) == MAR_10


@pytest.mark.parametrize(
    ("_case", "timing", "message"),
    [
        ("within", FEB_10 + DAY, "End at 2026-02-10T12:00:00.* or 2026-03-10T12:00:00.*, where billing periods meet"),
        ("a moment off", FEB_10.replace(microsecond=1), "where billing periods meet"),
        ("past", AT, "Choose a time from 2026-01-11T12:00:00.* on, not 2026-01-10T12:00:00"),
    ],
)
def test_it_names_the_bounds_for_a_time_between_them(current, _case, timing, message):
    with pytest.raises(InvalidTiming, match=message) as refusal:
        cancel_at(current, timing, at=AT + DAY)
    assert (refusal.value.status, refusal.value.extensions["validationErrors"][0]["field"]) == (400, "$.timing")


def test_it_ends_at_a_bound_that_has_just_passed(current):
    # Two minutes are given for the way.
    late = FEB_10 + GRACE
    with pytest.raises(InvalidTiming, match="Choose a time from"):
        cancel_subscription(subscription_id=current.pk, at=late + timedelta(microseconds=1), timing=FEB_10)
    with pytest.raises(InvalidTiming, match="where billing periods meet"):
        cancel_subscription(subscription_id=current.pk, at=late, timing=late)
    cancel_subscription(subscription_id=current.pk, at=late, timing=FEB_10)
    assert rows(current) == [("20.00", AT, FEB_10)]


def test_it_meets_bounds_where_phases_do():
    # The trial ends on 24 January; from there to 10 February runs a short period.
    subscription = start_subscription(customer_id=CustomerFactory().pk, plan_id=big_plan().pk, at=AT)
    assert cancel_at(subscription, "next_billing_cycle", at=AT) == AT + 14 * DAY
    assert cancel_at(subscription, AT + 14 * DAY, at=AT) == AT + 14 * DAY
    assert cancel_at(subscription, "next_billing_cycle", at=AT + 14 * DAY) == FEB_10


def test_it_ends_on_the_last_day_of_a_month_and_at_midnight_of_the_zone():
    # Midnight of 31 January in Berlin; the next bounds there are 28 February at +01:00 and 31 March at +02:00.
    start = utc(2026, 1, 30, 23)
    customer = CustomerFactory(time_zone="Europe/Berlin")
    plan = big_plan()
    subscription = start_subscription(customer_id=customer.pk, plan_id=plan.pk, at=start, starting_phase="rest")
    assert cancel_at(subscription, "next_billing_cycle", at=start) == utc(2026, 2, 27, 23)
    assert cancel_at(subscription, utc(2026, 3, 30, 22), at=start) == utc(2026, 3, 30, 22)


def test_it_changes_at_a_bound_that_has_just_passed(current):
    before, after = change_subscription(
        subscription_id=current.pk, plan_id=big_plan().pk, at=FEB_10 + GRACE, timing=FEB_10
    )
    assert (before.active_to, after.active_from) == (FEB_10, FEB_10)
    assert rows(after) == [("0", FEB_10, FEB_10 + 14 * DAY), ("50.00", FEB_10 + 14 * DAY, None)]
