"""Amounts, quantities and times as people read them. Nothing is rounded here: every digit that is stored is shown."""

import copy
import re
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from zoneinfo import ZoneInfo

from babel import Locale, dates
from babel.numbers import NumberPattern
from django import template
from django.utils.translation import get_language, to_locale

from metering.periods import Period
from pricing.money import exponent

register = template.Library()

_NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"


@register.filter
def money(amount: Decimal, currency: str) -> str:
    """Show an amount with the digits of its currency, more where it has more, as unit prices do."""
    text = _format(_locale().currency_formats["standard"], amount, fewest=exponent(currency), currency=currency)
    # Codes that stand for a symbol, such as CHF, would stick to the number.
    return re.sub(r"(?<=[A-Za-z])(?=\d)", _NO_BREAK_SPACE, text)


@register.filter
def quantity(number: Decimal) -> str:
    """Show a quantity with thousands separators and without an exponent or trailing zeros."""
    return _format(_locale().decimal_formats[None], number, fewest=0)


@register.filter
def local_date(at: datetime | date, zone: ZoneInfo | None = None) -> str:
    """Show the day on which an instant falls in a zone; a date is shown as it is."""
    day = at.astimezone(zone).date() if isinstance(at, datetime) else at
    return dates.format_date(day, "medium", locale=_locale())


@register.filter
def short_date(day: date) -> str:
    """Show a day without its year."""
    return dates.format_skeleton("MMMd", day, locale=_locale())


@register.filter
def local_time(at: datetime, zone: ZoneInfo) -> str:
    """Show an instant to the second, in a zone; the hours run to 24."""
    return f"{local_date(at, zone)}, {at.astimezone(zone):%H:%M:%S}"


@register.filter
def period(span: Period, zone: ZoneInfo) -> str:
    """
    Show a half-open period.

    One of whole days names its first and its last day; any other also tells the time at which it starts and ends.
    """
    start, end = span.start.astimezone(zone), span.end.astimezone(zone)
    if _is_midnight(start) and _is_midnight(end):
        last = end.date() - timedelta(days=1)
        return dates.format_interval(start.date(), last, "yMMMd", locale=_locale())
    return " \N{EN DASH} ".join(f"{local_date(at, zone)}, {at:%H:%M}" for at in (start, end))


def _format(pattern: NumberPattern, number: Decimal, *, fewest: int, currency: str | None = None) -> str:
    digits = number.normalize().as_tuple().exponent
    shown = copy.copy(pattern)
    shown.frac_prec = (fewest, max(fewest, -digits if isinstance(digits, int) else 0))
    with localcontext(prec=1000):
        return shown.apply(number, _locale(), currency=currency, currency_digits=False)


def _locale() -> Locale:
    return Locale.parse(to_locale(get_language() or "en"))


def _is_midnight(at: datetime) -> bool:
    return (at.hour, at.minute, at.second, at.microsecond) == (0, 0, 0, 0)
