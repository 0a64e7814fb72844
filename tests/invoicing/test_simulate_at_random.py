"""The simulation agrees, to the digit, with a second implementation that shares nothing with it."""

from collections import defaultdict

import pytest

from tests.factories import CustomerFactory
from tests.invoicing.simulations import api_client, asked, simulate
from tests.pricing.plain_pricing import plain_total
from tests.pricing.random_prices import random_pairs

PAIRS = 10_000
LINES_A_REQUEST = 500


def _line(pair):
    more = {"discounts": pair.discounts} if pair.discounts else {}
    if pair.unit_config:
        more["unitConfig"] = pair.unit_config
    if pair.cells:
        more["quantityByGroups"] = [{"groups": groups, "quantity": quantity} for groups, quantity in pair.cells]
    return asked(pair.price, pair.quantity, **more)


@pytest.mark.django_db
def test_ten_thousand_random_prices_and_quantities_come_to_the_same():
    CustomerFactory(key="acme")
    client = api_client()
    pairs = defaultdict(list)
    for pair in random_pairs(PAIRS, seed=4):
        pairs[pair.currency].append(pair)
    compared = 0
    for currency, found in pairs.items():
        for start in range(0, len(found), LINES_A_REQUEST):
            chunk = found[start : start + LINES_A_REQUEST]
            lines = simulate(client, *map(_line, chunk), currency=currency)["lines"]
            for pair, line in zip(chunk, lines, strict=True):
                assert line["totals"]["total"] == str(plain_total(pair)), pair
                compared += 1
    assert compared == PAIRS
