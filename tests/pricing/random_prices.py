"""Random prices with quantities, as rate cards have them: what implementations of pricing are compared on."""

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from tests.pricing.plain_pricing import DIGITS, Pair


def random_pairs(
    count: int,
    *,
    seed: int,
    conversions: bool = True,
    matrices: bool = True,
    currencies: tuple[str, ...] = tuple(DIGITS),
) -> Iterator[Pair]:
    """Yield prices with quantities, the same ones for the same seed; many quantities lie at or beside a bound."""
    chance = random.Random(seed)
    for _ in range(count):
        kinds = ["flat", "unit", "package", "dynamic", "graduated", "volume", *(["matrix"] if matrices else [])]
        kind = chance.choice(kinds)
        currency = chance.choice(currencies)
        price = _random_matrix(chance) if kind == "matrix" else _random_price(chance, kind)
        if kind == "flat":
            yield Pair(price, _quantity(chance, price), currency, _random_percentage(chance))
            continue
        discounts = _random_percentage(chance) | _random_free_units(chance)
        config = _random_config(chance) if conversions and chance.random() < 0.3 else None
        price |= _random_commitments(chance)
        cells = _random_cells(chance, price) if kind == "matrix" else ()
        quantity = str(sum(Decimal(of_cell) for _, of_cell in cells)) if cells else _quantity(chance, price)
        yield Pair(price, quantity, currency, discounts, config, cells)


def _money(chance: random.Random) -> str:
    places = chance.choice([0, 1, 2, 2, 3, 4, 6])
    return _decimal(chance.randrange(chance.choice([1, 10, 10**4, 10**6])), places)


def _decimal(units: int, places: int) -> str:
    return f"{Decimal(units).scaleb(-places):f}"


def _random_price(chance: random.Random, kind: str) -> dict[str, Any]:
    match kind:
        case "flat" | "unit":
            return {"type": kind, "amount": _money(chance)}
        case "package":
            return {
                "type": kind,
                "amount": _money(chance),
                "quantityPerPackage": chance.choice(["1", "3", "100", "0.5"]),
            }
        case "dynamic":
            return {"type": kind, "multiplier": chance.choice(["1", "0.01", "1.33333", _money(chance)])}
    price = {"type": "tiered", "mode": kind, "tiers": _random_tiers(chance)}
    return price | chance.choice([{}, {}, {"flatPriceAtZeroUsage": False}, {"flatPriceAtZeroUsage": True}])


def _random_tiers(chance: random.Random) -> list[dict[str, Any]]:
    bounds = chance.sample(["0", "1", "5", "7.5", "10", "15", "100", "333.333", "1000", "250000"], chance.randrange(4))
    tiers = [{"upToAmount": bound} for bound in sorted(bounds, key=Decimal)] + [{}]
    for tier in tiers:
        tier["unitPrice"] = chance.choice([None, {"type": "unit", "amount": _money(chance)}])
        tier["flatPrice"] = chance.choice([None, {"type": "flat", "amount": _money(chance)}])
    if chance.random() < 0.2:
        chance.shuffle(tiers)
    return tiers


def _random_matrix(chance: random.Random) -> dict[str, Any]:
    matches = [{"region": "eu"}, {"region": "eu", "tier": "gold"}, {"tier": "gold"}, {"region": "us"}]
    kinds = ["unit", "package", "dynamic", "graduated", "volume"]
    cells = [
        {"match": match, "price": _random_price(chance, chance.choice(kinds))}
        for match in chance.sample(matches, chance.randrange(1, 5))
    ]
    default = chance.choice([None, _random_price(chance, chance.choice(kinds))])
    return {"type": "matrix", "dimensions": ["region", "tier"], "cells": cells, "default": default}


def _random_cells(chance: random.Random, price: dict[str, Any]) -> tuple[tuple[dict[str, str], str], ...]:
    rows = [{"region": region, "tier": tier} for region in ("eu", "us", "") for tier in ("gold", "")]
    return tuple((groups, _quantity(chance, price)) for groups in chance.sample(rows, chance.randrange(1, 6)))


def _random_percentage(chance: random.Random) -> dict[str, Any]:
    return chance.choice([{}, {}, {"percentage": {"percentage": chance.choice([50, 100, "12.5", "33.333", 0])}}])


def _random_free_units(chance: random.Random) -> dict[str, Any]:
    return chance.choice([{}, {}, {"usage": {"quantity": chance.choice(["1", "0.5", "10", "100", "1000"])}}])


def _random_commitments(chance: random.Random) -> dict[str, str]:
    low, high = sorted([_money(chance), _money(chance)], key=Decimal)
    return chance.choice(
        [{}, {}, {"minimumAmount": low}, {"maximumAmount": high}, {"minimumAmount": low, "maximumAmount": high}]
    )


def _random_config(chance: random.Random) -> dict[str, Any]:
    return {
        "operation": chance.choice(["divide", "multiply"]),
        "conversionFactor": chance.choice(["1000", "3", "0.25", "1024"]),
        "rounding": chance.choice(["none", "ceiling", "floor", "half_up"]),
        "precision": chance.choice([0, 0, 2, -1]),
    }


def _quantity(chance: random.Random, price: dict[str, Any]) -> str:
    bounds = [tier["upToAmount"] for tier in price.get("tiers", ()) if tier.get("upToAmount")]
    if bounds and chance.random() < 0.5:
        beside = Decimal(chance.choice(bounds)) + Decimal(chance.choice(["0", "0.001", "-0.001", "1"]))
        return f"{max(beside, Decimal(0)):f}"
    places = chance.choice([0, 0, 0, 1, 3, 9])
    most = chance.choice([1, 20, 2000, 10**6])
    return _decimal(chance.randrange(most * 10**places), places)
