"""Pure: figures, days and periods as a document shows them. Nothing is rounded: every digit that is stored is shown."""

import copy
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from zoneinfo import ZoneInfo

from babel import Locale, dates
from babel.localedata import exists
from babel.numbers import NumberPattern

from metering.periods import Period
from pricing.money import exponent

_NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"


def locale_for(country: str) -> str:
    """
    Return the locale of English documents for a buyer's country, by its ISO 3166 code: words in English, figures and
    days as they are written there where that is known.

    >>> locale_for("DE"), locale_for("gb"), locale_for("JP"), locale_for("")
    ('en_DE', 'en_GB', 'en', 'en')
    """
    locale = f"en_{country.upper()}"
    return locale if len(country) == 2 and exists(locale) else "en"


@dataclass(frozen=True)
class Formats:
    """How one document writes figures and days."""

    locale: str
    zone: ZoneInfo
    currency: str

    def money(self, amount: Decimal) -> str:
        """Show an amount with the currency's digits, more where it has more, as unit prices do."""
        pattern = self._babel.currency_formats["standard"]
        text = self._apply(pattern, amount, fewest=exponent(self.currency), currency=self.currency)
        # Codes that stand for a symbol, such as CHF, would stick to the number.
        return re.sub(r"(?<=[A-Za-z])(?=[-\d])", _NO_BREAK_SPACE, text)

    def quantity(self, number: Decimal) -> str:
        """Show a quantity with thousands separators and all its digits, without an exponent or trailing zeros."""
        return self._apply(self._babel.decimal_formats[None], number, fewest=0)

    def day(self, at: datetime) -> str:
        """Show the day on which an instant falls."""
        return dates.format_date(at.astimezone(self.zone), "long", locale=self._babel)

    def period(self, period: Period) -> str:
        """Show a half-open period by its days, the last one included; with times where it is not made of whole days."""
        start, end = period.start.astimezone(self.zone), period.end.astimezone(self.zone)
        if _is_midnight(start) and _is_midnight(end):
            return dates.format_interval(start.date(), end.date() - timedelta(days=1), "yMMMd", locale=self._babel)
        return " \N{EN DASH} ".join(self._moment(at) for at in (start, end))

    @property
    def _babel(self) -> Locale:
        return Locale.parse(self.locale)

    def _moment(self, at: datetime) -> str:
        return f"{dates.format_date(at, 'medium', locale=self._babel)}, {at:%H:%M}"

    def _apply(self, pattern: NumberPattern, number: Decimal, *, fewest: int, currency: str | None = None) -> str:
        with localcontext(prec=1000):
            # Nothing is never below zero.
            number = number if number else abs(number)
            digits = number.normalize().as_tuple().exponent
            shown = copy.copy(pattern)
            shown.frac_prec = (fewest, max(fewest, -digits if isinstance(digits, int) else 0))
            return shown.apply(number, self._babel, currency=currency, currency_digits=False)


def _is_midnight(at: datetime) -> bool:
    return (at.hour, at.minute, at.second, at.microsecond) == (0, 0, 0, 0)
