"""The minimum spend of a rate card and of a whole plan."""

from decimal import Decimal
from fractions import Fraction

import pytest

from pricing.prices import price_to_json
from pricing.rating import minimum_true_up
from tests.pricing.charges import amounts, bill, charge, charge_of_unit, graduated, texts, volume

STAIRS = price_to_json(graduated(("5", "0", "100"), ("10", "0", "50"), ("15", "5", "0"), (None, "1", "0")))
VOLUME = price_to_json(volume(("5", "0", "100"), ("10", "0", "150"), ("15", "10", "0"), (None, "5", "0")))


def true_up(minimum, billed, *, part=Fraction(1), prorate=False, trued_up=None):
    return minimum_true_up(
        minimum=Decimal(minimum),
        billed=Decimal(billed),
        part=part,
        prorate=prorate,
        currency="USD",
        trued_up=None if trued_up is None else Decimal(trued_up),
    )


@pytest.mark.parametrize(
    ("price", "minimum", "now", "lines"),
    [
        ({"type": "unit", "amount": "1"}, "100.00", "37.25", {"usage": "37.25", "minimum_spend": "62.75"}),
        ({"type": "unit", "amount": "1"}, "100.00", "100", {"usage": "100.00"}),
        ({"type": "unit", "amount": "1"}, "100.00", "101", {"usage": "101.00"}),
        ({"type": "unit", "amount": "1"}, "20", "12", {"usage": "12.00", "minimum_spend": "8.00"}),
        (VOLUME, "150", "5", {"tier_1_unit": "0.00", "tier_1_flat": "100.00", "minimum_spend": "50.00"}),
    ],
)
def test_it_adds_what_is_missing_to_the_minimum(price, minimum, now, lines):
    rated = bill(charge(price, minimumAmount=minimum), None, now)

    assert amounts(rated) == lines
    if "minimum_spend" in lines:
        assert (rated.lines[-1].name, rated.lines[-1].category) == ("Tokens: minimum spend", "commitment")


def test_it_waits_with_the_minimum_for_the_last_bill():
    price = charge(STAIRS, minimumAmount="1000")

    # 100 at once, 900 at the end.
    assert str(bill(price, None, "0", is_final=False).amount) == "100.00"
    assert amounts(bill(price, "0", "0", was_final=False)) == {"minimum_spend": "900.00"}


def test_it_gives_back_the_minimum_that_late_usage_replaces():
    price = charge_of_unit("1", minimumAmount="100")

    # 62.75 was filled up; 75.00 of usage leave 25.00 to fill.
    assert amounts(bill(price, "37.25", "75")) == {"usage": "37.75", "minimum_spend": "-37.75"}


@pytest.mark.parametrize(
    ("prorate", "amount"),
    [(True, "13.33"), (False, "80.00")],  # 100 * 10 / 30 - 20 = 13.33; 100 - 20
)
def test_it_scales_the_minimum_to_a_part_of_a_period_where_it_is_told_to(prorate, amount):
    price = charge_of_unit("1", minimumAmount="100", prorate_commitments=prorate)

    assert amounts(bill(price, None, "20", part=Fraction(10, 30)))["minimum_spend"] == amount


def test_it_fills_up_the_minimum_of_a_plan():
    # 500.00 - (100.00 + 250.00)
    [line] = true_up("500.00", "350.00").lines
    assert (line.key, line.category, str(line.amount)) == ("minimum_spend", "commitment", "150.00")
    assert true_up("500.00", "500.00").lines == ()


def test_it_fills_up_a_part_of_the_minimum_of_a_plan():
    # 500.00 * 20 / 30 = 333.33, less 66.67 + 200.00
    assert str(true_up("500.00", "266.67", part=Fraction(20, 30), prorate=True).amount) == "66.66"
    assert str(true_up("500.00", "266.67", part=Fraction(20, 30)).amount) == "233.33"


def test_it_takes_back_what_the_plan_filled_up_too_much():
    # 150.00 was filled up; with 40.00 of late usage 110.00 are due.
    rated = true_up("500.00", "390.00", trued_up="150.00")
    assert (str(rated.amount), texts(rated)) == (
        "-40.00",
        ["Minimum of 500.00 less charges of 390.00 = 110.00; already billed 150.00"],
    )
    gone = true_up("500.00", "600.00", trued_up="150.00")
    assert texts(gone) == ["Minimum of 500.00 less charges of 600.00: no longer due; already billed 150.00"]
