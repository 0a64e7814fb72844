"""Amounts, quantities and times as people read them. Nothing is rounded here: every digit that is stored is shown."""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel import dates
from django import template
from django.utils.translation import get_language, to_locale

from invoicing.formats import Formats
from invoicing.models import Invoice, InvoiceLine
from metering.periods import Period
from pricing.feature_filters import filter_words

register = template.Library()

_UTC = ZoneInfo("UTC")
register.filter("filter_words", filter_words)


@register.filter
def money(amount: Decimal, currency: str) -> str:
    """Show an amount with the digits of its currency, more where it has more, as unit prices do."""
    return _formats(currency=currency).money(amount)


@register.filter
def times(number: Decimal, sign: int) -> Decimal:
    """Turn a number of a credit note above zero, where `sign` is -1."""
    return sign * number


@register.filter
def quantity(number: Decimal | int) -> str:
    """Show a quantity with thousands separators and without an exponent or trailing zeros."""
    return _formats().quantity(Decimal(number))


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
    return _formats(zone=zone).period(span)


@register.filter
def period_of(billed: Invoice | InvoiceLine, zone: ZoneInfo) -> str:
    """Show the period of an invoice or of one of its lines."""
    return period(Period(billed.period_start, billed.period_end), zone)


def _formats(*, zone: ZoneInfo = _UTC, currency: str = "") -> Formats:
    return Formats(locale=_locale(), zone=zone, currency=currency)


def _locale() -> str:
    return to_locale(get_language() or "en")
