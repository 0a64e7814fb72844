"""Currencies as the API shows them."""

from functools import cache
from typing import Any

import moneyed
from babel.numbers import get_currency_symbol

_LOCALE = "en"
# Metals, units of account and codes for tests are listed with these instead of a country.
_NOWHERE = {"UNKNOWN REGION", "ZZ07_No_Currency"}


@cache
def currency_outputs() -> list[dict[str, Any]]:
    """Return the currencies in use in some country, by code; `subunits` counts the digits after the point."""
    in_use = [currency for currency in moneyed.CURRENCIES.values() if {*currency.countries} - _NOWHERE]
    return [
        {
            "code": currency.code,
            "name": currency.name,
            "symbol": get_currency_symbol(currency.code, _LOCALE),
            "subunits": len(str(currency.sub_unit)) - 1,
        }
        for currency in sorted(in_use, key=lambda currency: currency.code)
    ]
