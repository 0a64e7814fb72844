"""Pure: what lines of any price and quantity would come to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from metering.periods import Period
from pricing.prices import Charge, InvalidPrice, MatrixPrice, parse_charge
from pricing.rating import Rated, Usage, matrix_cells, rate


@dataclass(frozen=True)
class LineToSimulate:
    """
    A line as it is asked for: `sent` is its body, `before` what was used in its period and billed already.

    `by_groups` says what of the quantity was used with which values of the meter's groups, for prices that ask for it.
    """

    name: str
    period: Period
    quantity: Decimal
    before: Decimal
    by_groups: Sequence[tuple[Mapping[str, str], Decimal]]
    price: Mapping[str, Any]
    discounts: Mapping[str, Any] | None
    unit_config: Mapping[str, Any] | None
    sent: Mapping[str, Any]


@dataclass(frozen=True)
class SimulatedLine:
    """What a line comes to; of its units, `free` were free by a discount, and `free_before` of those used before."""

    asked: LineToSimulate
    charge: Charge
    rated: Rated
    free_before: Decimal


def simulate_line(asked: LineToSimulate, currency: str) -> SimulatedLine:
    """
    Rate a line as the last one of its period: what all usage comes to, less what the usage before came to.

    :raises InvalidPrice: naming the member of the rate card that is wrong.
    """
    charge = parse_charge(price=asked.price, discounts=asked.discounts, unit_config=asked.unit_config)
    before = Usage(asked.before, is_final=False) if asked.before else None
    now = Usage(asked.before + asked.quantity, cells=_cells(charge, asked))

    def rated(before: Usage | None, now: Usage) -> Rated:
        return rate(charge=charge, name=asked.name, currency=currency, before=before, now=now)

    free_before = rated(None, before).usage_discount if before else Decimal(0)
    return SimulatedLine(asked, charge, rated(before, now), free_before)


def _cells(charge: Charge, asked: LineToSimulate) -> tuple[tuple[str, Decimal], ...]:
    if not isinstance(charge.price, MatrixPrice):
        return ()
    if asked.before:
        raise InvalidPrice("$.price.type", "Leave preLinePeriodQuantity out: of a price by groups, give all usage.")
    if sum((quantity for _, quantity in asked.by_groups), Decimal(0)) != asked.quantity:
        raise InvalidPrice(
            "$.price.type", "Say in quantityByGroups which group values the whole quantity was used with."
        )
    return matrix_cells(charge.price, asked.by_groups)
