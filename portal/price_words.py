"""Prices in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from pricing.prices import FlatPrice, GraduatedPrice, PaymentTerm, Price

_CADENCES = {
    "P1D": "every day",
    "P1W": "every week",
    "P2W": "every two weeks",
    "P4W": "every four weeks",
    "P1M": "every month",
    "P3M": "every three months",
    "P6M": "every six months",
    "P12M": "every year",
    "P1Y": "every year",
}


@dataclass(frozen=True)
class TierRow:
    """One row of a tier table: units above `above`, up to and with `up_to` (None: all the rest)."""

    above: Decimal
    up_to: Decimal | None
    unit_amount: Decimal
    flat_amount: Decimal


@dataclass(frozen=True)
class PriceInWords:
    """A price for people: `amount` for a flat one, `tiers` for one by usage."""

    how: str
    amount: Decimal | None = None
    tiers: tuple[TierRow, ...] = ()

    @property
    def has_flat_amounts(self) -> bool:
        return any(tier.flat_amount for tier in self.tiers)


def in_words(price: Price, cadence: str) -> PriceInWords:
    """Describe a price that is charged once each `cadence`, an ISO 8601 duration such as `P1M`."""
    when = _CADENCES[cadence]
    match price:
        case FlatPrice():
            term = "in advance" if price.payment_term == PaymentTerm.IN_ADVANCE else "afterwards"
            return PriceInWords(how=f"{when}, {term}", amount=price.amount)
        case GraduatedPrice(tiers) if len(tiers) == 1:
            return PriceInWords(how=f"billed {when} for what you used", tiers=tuple(_rows(price)))
        case GraduatedPrice():
            how = f"billed {when} for what you used; each unit costs what its tier says"
            return PriceInWords(how=how, tiers=tuple(_rows(price)))


def _rows(price: GraduatedPrice) -> Iterator[TierRow]:
    above = Decimal(0)
    for tier in price.tiers:
        yield TierRow(above, tier.up_to, tier.unit_amount, tier.flat_amount)
        above = tier.up_to if tier.up_to is not None else above
