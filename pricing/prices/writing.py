"""Prices back into their JSON shape."""

from decimal import Decimal

from pricing.prices.kinds import (
    DynamicPrice,
    FlatPrice,
    GraduatedPrice,
    MatrixPrice,
    PackagePrice,
    Price,
    Tier,
    UnitPrice,
    UsagePrice,
    VolumePrice,
)


def price_to_json(price: Price, *, minimum: Decimal | None = None, maximum: Decimal | None = None) -> dict[str, object]:
    """Write a price and its commitments, numbers as decimal strings; `parse_price` reads it back equal."""
    commitments = {"minimumAmount": minimum, "maximumAmount": maximum}
    return _write(price) | {name: f"{amount:f}" for name, amount in commitments.items() if amount is not None}


def _write(price: Price) -> dict[str, object]:
    match price:
        case FlatPrice():
            return {"type": "flat", "amount": f"{price.amount:f}", "paymentTerm": str(price.payment_term)}
        case MatrixPrice():
            return _matrix_to_json(price)
        case _:
            return _usage_price_to_json(price)


def _usage_price_to_json(price: UsagePrice) -> dict[str, object]:
    match price:
        case UnitPrice():
            return {"type": "unit", "amount": f"{price.amount:f}"}
        case GraduatedPrice() | VolumePrice():
            mode = "graduated" if isinstance(price, GraduatedPrice) else "volume"
            # Our own member is only written where it says something, so that OpenMeter's prices read as they came.
            switch = {} if price.flat_at_zero else {"flatPriceAtZeroUsage": False}
            return {"type": "tiered", "mode": mode, "tiers": [_tier_to_json(tier) for tier in price.tiers], **switch}
        case PackagePrice():
            return {"type": "package", "amount": f"{price.amount:f}", "quantityPerPackage": f"{price.size:f}"}
        case DynamicPrice():
            return {"type": "dynamic", "multiplier": f"{price.multiplier:f}"}


def _matrix_to_json(price: MatrixPrice) -> dict[str, object]:
    return {
        "type": "matrix",
        "dimensions": list(price.dimensions),
        "cells": [{"match": dict(cell.match), "price": _usage_price_to_json(cell.price)} for cell in price.cells],
        "default": None if price.default is None else _usage_price_to_json(price.default),
    }


def _tier_to_json(tier: Tier) -> dict[str, object]:
    bound = {} if tier.up_to is None else {"upToAmount": f"{tier.up_to:f}"}
    flat = {"type": "flat", "amount": f"{tier.flat_amount:f}"} if tier.flat_amount else None
    # OpenMeter's clients expect at least one of the two, so a free tier shows its unit price of zero.
    unit = {"type": "unit", "amount": f"{tier.unit_amount:f}"} if tier.unit_amount or flat is None else None
    return {**bound, "flatPrice": flat, "unitPrice": unit}
