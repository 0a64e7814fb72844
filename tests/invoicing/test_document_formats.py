"""Documents show every digit that is stored, as the buyer's country writes figures and days."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from invoicing.formats import Formats, locale_for
from metering.periods import Period
from tests.invoicing.documents import BERLIN


def formats(locale="en", currency="USD", zone=BERLIN):
    return Formats(locale=locale, zone=zone, currency=currency)


@pytest.mark.parametrize(
    ("currency", "amount", "text"),
    [
        ("USD", "1234.5", "$1,234.50"),
        ("USD", "0", "$0.00"),
        ("USD", "-5.00", "-$5.00"),
        ("USD", "0.0000015", "$0.0000015"),
        ("USD", "1E+3", "$1,000.00"),
        ("JPY", "1234", "¥1,234"),
        ("KWD", "1.5", "KWD\xa01.500"),
        ("CHF", "-1.5", "-CHF\xa01.50"),
        ("USD", "12345678901234567890123456789012.34", "$12,345,678,901,234,567,890,123,456,789,012.34"),
    ],
)
def test_it_shows_money_with_the_digits_of_its_currency_at_least(currency, amount, text):
    assert formats(currency=currency).money(Decimal(amount)) == text


@pytest.mark.parametrize(
    ("locale", "text"),
    [("en", "$1,234.50"), ("en_GB", "US$1,234.50"), ("en_DE", "1.234,50\xa0US$"), ("en_IN", "$1,234.50")],
)
def test_it_writes_money_as_the_country_does(locale, text):
    assert formats(locale=locale).money(Decimal("1234.5")) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("1500000", "1,500,000"),
        ("1E+6", "1,000,000"),
        ("3456.7500", "3,456.75"),
        ("0.000000000000000000000000001", "0.000000000000000000000000001"),
        ("-12", "-12"),
        ("0", "0"),
    ],
)
def test_it_shows_quantities_without_an_exponent(number, text):
    assert formats().quantity(Decimal(number)) == text


@pytest.mark.parametrize(
    ("country", "locale"), [("DE", "en_DE"), ("us", "en_US"), ("JP", "en"), ("", "en"), ("Germany", "en"), ("00", "en")]
)
def test_it_takes_the_locale_of_the_country_where_there_is_one(country, locale):
    assert locale_for(country) == locale


def test_it_tells_days_in_the_zone():
    late = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)
    assert formats().day(late) == "February 1, 2026"
    assert formats(zone=ZoneInfo("UTC")).day(late) == "January 31, 2026"
    assert formats(locale="en_GB").day(late) == "1 February 2026"


def test_it_names_the_last_day_of_a_period_of_whole_days():
    period = Period(datetime(2025, 12, 28, tzinfo=BERLIN), datetime(2026, 1, 28, tzinfo=BERLIN))
    assert formats(locale="en_GB").period(period) == "28 Dec 2025\u2009\u2013\u200927 Jan 2026"


def test_it_tells_the_times_of_any_other_period():
    period = Period(datetime(2026, 1, 10, 14, 30, tzinfo=BERLIN), datetime(2026, 2, 1, tzinfo=BERLIN))
    assert formats().period(period) == "Jan 10, 2026, 14:30 \u2013 Feb 1, 2026, 00:00"
