"""Percentage discounts and the maximum spend."""

from decimal import Decimal
from fractions import Fraction

import pytest

from pricing.prices import FlatPrice, price_to_json
from tests.pricing.charges import amounts, bill, charge, charge_of_unit, graduated, percent_off, texts, volume

STAIRS = price_to_json(graduated(("5", "0", "100"), ("10", "0", "50"), ("15", "5", "0"), (None, "1", "0")))
VOLUME = price_to_json(volume(("5", "0", "100"), ("10", "0", "150"), ("15", "10", "0"), (None, "5", "0")))


def test_it_fills_the_maximum_line_by_line():
    rated = bill(charge(STAIRS, maximumAmount="170"), "12", "22")

    # 160 was billed for 12; 15 - 5 = 10 and 7 - 7 = 0 reach 170.
    assert amounts(rated) == {
        "tier_3_usage": "15.00",
        "tier_3_usage.maximum_spend": "-5.00",
        "tier_4_usage": "7.00",
        "tier_4_usage.maximum_spend": "-7.00",
    }
    discount = rated.lines[1]
    assert discount.name == "Maximum spend discount for charges over 170"
    assert (discount.category, discount.of, discount.quantity) == ("discount", "tier_3_usage", 1)


@pytest.mark.parametrize(
    ("price", "maximum", "before", "now", "lines"),
    [
        # 50 - 20 = 30: 70 was billed.
        ({"type": "unit", "amount": "10"}, "100", "7", "12", {"usage": "50.00", "usage.maximum_spend": "-20.00"}),
        # 11 packages are 165 less 65; 6 of them, 90, were billed: 75 - 65 = 10.
        (
            {"type": "package", "amount": "15", "quantityPerPackage": "10"},
            "100",
            "60",
            "110",
            {"usage": "75.00", "usage.maximum_spend": "-65.00"},
        ),
        # 160.00 less 60.00; 93.33 was billed: 66.67 - 60.00 = 6.67.
        (
            {"type": "dynamic", "multiplier": "1.33333"},
            "100",
            "70",
            "120",
            {"usage": "66.67", "usage.maximum_spend": "-60.00"},
        ),
        # 150 - 25
        (VOLUME, "125", None, "7", {"tier_2_flat": "150.00", "tier_2_flat.maximum_spend": "-25.00"}),
        # 90 - 30
        ({"type": "unit", "amount": "1"}, "60", None, "90", {"usage": "90.00", "usage.maximum_spend": "-30.00"}),
    ],
)
def test_it_charges_no_more_than_the_maximum(price, maximum, before, now, lines):
    rated = bill(charge(price, maximumAmount=maximum), before, now)

    assert {key: amount for key, amount in amounts(rated).items() if amount != "0.00"} == lines


def test_it_takes_the_percentage_off_before_the_maximum():
    halved = charge_of_unit("10", maximumAmount="100", discounts=percent_off(50))

    # 35 was billed for 7; 200 - 100 (50 %) - 35 (maximum) = 65 reach 100.
    assert str(bill(halved, None, "7").amount) == "35.00"
    rated = bill(halved, "7", "27")
    assert amounts(rated) == {"usage": "200.00", "usage.percentage": "-100.00", "usage.maximum_spend": "-35.00"}
    assert rated.amount == 65


def test_it_takes_the_percentage_off_each_line_and_rounds_there():
    thirds = charge(price_to_json(graduated(("1", "0.05", "0"), (None, "0.05", "0"))), discounts=percent_off("50"))

    # 0.05 / 2 = 0.025 is 0.03, twice; 0.10 / 2 would be 0.05.
    assert amounts(bill(thirds, None, "2")) == {
        "tier_1_usage": "0.05",
        "tier_1_usage.percentage": "-0.03",
        "tier_2_usage": "0.05",
        "tier_2_usage.percentage": "-0.03",
    }


def test_it_takes_the_percentage_off_a_flat_price():
    rated = bill(charge(price_to_json(FlatPrice(Decimal(30))), discounts=percent_off("12.5")), None, "0")

    # 30 * 12.5 % = 3.75
    assert amounts(rated) == {"flat": "30.00", "flat.percentage": "-3.75"}


def test_it_scales_the_maximum_as_well():
    price = charge_of_unit("1", maximumAmount="100", prorate_commitments=True)

    # 50 - 16.67 = 33.33
    assert amounts(bill(price, None, "50", part=Fraction(1, 3))) == {"usage": "50.00", "usage.maximum_spend": "-16.67"}


def test_it_explains_discounts_and_commitments():
    price = charge_of_unit("10", minimumAmount="100", maximumAmount="120", discounts=percent_off(50))

    assert texts(bill(price, None, "4")) == [
        "4 units at 10 each = 40.00",
        "50 % discount on 40.00 = -20.00",
        "Minimum spend of 100 less charges of 20.00 = 80.00",
    ]
    assert texts(bill(price, None, "30"))[2:] == [
        "Maximum spend of 120: of these 150.00, 120.00 still fit below it = -30.00"
    ]
