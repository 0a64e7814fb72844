"""Everything of a rate card that decides what is charged: price, discounts, unit conversion, commitments."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from pricing.prices.kinds import FlatPrice, MatrixPrice, PaymentTerm, Price, costs_nothing
from pricing.prices.members import (
    InvalidPrice,
    read_choice,
    read_number,
    read_object,
    read_percentage,
    read_positive,
    refuse_others,
)
from pricing.prices.parsing import parse_price, read_commitments
from pricing.terms import Terms

MAX_PRECISION = 20
# The percentage off that leaves nothing to pay.
ALL = Decimal(100)


class Operation(StrEnum):
    """What is done with a quantity and the conversion factor."""

    MULTIPLY = "multiply"
    DIVIDE = "divide"


class UnitRounding(StrEnum):
    """How a converted quantity is rounded."""

    NONE = "none"
    CEILING = "ceiling"
    FLOOR = "floor"
    HALF_UP = "half_up"


@dataclass(frozen=True)
class UnitConfig:
    """
    Another unit to bill in: the quantity times or over `factor`, rounded to `precision` digits after the point.

    A negative precision rounds to tens, hundreds and so on.
    """

    operation: Operation
    factor: Decimal
    rounding: UnitRounding = UnitRounding.NONE
    precision: int = 0
    display_unit: str = ""


@dataclass(frozen=True)
class Discounts:
    """What comes off: free units of each period, and a share in percent of what the rest costs."""

    usage: Decimal = Decimal(0)
    percentage: Decimal = Decimal(0)


@dataclass(frozen=True)
class Charge:
    """
    A price with all that changes what it comes to.

    `minimum` and `maximum` bound what one period costs, after discounts; `prorate_commitments` scales both to a part of
    a period.
    """

    price: Price
    discounts: Discounts = Discounts()
    unit: UnitConfig | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    prorate_commitments: bool = False

    @property
    def payment_term(self) -> PaymentTerm:
        """When it falls due: only a flat price can be paid in advance."""
        return self.price.payment_term if isinstance(self.price, FlatPrice) else PaymentTerm.IN_ARREARS

    @property
    def needs_groups(self) -> tuple[str, ...]:
        """The meter's groups that usage has to be read by."""
        return self.price.dimensions if isinstance(self.price, MatrixPrice) else ()

    @property
    def is_free(self) -> bool:
        """Whether nothing can come of it, however much is used."""
        return not self.minimum and (self.discounts.percentage == ALL or costs_nothing(self.price))


def parse_charge(
    *,
    price: Mapping[str, object],
    discounts: Mapping[str, object] | None = None,
    unit_config: Mapping[str, object] | None = None,
    prorate_commitments: bool = False,
) -> Charge:
    """
    Read what a rate card charges from its JSON members.

    :raises InvalidPrice: naming the first member that is wrong, from `$.price`, `$.discounts` or `$.unitConfig` on.
    """
    try:
        parsed, (minimum, maximum) = parse_price(price), read_commitments(price)
    except InvalidPrice as error:
        raise InvalidPrice("$.price" + error.field.removeprefix("$"), str(error), error.code) from None
    charge = Charge(
        price=parsed,
        discounts=_read_discounts(discounts),
        unit=_read_unit_config(unit_config),
        minimum=minimum,
        maximum=maximum,
        prorate_commitments=prorate_commitments,
    )
    if isinstance(parsed, FlatPrice):
        _check_flat(charge)
    return charge


def charge_of(terms: Terms) -> Charge | None:
    """
    Read what a rate card charges, None if it has no price.

    :raises InvalidPrice: naming the first member that is wrong.
    """
    if terms.price is None:
        return None
    return parse_charge(
        price=terms.price,
        discounts=terms.discounts,
        unit_config=terms.unit_config,
        prorate_commitments=terms.prorate_commitments,
    )


def _check_flat(charge: Charge) -> None:
    if charge.discounts.usage:
        raise InvalidPrice(
            "$.discounts.usage",
            "Remove the usage discount: a flat price counts no usage.",
            "usage_discount_with_flat_price",
        )
    if charge.unit is not None:
        raise InvalidPrice(
            "$.unitConfig",
            "Remove the unit conversion: a flat price counts no usage.",
            "unit_config_requires_usage_based_price",
        )


def _read_discounts(data: Mapping[str, object] | None) -> Discounts:
    if data is None:
        return Discounts()
    field = "$.discounts"
    read_object(data, field, "Write discounts as an object with percentage, usage or both.")
    refuse_others(data, field, ("percentage", "usage"))
    usage = percentage = Decimal(0)
    # The correlation id only tells whose discount it is on an invoice.
    if data.get("usage") is not None:
        part = read_object(data["usage"], f"{field}.usage", "Write usage as an object with a quantity.")
        refuse_others(part, f"{field}.usage", ("quantity", "correlationId"))
        usage = read_number(part, f"{field}.usage", "quantity")
    if data.get("percentage") is not None:
        part = read_object(
            data["percentage"], f"{field}.percentage", "Write percentage as an object with a percentage."
        )
        refuse_others(part, f"{field}.percentage", ("percentage", "correlationId"))
        percentage = read_percentage(part, f"{field}.percentage", "percentage")
    return Discounts(usage, percentage)


def _read_unit_config(data: Mapping[str, object] | None) -> UnitConfig | None:
    if data is None:
        return None
    field = "$.unitConfig"
    read_object(data, field, "Write unitConfig as an object with operation and conversionFactor.")
    refuse_others(data, field, ("operation", "conversionFactor", "rounding", "precision", "displayUnit"))
    rounding = UnitRounding.NONE
    if data.get("rounding") is not None:
        rounding = UnitRounding(read_choice(data, field, "rounding", UnitRounding))
    return UnitConfig(
        operation=Operation(read_choice(data, field, "operation", Operation)),
        factor=read_positive(data, field, "conversionFactor"),
        rounding=rounding,
        precision=_read_precision(data.get("precision"), f"{field}.precision"),
        display_unit=_read_display_unit(data.get("displayUnit"), f"{field}.displayUnit"),
    )


def _read_precision(value: object, field: str) -> int:
    if value is None:
        return 0
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > MAX_PRECISION:
        raise InvalidPrice(field, f"Set precision to a whole number from -{MAX_PRECISION} to {MAX_PRECISION}.")
    return value


def _read_display_unit(value: object, field: str) -> str:
    if value is not None and not isinstance(value, str):
        raise InvalidPrice(field, "Write displayUnit as a string, such as GB.")
    return value or ""
