"""What rating gives back: lines to bill and the sums behind them."""

from dataclasses import dataclass, fields
from decimal import Decimal


@dataclass(frozen=True)
class DetailedLine:
    """
    One part of a line: `key` names it for good, `amount` is rounded to the currency.

    `category` is regular, discount (a negative amount, and `of` is the key of what it reduces) or commitment.
    """

    key: str
    name: str
    quantity: Decimal
    unit_amount: Decimal
    amount: Decimal
    category: str = "regular"
    of: str = ""


@dataclass(frozen=True)
class Step:
    """
    One step of the trace: what the whole period so far costs in one part of the price.

    `key` is that of the detailed line it leads to; a step about quantities alone has none and costs nothing. `exact` is
    cut after twenty places where no decimal holds it, which rounds to the same `rounded`.
    """

    text: str
    quantity: Decimal
    unit_amount: Decimal
    exact: Decimal
    rounded: Decimal
    key: str = ""


@dataclass(frozen=True)
class Rated:
    """What to bill now: `amount` is the sum of the lines; `usage_discount` counts the free units that were used up."""

    lines: tuple[DetailedLine, ...]
    amount: Decimal
    steps: tuple[Step, ...]
    usage_discount: Decimal = Decimal(0)


def to_json(result: Rated | DetailedLine | Step) -> dict[str, object]:
    """Return plain JSON data: decimals become strings that never use an exponent."""
    return {field.name: _json_value(getattr(result, field.name)) for field in fields(result)}


def _json_value(value: object) -> object:
    match value:
        case Decimal():
            return f"{value:f}"
        case tuple():
            return [to_json(item) for item in value]
        case _:
            return value
