"""The kinds of price, as data."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class PaymentTerm(StrEnum):
    """When a flat price falls due: at the start of its period or at the end."""

    IN_ADVANCE = "in_advance"
    IN_ARREARS = "in_arrears"


@dataclass(frozen=True)
class FlatPrice:
    """One amount for a period, whatever the usage."""

    amount: Decimal
    payment_term: PaymentTerm = PaymentTerm.IN_ADVANCE


@dataclass(frozen=True)
class UnitPrice:
    """The same amount for each unit."""

    amount: Decimal


@dataclass(frozen=True)
class Tier:
    """Usage above the previous tier's bound up to this one's, inclusive; `up_to` None takes all the rest."""

    up_to: Decimal | None
    unit_amount: Decimal
    flat_amount: Decimal


@dataclass(frozen=True)
class GraduatedPrice:
    """
    Each unit at the price of the tier it falls in; each tier's flat amount once the quantity enters it.

    `flat_at_zero` says whether the first tier is entered without usage.
    """

    tiers: tuple[Tier, ...]
    flat_at_zero: bool = True


@dataclass(frozen=True)
class VolumePrice:
    """All units at the price of the tier that the whole quantity falls in, and that tier's flat amount."""

    tiers: tuple[Tier, ...]
    flat_at_zero: bool = True


@dataclass(frozen=True)
class PackagePrice:
    """An amount for each package of `size` units that is begun."""

    amount: Decimal
    size: Decimal


@dataclass(frozen=True)
class DynamicPrice:
    """The meter reports money: its quantity times `multiplier` is the amount."""

    multiplier: Decimal = Decimal(1)


UsagePrice = UnitPrice | GraduatedPrice | VolumePrice | PackagePrice | DynamicPrice
DEFAULT_CELL = "default"


@dataclass(frozen=True)
class MatrixCell:
    """The price of the usage whose group values are all those of `match`, as pairs of dimension and value."""

    match: tuple[tuple[str, str], ...]
    price: UsagePrice


@dataclass(frozen=True)
class MatrixPrice:
    """
    A price for each combination of group values; the cell with the most values that match takes the usage.

    Where two have as many, the first one listed takes it. `default` prices what no cell matches, None is free.
    """

    dimensions: tuple[str, ...]
    cells: tuple[MatrixCell, ...]
    default: UsagePrice | None = None

    def priced_cells(self) -> Iterator[tuple[str, tuple[tuple[str, str], ...], UsagePrice | None]]:
        """Yield each cell's key with its values and price, `default` with no values at the end."""
        for number, cell in enumerate(self.cells, start=1):
            yield f"cell_{number}", cell.match, cell.price
        yield DEFAULT_CELL, (), self.default


Price = FlatPrice | UsagePrice | MatrixPrice


def costs_nothing(price: Price) -> bool:
    """Tell whether every amount of a price is zero."""
    match price:
        case FlatPrice(amount) | UnitPrice(amount) | DynamicPrice(amount) | PackagePrice(amount):
            return not amount
        case GraduatedPrice(tiers) | VolumePrice(tiers):
            return not any(tier.unit_amount or tier.flat_amount for tier in tiers)
        case MatrixPrice():
            return all(cell is None or costs_nothing(cell) for _, _, cell in price.priced_cells())
