from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from metering.periods import Period
from pricing.queries import ServicePeriod, current_period, service_periods
from tests.factories import SubscriptionFactory, SubscriptionItemFactory

pytestmark = pytest.mark.django_db
IN_ARREARS = {"type": "flat", "amount": "20", "paymentTerm": "in_arrears"}
TIERED = {"type": "tiered", "mode": "graduated", "tiers": [{"unitPrice": {"type": "unit", "amount": "0.01"}}]}


def utc(month, day, hour=0, year=2026):
    return datetime(year, month, day, hour, tzinfo=UTC)


def item_of(price=None, cadence="P1M", active_to=None, **subscription):
    given = {"active_from": utc(1, 1), "billing_anchor": utc(1, 1), "active_to": active_to, **subscription}
    changes = {} if price is None else {"price": price}
    return SubscriptionItemFactory(
        subscription=SubscriptionFactory(**given), billing_cadence=cadence, active_to=active_to, **changes
    )


def test_a_flat_price_in_advance_is_billed_when_its_period_starts():
    january, february = Period(utc(1, 1), utc(2, 1)), Period(utc(2, 1), utc(3, 1))
    assert service_periods(item_of(), utc(2, 1)) == [
        ServicePeriod(january, january, utc(1, 1)),
        ServicePeriod(february, february, utc(2, 1)),
    ]


@pytest.mark.parametrize("price", [IN_ARREARS, TIERED])
def test_arrears_and_usage_are_billed_when_their_period_ends(price):
    january = Period(utc(1, 1), utc(2, 1))
    assert service_periods(item_of(price), utc(2, 1)) == [ServicePeriod(january, january, utc(2, 1))]


def test_the_open_period_is_listed_with_the_time_when_it_will_be_billed():
    assert [(found.period, found.bill_at) for found in service_periods(item_of(TIERED), utc(2, 10))] == [
        (Period(utc(1, 1), utc(2, 1)), utc(2, 1)),
        (Period(utc(2, 1), utc(3, 1)), utc(3, 1)),
    ]


def test_the_first_period_is_clipped_to_the_start_and_carries_the_whole():
    item = item_of(active_from=utc(1, 21, 21), billing_anchor=utc(1, 1))
    first, second = service_periods(item, utc(2, 1))
    assert first == ServicePeriod(Period(utc(1, 21, 21), utc(2, 1)), Period(utc(1, 1), utc(2, 1)), utc(1, 21, 21))
    assert second.period == second.whole == Period(utc(2, 1), utc(3, 1))


@pytest.mark.parametrize(("price", "bill_at"), [(None, utc(2, 1)), (IN_ARREARS, utc(2, 12)), (TIERED, utc(2, 12))])
def test_the_last_period_is_clipped_to_the_end_and_arrears_are_billed_then(price, bill_at):
    *_, last = service_periods(item_of(price, active_to=utc(2, 12)), utc(12, 1))
    assert last == ServicePeriod(Period(utc(2, 1), utc(2, 12)), Period(utc(2, 1), utc(3, 1)), bill_at)


def test_nothing_is_listed_before_the_start():
    for price in (None, TIERED):
        assert service_periods(item_of(price), utc(1, 1) - timedelta(microseconds=1)) == []


def test_an_anchor_on_the_31st_comes_back_after_a_short_month():
    item = item_of(active_from=utc(1, 31), billing_anchor=utc(1, 31))
    starts = [found.period.start for found in service_periods(item, utc(5, 1))]
    assert starts == [utc(1, 31), utc(2, 28), utc(3, 31), utc(4, 30)]


def test_periods_start_at_civil_midnight_across_clock_changes():
    # Paris is 1 hour ahead in winter and 2 in summer; clocks change on 29 March and 25 October 2026.
    paris = ZoneInfo("Europe/Paris")
    start = datetime(2026, 3, 1, tzinfo=paris)
    item = item_of(active_from=start, billing_anchor=start, time_zone="Europe/Paris")
    march, april = service_periods(item, datetime(2026, 4, 1, tzinfo=paris))
    assert march.period == Period(utc(2, 28, 23), utc(3, 31, 22))
    assert march.period.seconds == (31 * 24 - 1) * 3600
    assert april.period.start == utc(3, 31, 22)


def test_daily_periods_of_a_month_are_billed_together_when_the_month_ends():
    # OpenMeter: daily $5 in arrears with monthly billing makes 31 lines for January, all billed on 1 February.
    found = service_periods(item_of(IN_ARREARS, cadence="P1D"), utc(2, 1))
    assert len(found) == 31
    assert {each.bill_at for each in found} == {utc(2, 1)}


def test_daily_periods_in_advance_are_billed_together_when_the_month_starts():
    found = service_periods(item_of(cadence="P1D"), utc(2, 1))
    assert [each.bill_at for each in found] == [utc(1, 1)] * 31 + [utc(2, 1)] * 28


def test_a_quarter_is_billed_once_within_monthly_billing():
    quarter = Period(utc(1, 1), utc(4, 1))
    in_arrears = service_periods(item_of(IN_ARREARS, cadence="P3M"), utc(2, 1))
    in_advance = service_periods(item_of(cadence="P3M"), utc(2, 1))
    assert [(found.period, found.bill_at) for found in in_arrears] == [(quarter, utc(4, 1))]
    assert [(found.period, found.bill_at) for found in in_advance] == [(quarter, utc(1, 1))]


def test_an_item_that_ends_before_its_subscription_waits_for_the_end_of_the_billing_period():
    item = item_of(TIERED)
    item.active_to = utc(1, 12)
    (only,) = service_periods(item, utc(3, 1))
    assert only == ServicePeriod(Period(utc(1, 1), utc(1, 12)), Period(utc(1, 1), utc(2, 1)), utc(2, 1))


def test_an_item_that_starts_within_a_billing_period_is_not_billed_before_it_starts():
    item = item_of()
    item.active_from = utc(1, 12)
    assert service_periods(item, utc(1, 11)) == []
    (first,) = service_periods(item, utc(1, 12))
    assert (first.period, first.bill_at) == (Period(utc(1, 12), utc(2, 1)), utc(1, 12))


@pytest.mark.parametrize(
    ("_case", "at", "period"),
    [
        ("before the start", utc(1, 1), Period(utc(1, 10), utc(2, 1))),
        ("first", utc(1, 10), Period(utc(1, 10), utc(2, 1))),
        ("whole", utc(2, 28), Period(utc(2, 1), utc(3, 1))),
        ("last", utc(3, 2), Period(utc(3, 1), utc(3, 12))),
        ("at the end", utc(3, 12), Period(utc(3, 1), utc(3, 12))),
        ("after the end", utc(9, 1), Period(utc(3, 1), utc(3, 12))),
    ],
)
def test_the_current_period_is_the_billing_period_within_the_subscription(_case, at, period):
    subscription = SubscriptionFactory(active_from=utc(1, 10), active_to=utc(3, 12), billing_anchor=utc(1, 1))
    assert current_period(subscription, at) == period


@pytest.mark.parametrize("at", [utc(2, 28), utc(3, 1), utc(3, 2)])
def test_the_last_period_of_a_subscription_that_ends_with_it_is_whole(at):
    subscription = SubscriptionFactory(active_from=utc(1, 1), active_to=utc(3, 1), billing_anchor=utc(1, 1))
    assert current_period(subscription, at) == Period(utc(2, 1), utc(3, 1))
