"""
Pricing written a second time, as plainly as can be, to hold the first one against.

It reads the JSON itself, counts money in the smallest coin as whole numbers and knows no splits: one period, one price,
one quantity, one total.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Any

DIGITS = {"JPY": 0, "USD": 2, "EUR": 2, "KWD": 3}


@dataclass(frozen=True)
class Pair:
    """A price as a rate card has it, and a quantity; `cells` are those of a matrix, as group values and quantity."""

    price: dict[str, Any]
    quantity: str
    currency: str = "USD"
    discounts: dict[str, Any] = field(default_factory=dict)
    unit_config: dict[str, Any] | None = None
    cells: tuple[tuple[dict[str, str], str], ...] = ()


def plain_total(pair: Pair) -> Decimal:
    """Return what a quantity costs in all, with the digits of the currency."""
    coin = 10 ** DIGITS[pair.currency]
    free = Fraction(pair.discounts.get("usage", {}).get("quantity", 0))
    percent = Fraction(str(pair.discounts.get("percentage", {}).get("percentage", 0)))
    coins = 0
    for price, metered in _priced(pair):
        quantity = _converted(metered, pair.unit_config)
        taken = min(free, quantity)
        free -= taken
        for cost in _costs(price, quantity - taken):
            line = _half_up(cost * coin)
            coins += line - _half_up(line * percent / 100)
    if pair.price.get("maximumAmount") is not None:
        coins = min(coins, _half_up(Fraction(pair.price["maximumAmount"]) * coin))
    if pair.price.get("minimumAmount") is not None:
        coins = max(coins, _half_up(Fraction(pair.price["minimumAmount"]) * coin))
    return Decimal(coins).scaleb(-DIGITS[pair.currency])


def _half_up(number: Fraction) -> int:
    return floor(number + Fraction(1, 2))


def _priced(pair: Pair) -> list[tuple[dict[str, Any] | None, Fraction]]:
    if pair.price["type"] != "matrix":
        return [(pair.price, max(Fraction(pair.quantity), Fraction(0)))]
    cells = pair.price["cells"]
    sums = [Fraction(0)] * (len(cells) + 1)
    for groups, quantity in pair.cells:
        fitting = [
            (-len(cell["match"]), place) for place, cell in enumerate(cells) if cell["match"].items() <= groups.items()
        ]
        sums[min(fitting)[1] if fitting else len(cells)] += Fraction(quantity)
    prices = [*(cell["price"] for cell in cells), pair.price.get("default")]
    return list(zip(prices, sums, strict=True))


def _converted(quantity: Fraction, config: dict[str, Any] | None) -> Fraction:
    if config is None:
        return quantity
    factor = Fraction(config["conversionFactor"])
    converted = quantity * factor if config["operation"] == "multiply" else quantity / factor
    step = Fraction(1, 10 ** config["precision"]) if config["precision"] >= 0 else Fraction(10 ** -config["precision"])
    steps = converted / step
    match config["rounding"]:
        case "ceiling":
            return ceil(steps) * step
        case "floor":
            return floor(steps) * step
        case "half_up":
            return _half_up(steps) * step
    return converted


def _costs(price: dict[str, Any] | None, quantity: Fraction) -> list[Fraction]:
    """Return what each line costs before it is rounded."""
    match price:
        case None:
            return []
        case {"type": "flat"}:
            return [Fraction(price["amount"])]
        case {"type": "unit"}:
            return [quantity * Fraction(price["amount"])]
        case {"type": "package"}:
            return [ceil(quantity / Fraction(price["quantityPerPackage"])) * Fraction(price["amount"])]
        case {"type": "dynamic"}:
            return [quantity * Fraction(price.get("multiplier", "1"))]
    rows = [(_bound(tier), _amount(tier.get("unitPrice")), _amount(tier.get("flatPrice"))) for tier in price["tiers"]]
    rows.sort(key=lambda row: (row[0] is None, row[0] or 0))
    at_zero = price.get("flatPriceAtZeroUsage", True)
    return _volume(rows, quantity, at_zero) if price["mode"] == "volume" else _graduated(rows, quantity, at_zero)


def _bound(tier: dict[str, Any]) -> Fraction | None:
    return None if tier.get("upToAmount") is None else Fraction(tier["upToAmount"])


def _amount(part: dict[str, Any] | None) -> Fraction:
    return Fraction(part["amount"]) if part else Fraction(0)


def _volume(rows: list[Any], quantity: Fraction, at_zero: bool) -> list[Fraction]:
    _, unit, flat = next(row for row in rows if row[0] is None or quantity <= row[0])
    return [quantity * unit, flat if quantity or at_zero else Fraction(0)]


def _graduated(rows: list[Any], quantity: Fraction, at_zero: bool) -> list[Fraction]:
    costs, below = [], Fraction(0)
    for place, (bound, unit, flat) in enumerate(rows):
        inside = max(quantity - below, 0) if bound is None else max(min(quantity, bound) - below, 0)
        if quantity > below or (place == 0 and at_zero):
            costs += [inside * unit, flat]
        below = bound or below
    return costs
