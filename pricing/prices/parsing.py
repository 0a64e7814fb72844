"""Prices from OpenMeter's JSON shape, and matrix prices from ours beside it."""

from collections.abc import Callable, Mapping
from decimal import Decimal

from pricing.prices.kinds import (
    DynamicPrice,
    FlatPrice,
    GraduatedPrice,
    MatrixCell,
    MatrixPrice,
    PackagePrice,
    PaymentTerm,
    Price,
    Tier,
    UnitPrice,
    UsagePrice,
    VolumePrice,
)
from pricing.prices.members import (
    InvalidPrice,
    read_choice,
    read_flag,
    read_number,
    read_object,
    read_optional_number,
    read_positive,
    refuse_others,
)

COMMITMENTS = ("minimumAmount", "maximumAmount")
_Reader = Callable[[Mapping[str, object], str, tuple[str, ...]], Price]


def parse_price(data: Mapping[str, object]) -> Price:
    """
    Read a price from its JSON shape; an absent member means the same as null.

    The minimum and the maximum spend inside it are checked here, and read by `read_commitments`.

    :raises InvalidPrice: naming the first member that is wrong.
    """
    price = _read(data, "$", _READERS, COMMITMENTS)
    read_commitments(data)
    return price


def read_commitments(data: Mapping[str, object]) -> tuple[Decimal | None, Decimal | None]:
    """
    Return the minimum and the maximum spend inside a price.

    :raises InvalidPrice: if the minimum is above the maximum.
    """
    minimum, maximum = (read_optional_number(data, "$", name) for name in COMMITMENTS)
    if minimum is not None and maximum is not None and minimum > maximum:
        raise InvalidPrice("$.maximumAmount", f"Raise maximumAmount to {minimum:f} at least, which is minimumAmount.")
    return minimum, maximum


def _read(data: object, field: str, readers: Mapping[str, _Reader], more: tuple[str, ...]) -> Price:
    price = read_object(data, field, "Write the price as an object with a type.")
    kind = price.get("type")
    read = readers.get(kind) if isinstance(kind, str) else None
    if read is None:
        raise InvalidPrice(f"{field}.type", f"Set the type of the price to one of: {', '.join(readers)}.")
    return read(price, field, more)


def _read_flat(data: Mapping[str, object], field: str, _more: tuple[str, ...]) -> FlatPrice:
    refuse_others(data, field, ("type", "amount", "paymentTerm"))
    amount = read_number(data, field, "amount")
    if data.get("paymentTerm") is None:
        return FlatPrice(amount)
    return FlatPrice(amount, PaymentTerm(read_choice(data, field, "paymentTerm", PaymentTerm)))


def _read_unit(data: Mapping[str, object], field: str, more: tuple[str, ...]) -> UnitPrice:
    refuse_others(data, field, ("type", "amount", *more))
    return UnitPrice(read_number(data, field, "amount"))


def _read_package(data: Mapping[str, object], field: str, more: tuple[str, ...]) -> PackagePrice:
    refuse_others(data, field, ("type", "amount", "quantityPerPackage", *more))
    return PackagePrice(read_number(data, field, "amount"), read_positive(data, field, "quantityPerPackage"))


def _read_dynamic(data: Mapping[str, object], field: str, more: tuple[str, ...]) -> DynamicPrice:
    refuse_others(data, field, ("type", "multiplier", *more))
    multiplier = read_optional_number(data, field, "multiplier")
    return DynamicPrice() if multiplier is None else DynamicPrice(multiplier)


def _read_tiered(data: Mapping[str, object], field: str, more: tuple[str, ...]) -> GraduatedPrice | VolumePrice:
    refuse_others(data, field, ("type", "mode", "tiers", "flatPriceAtZeroUsage", *more))
    mode = read_choice(data, field, "mode", ("graduated", "volume"))
    tiers = data.get("tiers")
    if not isinstance(tiers, list | tuple) or not tiers:
        raise InvalidPrice(f"{field}.tiers", "List at least one tier.")
    parsed = [_read_tier(tier, f"{field}.tiers[{index}]") for index, tier in enumerate(tiers)]
    _check_bounds([tier.up_to for tier in parsed], f"{field}.tiers")
    kind = GraduatedPrice if mode == "graduated" else VolumePrice
    return kind(tuple(sorted(parsed, key=_bound)), read_flag(data, field, "flatPriceAtZeroUsage", default=True))


def _bound(tier: Tier) -> Decimal:
    return Decimal("Infinity") if tier.up_to is None else tier.up_to


