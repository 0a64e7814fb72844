from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from metering.periods import Period
from portal.templatetags import money as tags

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("_case", "amount", "currency", "shown"),
    [
        ("two digits", "5", "USD", "$5.00"),
        ("thousands", "1234567.5", "USD", "$1,234,567.50"),
        ("no digits", "1200", "JPY", "¥1,200"),
        ("three digits, and a code that is set apart", "1.5", "KWD", "KWD\N{NO-BREAK SPACE}1.500"),
        ("negative", "-12.3", "EUR", "-€12.30"),
        ("a unit price keeps its digits", "0.0000125", "USD", "$0.0000125"),
        ("a unit price of a yen", "0.25", "JPY", "¥0.25"),
        ("trailing zeros beyond the currency's go", "2.50000", "USD", "$2.50"),
        ("an exponent is written out", "1E+6", "USD", "$1,000,000.00"),
        (
            "38 digits on either side",
            "9" * 38 + "." + "9" * 38,
            "USD",
            "$99," + ",".join(["999"] * 12) + "." + "9" * 38,
        ),
    ],
)
def test_it_shows_money_with_the_digits_of_its_currency(_case, amount, currency, shown):
    assert tags.money(Decimal(amount), currency) == shown


@pytest.mark.parametrize(
    ("_case", "number", "shown"),
    [
        ("zero", "0", "0"),
        ("zero with places", "0.000", "0"),
        ("thousands", "1234567", "1,234,567"),
        ("a fraction", "1234.5600", "1,234.56"),
        ("a small one without exponent", "1E-7", "0.0000001"),
        ("a large one without exponent", "1E+9", "1,000,000,000"),
        ("negative", "-1000", "-1,000"),
        ("more digits than a float holds", "12345678901234567890.123456789", "12,345,678,901,234,567,890.123456789"),
    ],
)
def test_it_shows_every_digit_of_a_quantity(_case, number, shown):
    assert tags.quantity(Decimal(number)) == shown


@pytest.mark.parametrize(
    ("_case", "start", "end", "zone", "shown"),
    [
        ("a month", datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC), UTC, "Nov 1 - 30, 2026"),
        (
            "a month of its zone",
            datetime(2026, 10, 31, 23, tzinfo=UTC),
            datetime(2026, 11, 30, 23, tzinfo=UTC),
            PARIS,
            "Nov 1 - 30, 2026",
        ),
        (
            "over months",
            datetime(2026, 11, 5, tzinfo=UTC),
            datetime(2026, 12, 5, tzinfo=UTC),
            UTC,
            "Nov 5 - Dec 4, 2026",
        ),
        (
            "over years",
            datetime(2026, 12, 5, tzinfo=UTC),
            datetime(2027, 1, 5, tzinfo=UTC),
            UTC,
            "Dec 5, 2026 - Jan 4, 2027",
        ),
        ("a day", datetime(2026, 12, 5, tzinfo=UTC), datetime(2026, 12, 6, tzinfo=UTC), UTC, "Dec 5, 2026"),
        (
            "not from midnight",
            datetime(2026, 11, 5, 14, 37, tzinfo=UTC),
            datetime(2026, 12, 5, 14, 37, tzinfo=UTC),
            UTC,
            "Nov 5, 2026, 14:37 - Dec 5, 2026, 14:37",
        ),
    ],
)
def test_it_shows_a_period_by_its_first_and_last_day(_case, start, end, zone, shown):
    assert _plain(tags.period(Period(start, end), zone)) == shown


def test_it_shows_an_instant_on_the_day_of_the_zone():
    assert tags.local_date(datetime(2026, 11, 30, 23, 30, tzinfo=UTC), PARIS) == "Dec 1, 2026"
    assert tags.local_date(date(2026, 11, 30)) == "Nov 30, 2026"
    assert tags.short_date(date(2026, 11, 30)) == "Nov 30"
    assert _plain(tags.local_time(datetime(2026, 11, 30, 23, 30, 5, tzinfo=UTC), PARIS)) == "Dec 1, 2026, 00:30:05"


def _plain(text):
    return text.replace("\N{EN DASH}", "-").replace("\N{THIN SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")
