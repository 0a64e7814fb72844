"""
Pure: which tax rate a line bears.

The tax point of a line is the last moment of its service period: a service that runs on is supplied when its period
ends. So a rate that changes on 1 February taxes usage of January as before, whenever it is billed, and a fee in advance
for February anew. The country is that of the buyer's billing address.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

EXCLUSIVE, INCLUSIVE = "exclusive", "inclusive"


@dataclass(frozen=True)
class TaxRule:
    """One rate as it stands on an invoice, with its behavior; lines of equal rules are taxed together."""

    name: str
    country: str
    code: str
    percentage: Decimal
    is_inclusive: bool = False


@dataclass(frozen=True)
class KnownRate:
    """A rate of one country while it is valid; without a code it holds for every product that has none of its own."""

    name: str
    country: str
    percentage: Decimal
    valid_from: datetime
    valid_to: datetime | None = None
    code: str = ""
    code_id: str = ""
    stripe_code: str = ""


def tax_rule(
    rates: Sequence[KnownRate], *, config: Mapping[str, Any] | None, default: Mapping[str, Any] | None, until: datetime
) -> TaxRule | None:
    """
    Return the rule for a service period that ends at `until`, exclusive; None if no rate is known.

    What a line's `config` leaves open, the profile's `default` says; else tax is on top, and the product has no code.

    >>> from datetime import UTC
    >>> vat = KnownRate("VAT", "DE", Decimal(19), datetime(2021, 1, 1, tzinfo=UTC))
    >>> tax_rule([vat], config=None, default=None, until=datetime(2026, 2, 1, tzinfo=UTC)).percentage
    Decimal('19')
    """
    config, default = config or {}, default or {}
    valid = [rate for rate in rates if _is_valid(rate, until)]
    chosen = next((rate for rate in valid if _names(config, rate)), None)
    if chosen is None and not _has_code(config):
        chosen = next((rate for rate in valid if _names(default, rate)), None)
    chosen = chosen or next((rate for rate in valid if not rate.code_id), None)
    if chosen is None:
        return None
    behavior = config.get("behavior") or default.get("behavior") or EXCLUSIVE
    return TaxRule(chosen.name, chosen.country, chosen.code, chosen.percentage, behavior == INCLUSIVE)


def _is_valid(rate: KnownRate, until: datetime) -> bool:
    # The last moment before `until`.
    return rate.valid_from < until and (rate.valid_to is None or until <= rate.valid_to)


def _has_code(config: Mapping[str, Any]) -> bool:
    return bool(config.get("taxCodeId") or _stripe_code(config))


def _names(config: Mapping[str, Any], rate: KnownRate) -> bool:
    """Tell whether the config names the rate's code: by its id, else by Stripe's."""
    if config.get("taxCodeId"):
        return config["taxCodeId"] == rate.code_id
    return bool(rate.stripe_code) and _stripe_code(config) == rate.stripe_code


def _stripe_code(config: Mapping[str, Any]) -> str | None:
    return (config.get("stripe") or {}).get("code")