def _read_tier(data: object, field: str) -> Tier:
    tier = read_object(data, field, "Write each tier as an object with flatPrice and unitPrice.")
    refuse_others(tier, field, ("upToAmount", "flatPrice", "unitPrice"))
    return Tier(
        up_to=read_optional_number(tier, field, "upToAmount"),
        unit_amount=_part_amount(tier, field, "unitPrice", "unit"),
        flat_amount=_part_amount(tier, field, "flatPrice", "flat"),
    )


def _part_amount(tier: Mapping[str, object], parent: str, name: str, kind: str) -> Decimal:
    field = f"{parent}.{name}"
    if tier.get(name) is None:
        return Decimal(0)
    advice = f'Write {name} as an object such as {{"type": "{kind}", "amount": "1"}}, or as null.'
    part = read_object(tier[name], field, advice)
    refuse_others(part, field, ("type", "amount"))
    if part.get("type") != kind:
        raise InvalidPrice(f"{field}.type", f"Set the type of {name} to {kind}.")
    return read_number(part, field, "amount")


def _check_bounds(bounds: list[Decimal | None], field: str) -> None:
    if None not in bounds:
        highest = max(range(len(bounds)), key=lambda index: bounds[index] or 0)
        message = "Leave upToAmount out of the highest tier: it takes all further usage."
        raise InvalidPrice(f"{field}[{highest}].upToAmount", message)
    if bounds.count(None) > 1:
        message = "Give each tier but the highest an upToAmount."
        raise InvalidPrice(f"{field}[{bounds.index(None)}].upToAmount", message)
    for index, bound in enumerate(bounds):
        if bound is not None and bound in bounds[:index]:
            message = f"Change upToAmount: another tier ends at {bound:f} too."
            raise InvalidPrice(f"{field}[{index}].upToAmount", message)


def _read_matrix(data: Mapping[str, object], field: str, more: tuple[str, ...]) -> MatrixPrice:
    refuse_others(data, field, ("type", "dimensions", "cells", "default", *more))
    dimensions = _read_dimensions(data.get("dimensions"), f"{field}.dimensions")
    cells = data.get("cells")
    if not isinstance(cells, list | tuple) or not cells:
        raise InvalidPrice(f"{field}.cells", "List at least one cell.")
    parsed = tuple(_read_cell(cell, f"{field}.cells[{index}]", dimensions) for index, cell in enumerate(cells))
    for index, cell in enumerate(parsed):
        if cell.match in [other.match for other in parsed[:index]]:
            raise InvalidPrice(f"{field}.cells[{index}].match", "Change match: another cell has the same one.")
    default = None if data.get("default") is None else _read_usage_price(data["default"], f"{field}.default")
    return MatrixPrice(dimensions, parsed, default)


def _read_dimensions(names: object, field: str) -> tuple[str, ...]:
    if not isinstance(names, list | tuple) or not names or not all(isinstance(name, str) and name for name in names):
        raise InvalidPrice(field, "List the meter's groups that the price depends on, one at least.")
    if len(set(names)) < len(names):
        raise InvalidPrice(field, "List each group once.")
    return tuple(names)


def _read_cell(data: object, field: str, dimensions: tuple[str, ...]) -> MatrixCell:
    cell = read_object(data, field, "Write each cell as an object with match and price.")
    refuse_others(cell, field, ("match", "price"))
    match = read_object(cell.get("match"), f"{field}.match", "Write match as an object of group values.")
    if not match:
        raise InvalidPrice(f"{field}.match", "Name one group value at least; the price of the rest is default.")
    refuse_others(match, f"{field}.match", dimensions)
    pairs = [(name, value) for name in dimensions if (value := match.get(name)) is not None]
    for name, value in pairs:
        if not isinstance(value, str):
            raise InvalidPrice(f"{field}.match.{name}", f"Write the value of {name} as a string.")
    return MatrixCell(
        tuple((name, str(value)) for name, value in pairs), _read_usage_price(cell.get("price"), f"{field}.price")
    )


def _read_usage_price(data: object, field: str) -> UsagePrice:
    price = _read(data, field, _USAGE_READERS, ())
    assert not isinstance(price, FlatPrice | MatrixPrice)
    return price


_USAGE_READERS: dict[str, _Reader] = {
    "unit": _read_unit,
    "tiered": _read_tiered,
    "package": _read_package,
    "dynamic": _read_dynamic,
}
_READERS: dict[str, _Reader] = {"flat": _read_flat, **_USAGE_READERS, "matrix": _read_matrix}
