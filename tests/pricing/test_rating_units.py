"""Quantities before they are priced: conversion, rounding and free units."""

from decimal import Decimal

import pytest

from pricing.prices import price_to_json
from tests.pricing.charges import amounts, bill, charge, charge_of_unit, free_units, graduated, texts

THOUSANDS = {"operation": "divide", "conversionFactor": "1000", "rounding": "ceiling"}
UNIT_OF_THOUSAND = charge_of_unit("10", unit_config=THOUSANDS)


def test_it_rounds_converted_units_up():
    # ceil(1,400 / 1,000) = 2, times 10
    assert str(bill(UNIT_OF_THOUSAND, None, "1400").amount) == "20.00"


def test_it_converts_all_of_a_period_and_not_each_split():
    # ceil(1.4) = 2, then ceil(2.7) = 3 less 2.
    first, second = bill(UNIT_OF_THOUSAND, None, "1400"), bill(UNIT_OF_THOUSAND, "1400", "2700")

    assert [line.quantity for line in (*first.lines, *second.lines)] == [2, 1]
    assert [str(rated.amount) for rated in (first, second)] == ["20.00", "10.00"]


def test_it_takes_free_units_off_after_the_conversion():
    # ceil(1.4) - 0.5 = 1.5, times 10
    half_free = charge_of_unit("10", unit_config=THOUSANDS, discounts=free_units("0.5"))

    assert str(bill(half_free, None, "1400").amount) == "15.00"


def test_it_fills_tiers_with_converted_units():
    price = price_to_json(graduated(("5", "1", "0"), (None, "0.5", "0")))

    # ceil(7.4) = 8: 5 * 1 + 3 * 0.5
    rated = bill(charge(price, unit_config=THOUSANDS), None, "7400")
    assert amounts(rated) == {"tier_1_usage": "5.00", "tier_2_usage": "1.50"}


@pytest.mark.parametrize(("rounding", "units"), [("ceiling", 2), ("floor", 1)])
def test_it_counts_packages_of_a_thousand_up_or_down(rounding, units):
    config = {**THOUSANDS, "rounding": rounding}

    assert bill(charge_of_unit("1", unit_config=config), None, "1001").lines[0].quantity == units


@pytest.mark.parametrize(
    ("rounding", "precision", "metered", "units"),
    [
        ("half_up", -2, "1250", "1300"),
        ("ceiling", 0, "10.2", "11"),
        ("floor", 1, "10.29", "10.2"),
        ("half_up", 0, "0.5", "1"),
        ("half_up", 0, "0.4999999999999999999999", "0"),
        ("none", 0, "10.2", "10.2"),
    ],
)
def test_it_rounds_to_a_precision(rounding, precision, metered, units):
    config = {"operation": "multiply", "conversionFactor": "1", "rounding": rounding, "precision": precision}

    assert bill(charge_of_unit("1000000", unit_config=config), None, metered).amount == Decimal(units) * 1_000_000


def test_it_loses_nothing_of_units_that_no_decimal_holds():
    # 100 / 3 = 33.333... units at 3 are 100 exactly, however many places the line shows.
    thirds = charge_of_unit("3", unit_config={"operation": "divide", "conversionFactor": "3"})

    [line] = bill(thirds, None, "100").lines
    assert (str(line.amount), line.quantity) == ("100.00", Decimal("33.33333333333333333333"))


@pytest.mark.parametrize(
    ("before", "now", "free", "amount"),
    [
        (None, "5", 5, "0.00"),
        ("5", "20", 5, "10.00"),  # 15 more, of which the last 5 free ones
        ("20", "30", 0, "10.00"),  # nothing of the free ones is left
        ("20", "8", -2, "-10.00"),  # 12 taken back: 10 paid ones, 2 free ones
    ],
)
def test_it_uses_up_free_units_over_all_of_a_period(before, now, free, amount):
    rated = bill(charge_of_unit("1", discounts=free_units("10")), before, now)

    assert (rated.usage_discount, str(rated.amount)) == (free, amount)


def test_it_explains_conversion_and_free_units():
    config = {**THOUSANDS, "displayUnit": "GB"}
    rated = bill(charge_of_unit("10", unit_config=config, discounts=free_units("0.5")), "1400", "2700")

    assert texts(rated) == [
        "Unit conversion: 2,700 / 1,000 = 2.7, rounded up to 3 GB",
        "Free units: 0.5 of 0.5 GB a period, which leaves 2.5 GB to pay",
        "2.5 GB at 10 each = 25.00; already billed 15.00",
    ]
    assert str(rated.amount) == "10.00"
    assert [(step.key, str(step.rounded)) for step in rated.steps] == [("", "0.00"), ("", "0.00"), ("usage", "25.00")]
