"""Rating agrees with a second implementation that shares nothing with it, on thousands of random prices."""

from decimal import Decimal

from pricing.prices import MatrixPrice, parse_charge
from pricing.rating import Usage, matrix_cells, rate
from tests.pricing.plain_pricing import Pair, plain_total
from tests.pricing.random_prices import random_pairs


def rated(pair: Pair):
    charge = parse_charge(price=pair.price, discounts=pair.discounts, unit_config=pair.unit_config)
    cells = ()
    if isinstance(charge.price, MatrixPrice):
        cells = matrix_cells(charge.price, [(groups, Decimal(quantity)) for groups, quantity in pair.cells])
    now = Usage(Decimal(pair.quantity), cells=cells)
    return rate(charge=charge, name="Tokens", currency=pair.currency, before=None, now=now)


def test_it_agrees_on_random_prices_and_quantities():
    for pair in random_pairs(10_000, seed=20260601):
        assert rated(pair).amount == plain_total(pair), pair


def test_it_draws_the_same_pairs_for_the_same_seed_and_every_kind_of_price():
    pairs = list(random_pairs(500, seed=7))

    assert pairs == list(random_pairs(500, seed=7))
    assert {pair.price["type"] for pair in pairs} == {"flat", "unit", "package", "dynamic", "tiered", "matrix"}
    assert {pair.currency for pair in pairs} == {"JPY", "USD", "EUR", "KWD"}
    assert any(pair.unit_config for pair in pairs)
    assert any(pair.discounts for pair in pairs)


def test_it_is_told_what_a_quantity_costs_by_hand():
    # 5 * 1 + (8 - 5) * 0.5 = 6.50, where 7,400 / 1,000 is rounded up to 8.
    tiers = [
        {"upToAmount": "5", "unitPrice": {"type": "unit", "amount": "1"}},
        {"unitPrice": {"type": "unit", "amount": "0.5"}},
    ]
    thousands = {"operation": "divide", "conversionFactor": "1000", "rounding": "ceiling", "precision": 0}
    pair = Pair({"type": "tiered", "mode": "graduated", "tiers": tiers}, "7400", unit_config=thousands)

    assert str(plain_total(pair)) == "6.50"
