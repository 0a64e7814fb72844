"""What was used in a period, as rating takes it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from pricing.prices import DEFAULT_CELL, MatrixPrice
from pricing.rating.words import EXACT


@dataclass(frozen=True)
class Usage:
    """
    What was used of one item in a period so far, and how much of the period that is.

    `carried` was used in the same whole period under an earlier item and billed there: it fills tiers, packages and
    free units here, and is not billed again. `is_first` False says that there was such an item, whether used or not.
    `cells` and `carried_cells` split both quantities by the cells of a matrix price. `part` is the share of the whole
    period that is billed: it scales flat prices, and commitments where the charge says so. What is only known when the
    period ends (a minimum, a volume price, a flat price in arrears) waits until `is_final`.
    """

    quantity: Decimal
    carried: Decimal = Decimal(0)
    cells: tuple[tuple[str, Decimal], ...] = ()
    carried_cells: tuple[tuple[str, Decimal], ...] = ()
    part: Fraction = Fraction(1)
    is_final: bool = True
    is_first: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.part <= 1:
            raise ValueError(f"The share of the period has to lie between 0 and 1, not at {self.part}.")


def matrix_cells(
    price: MatrixPrice, rows: Iterable[tuple[Mapping[str, str], Decimal]]
) -> tuple[tuple[str, Decimal], ...]:
    """
    Sum usage by group values into the cells of a matrix price, every cell named, in the order of the price.

    A row goes to the cell with the most values that match, of those with as many to the first, else to `default`.
    """
    sums = {key: Decimal(0) for key, _, _ in price.priced_cells()}
    for groups, quantity in rows:
        key = _cell(price, groups)
        sums[key] = EXACT.add(sums[key], quantity)
    return tuple(sums.items())


def _cell(price: MatrixPrice, groups: Mapping[str, str]) -> str:
    found, most = DEFAULT_CELL, 0
    for key, match, _ in price.priced_cells():
        if len(match) > most and all(groups.get(name) == value for name, value in match):
            found, most = key, len(match)
    return found
