"""Prices as data, out of their JSON shape and into it again."""

from pricing.prices.charge import (
    Charge,
    Discounts,
    Operation,
    UnitConfig,
    UnitRounding,
    charge_of,
    parse_charge,
)
from pricing.prices.kinds import (
    DEFAULT_CELL,
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
from pricing.prices.members import MAX_DIGITS, NUMERIC, InvalidPrice
from pricing.prices.parsing import parse_price
from pricing.prices.writing import price_to_json

__all__ = [
    "DEFAULT_CELL",
    "MAX_DIGITS",
    "NUMERIC",
    "Charge",
    "Discounts",
    "DynamicPrice",
    "FlatPrice",
    "GraduatedPrice",
    "InvalidPrice",
    "MatrixCell",
    "MatrixPrice",
    "Operation",
    "PackagePrice",
    "PaymentTerm",
    "Price",
    "Tier",
    "UnitConfig",
    "UnitPrice",
    "UnitRounding",
    "UsagePrice",
    "VolumePrice",
    "charge_of",
    "parse_charge",
    "parse_price",
    "price_to_json",
]
