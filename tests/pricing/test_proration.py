"""A share of a period is exact, by real seconds."""

import zoneinfo
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from metering.periods import Period
from pricing.prices import FlatPrice
from pricing.proration import share
from tests.pricing.charges import bill


def days(first, last, *, month=1, zone=UTC):
    return Period(
        datetime(2026, month, first, tzinfo=zone), datetime(2026, month, last, tzinfo=zone) + timedelta(days=1)
    )


def billed(amount, part, whole, currency="USD"):
    return bill(FlatPrice(Decimal(amount)), None, "0", currency=currency, part=share(part, whole)).amount


def test_it_is_one_for_the_whole_period():
    whole = days(1, 31)

    assert share(whole, whole) == 1


@pytest.mark.parametrize(
    ("month_number", "last", "amount"),
    [
        (2, 28, "10.71"),  # 30 * 10 / 28 = 10.7142...
        (6, 30, "10.00"),  # 30 * 10 / 30
        (1, 31, "9.68"),  # 30 * 10 / 31 = 9.6774...
    ],
)
def test_it_bills_ten_days_of_a_month(month_number, last, amount):
    whole = days(1, last, month=month_number)

    assert billed("30.00", days(1, 10, month=month_number), whole) == Decimal(amount)


@pytest.mark.parametrize(
    ("amount", "part", "result"),
    [
        ("6", days(1, 1), "0.19"),  # 6 * 1 / 31 = 0.1935...
        ("10", days(2, 31), "9.68"),  # 10 * 30 / 31 = 9.6774...
        ("5", days(1, 14), "2.26"),  # 5 * 14 / 31 = 2.2580...
        ("5", days(15, 31), "2.74"),  # 5 * 17 / 31 = 2.7419...
    ],
)
def test_it_bills_part_of_january(amount, part, result):
    assert billed(amount, part, days(1, 31)) == Decimal(result)


def test_it_bills_from_a_second_in_the_middle_of_a_day():
    whole = days(1, 31)
    part = Period(datetime(2026, 1, 21, 21, 55, 18, tzinfo=UTC), whole.end)

    # 871,482 s of 2,678,400 s: 20 * 0.32537... = 6.5074...
    assert share(part, whole) == Fraction(871482, 2678400)
    assert billed("20", part, whole) == Decimal("6.51")


def test_it_bills_a_month_of_a_quarter():
    january = Period(datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC))
    quarter = Period(january.start, datetime(2024, 4, 1, tzinfo=UTC))

    # A leap year's quarter has 31 + 29 + 31 days: 9 * 31 / 91 = 3.0659...
    assert billed("9", january, quarter) == Decimal("3.07")


def test_it_counts_the_hour_that_a_clock_change_takes():
    paris = zoneinfo.ZoneInfo("Europe/Paris")
    whole = Period(datetime(2026, 3, 1, tzinfo=paris), datetime(2026, 4, 1, tzinfo=paris))
    part = Period(datetime(2026, 3, 29, tzinfo=paris), datetime(2026, 3, 30, tzinfo=paris))

    assert share(part, whole) == Fraction(23, 743)


def test_it_rounds_a_share_to_the_digits_of_the_currency():
    # 1000 / 31 = 32.258064...
    assert billed("1000", days(1, 1), days(1, 31), "JPY") == Decimal(32)
    assert billed("1000", days(1, 1), days(1, 31), "KWD") == Decimal("32.258")


@pytest.mark.parametrize("part", [days(1, 2), days(30, 31), days(31, 31)])
def test_it_refuses_a_part_outside_the_whole(part):
    with pytest.raises(ValueError, match="intersect them first"):
        share(part, days(2, 30))
