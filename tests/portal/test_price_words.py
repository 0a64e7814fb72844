"""Every kind of price reads as a customer would say it."""

from decimal import Decimal

import pytest

from invoicing.lines import PlanMinimum
from portal.price_words import Note, TierRow, in_words
from pricing.prices import parse_charge

UNIT = {"type": "unit", "amount": "0.10"}
TIERS = [
    {"upToAmount": "100", "unitPrice": UNIT},
    {"unitPrice": {"type": "unit", "amount": "0.05"}, "flatPrice": {"type": "flat", "amount": "2"}},
]


def words(price, cadence="P1M", **members):
    return in_words(parse_charge(price=price, **members), cadence)


@pytest.mark.parametrize(
    ("price", "how"),
    [
        (UNIT, "billed every month for what you used"),
        (
            {"type": "tiered", "mode": "volume", "tiers": TIERS},
            "billed every month for what you used; all units cost what the tier of the whole quantity says",
        ),
        (
            {"type": "package", "amount": "5", "quantityPerPackage": "1000"},
            "billed every month for what you used, by the package of 1,000 units that is begun",
        ),
        ({"type": "dynamic"}, "billed every month for what you used: the cost that was measured"),
        (
            {"type": "dynamic", "multiplier": "1.2"},
            "billed every month for what you used: the cost that was measured times 1.2",
        ),
    ],
)
def test_it_says_how_each_kind_is_charged(price, how):
    assert words(price).how == how


@pytest.mark.parametrize(
    ("cadence", "when"),
    [
        ("", "once"),
        ("P1D", "every day"),
        ("P2W", "every two weeks"),
        ("P12M", "every year"),
        ("P1Y", "every year"),
        ("P5M", "every 5 months"),
        ("PT1H", "every hour"),
        ("P1M15D", "every P1M15D"),
    ],
)
def test_it_says_when_something_is_charged(cadence, when):
    assert words({"type": "flat", "amount": "1"}, cadence).how == f"{when}, in advance"


def test_it_shows_one_amount_or_the_tiers():
    assert words(UNIT).tiers == (TierRow(Decimal(0), None, Decimal("0.10"), Decimal(0)),)
    assert words({"type": "package", "amount": "5", "quantityPerPackage": "10"}).amount == 5
    assert words({"type": "tiered", "mode": "volume", "tiers": TIERS}).has_flat_amounts


def test_it_shows_each_cell_of_a_matrix():
    cells = [{"match": {"region": "eu", "tier": "gold"}, "price": UNIT}]
    matrix = words({"type": "matrix", "dimensions": ["region", "tier"], "cells": cells})

    assert matrix.how == "billed every month for what you used; the price depends on region and tier"
    assert [cell.label for cell in matrix.cells] == ["region eu, tier gold", "Everything else"]
    assert matrix.cells[0].price.tiers[0].unit_amount == Decimal("0.10")
    assert matrix.cells[1].price is None


def test_it_notes_all_else_that_counts():
    noted = words(
        {**UNIT, "minimumAmount": "10", "maximumAmount": "100"},
        discounts={"usage": {"quantity": "5"}, "percentage": {"percentage": "12.5"}},
        unit_config={
            "operation": "divide",
            "conversionFactor": "1000",
            "rounding": "ceiling",
            "displayUnit": "GB",
        },
    )

    assert noted.notes == (
        Note("Counted in", "GB: the usage divided by 1,000, rounded up"),
        Note("Free in each period", "5 GB"),
        Note("Discount", "12.5 %"),
        Note("At least", amount=Decimal(10)),
        Note("At most", amount=Decimal(100)),
    )


def test_it_describes_what_has_no_price_and_the_minimum_of_a_plan():
    assert in_words(None, "").how == "included"
    minimum = in_words(PlanMinimum(Decimal(500), prorate=False), "P1M")
    assert (minimum.how, minimum.amount) == ("every month, the least that all charges together come to", 500)
