"""Prices in words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from invoicing.lines import PlanMinimum
from pricing.prices import (
    Charge,
    DynamicPrice,
    FlatPrice,
    GraduatedPrice,
    MatrixPrice,
    Operation,
    PackagePrice,
    PaymentTerm,
    Tier,
    UnitConfig,
    UnitPrice,
    UnitRounding,
    UsagePrice,
    VolumePrice,
)
from pricing.rating.words import plain

_CADENCE = re.compile(r"PT?(\d+)([HDWMY])")
_SPANS = {"H": "hour", "D": "day", "W": "week", "M": "month", "Y": "year"}
_IN_WORDS = {2: "two", 3: "three", 4: "four", 6: "six"}
_ROUNDED = {
    UnitRounding.CEILING: ", rounded up",
    UnitRounding.FLOOR: ", rounded down",
    UnitRounding.HALF_UP: ", rounded",
}


@dataclass(frozen=True)
class TierRow:
    """One row of a tier table: units above `above`, up to and with `up_to` (None: all the rest)."""

    above: Decimal
    up_to: Decimal | None
    unit_amount: Decimal
    flat_amount: Decimal


@dataclass(frozen=True)
class Note:
    """Something else that counts, as a text or an amount."""

    label: str
    text: str = ""
    amount: Decimal | None = None


@dataclass(frozen=True)
class CellInWords:
    """The price of the usage that `label` names; None is free."""

    label: str
    price: "PriceInWords | None"


@dataclass(frozen=True)
class PriceInWords:
    """A price for people: `amount` for a single one, `tiers` for one by usage, `cells` for one by group values."""

    how: str
    amount: Decimal | None = None
    tiers: tuple[TierRow, ...] = ()
    cells: tuple[CellInWords, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def has_flat_amounts(self) -> bool:
        return any(tier.flat_amount for tier in self.tiers)


def in_words(charge: Charge | PlanMinimum | None, cadence: str) -> PriceInWords:
    """
    Describe what is charged once each `cadence`, an ISO 8601 duration such as `P1M`, or empty for once in all.

    None is something that is included without a price.
    """
    if charge is None:
        return PriceInWords(how="included")
    if isinstance(charge, PlanMinimum):
        return PriceInWords(how=f"{_when(cadence)}, the least that all charges together come to", amount=charge.amount)
    return replace(_price(charge, _when(cadence)), notes=tuple(_notes(charge)))


def _when(cadence: str) -> str:
    if not cadence:
        return "once"
    found = _CADENCE.fullmatch(cadence)
    if found is None:
        return f"every {cadence}"
    count, span = int(found[1]), _SPANS[found[2]]
    if (count, span) == (12, "month"):
        count, span = 1, "year"
    return f"every {span}" if count == 1 else f"every {_IN_WORDS.get(count, count)} {span}s"


def _price(charge: Charge, when: str) -> PriceInWords:
    price = charge.price
    if isinstance(price, FlatPrice):
        term = "in advance" if price.payment_term == PaymentTerm.IN_ADVANCE else "afterwards"
        return PriceInWords(how=f"{when}, {term}", amount=price.amount)
    if not isinstance(price, MatrixPrice):
        return _usage_price(price, f"billed {when} for what you used")
    how = f"billed {when} for what you used; the price depends on {' and '.join(price.dimensions)}"
    return PriceInWords(how=how, cells=tuple(_cells(price)))


def _usage_price(price: UsagePrice, how: str) -> PriceInWords:
    match price:
        case UnitPrice(amount):
            return PriceInWords(how, tiers=(TierRow(Decimal(0), None, amount, Decimal(0)),))
        case GraduatedPrice(tiers) | VolumePrice(tiers) if len(tiers) == 1:
            return PriceInWords(how, tiers=tuple(_rows(tiers)))
        case GraduatedPrice(tiers):
            return PriceInWords(f"{how}; each unit costs what its tier says", tiers=tuple(_rows(tiers)))
        case VolumePrice(tiers):
            text = "all units cost what the tier of the whole quantity says"
            return PriceInWords(f"{how}; {text}", tiers=tuple(_rows(tiers)))
        case PackagePrice(amount, size):
            return PriceInWords(f"{how}, by the package of {plain(size)} units that is begun", amount)
        case DynamicPrice(multiplier):
            times = "" if multiplier == 1 else f" times {plain(multiplier)}"
            return PriceInWords(f"{how}: the cost that was measured{times}")


def _rows(tiers: tuple[Tier, ...]) -> Iterator[TierRow]:
    above = Decimal(0)
    for tier in tiers:
        yield TierRow(above, tier.up_to, tier.unit_amount, tier.flat_amount)
        above = tier.up_to if tier.up_to is not None else above


def _cells(price: MatrixPrice) -> Iterator[CellInWords]:
    for _, match, of_cell in price.priced_cells():
        label = ", ".join(f"{name} {value}" for name, value in match) or "Everything else"
        yield CellInWords(label, None if of_cell is None else _usage_price(of_cell, "for what you used"))


def _notes(charge: Charge) -> Iterator[Note]:
    if charge.unit is not None:
        yield Note("Counted in", _unit(charge.unit))
    if charge.discounts.usage:
        yield Note("Free in each period", f"{plain(charge.discounts.usage)} {_label(charge.unit)}")
    if charge.discounts.percentage:
        yield Note("Discount", f"{plain(charge.discounts.percentage)} %")
    if charge.minimum:
        yield Note("At least", amount=charge.minimum)
    if charge.maximum is not None:
        yield Note("At most", amount=charge.maximum)


def _unit(unit: UnitConfig) -> str:
    what = "divided by" if unit.operation == Operation.DIVIDE else "times"
    return f"{_label(unit)}: the usage {what} {plain(unit.factor)}{_ROUNDED.get(unit.rounding, '')}"


def _label(unit: UnitConfig | None) -> str:
    return unit.display_unit if unit and unit.display_unit else "units"
