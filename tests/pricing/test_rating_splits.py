"""A period that is billed in several parts, by one item or by one after the other."""

from decimal import Decimal

import pytest

from pricing.prices import PackagePrice, UnitPrice
from tests.pricing.charges import amounts, bill, charge, charge_of_unit, free_units, graduated, texts, volume

CHEAPER_STAIRS = graduated(("5", "0", "100"), ("10", "0", "50"), ("15", "5", "0"), (None, "1", "0"))
SLOPES = graduated(("10", "1.00", "5"), ("100", "0.50", "2"), (None, "0.10", "0"))
HALF_PRICE_ABOVE_100 = graduated(("100", "1.00", "0"), (None, "0.50", "0"))


def test_it_continues_the_tiers_after_an_earlier_bill():
    rated = bill(CHEAPER_STAIRS, "12", "22")

    # 3 units fill tier 3 at 5, 7 fall into tier 4 at 1.
    assert amounts(rated) == {"tier_3_usage": "15.00", "tier_4_usage": "7.00"}
    assert [line.quantity for line in rated.lines] == [3, 7]


def test_it_does_not_round_a_split_twice():
    small = graduated((None, "0.005", "0"))

    # round(0.005) = 0.01, round(0.010) - 0.01 = 0.00, round(0.015) - 0.01 = 0.01: 0.02 together.
    bills = [bill(small, None, "1"), bill(small, "1", "2"), bill(small, "2", "3")]
    assert [str(rated.amount) for rated in bills] == ["0.01", "0.00", "0.01"]
    # The bill of nothing still shows the unit it stands for.
    assert [line.quantity for line in bills[1].lines] == [1]


def test_it_bills_thresholds_with_tiers_continued():
    # 60; 40 * 1 + 40 * 0.5; 10 * 0.5: the price of 150 is 125.
    bills = [bill(HALF_PRICE_ABOVE_100, *span) for span in ((None, "60"), ("60", "140"), ("140", "150"))]

    assert [str(rated.amount) for rated in bills] == ["60.00", "60.00", "5.00"]
    assert sum(rated.amount for rated in bills) == bill(HALF_PRICE_ABOVE_100, None, "150").amount == 125


def test_it_prices_late_usage_where_the_period_left_off():
    # price(120) - price(95) = 110 - 95: 5 * 1 + 20 * 0.5, not 25 * 1
    assert str(bill(HALF_PRICE_ABOVE_100, "95", "120").amount) == "15.00"


def test_it_gives_back_what_usage_taken_away_had_cost():
    rated = bill(SLOPES, "10.5", "9")

    # price(9) - price(10.5) = 14.00 - 17.25
    assert amounts(rated) == {"tier_1_usage": "-1.00", "tier_2_usage": "-0.25", "tier_2_flat": "-2.00"}
    assert str(rated.amount) == "-3.25"
    assert [line.quantity for line in rated.lines] == [-1, Decimal("-0.5"), -1]


def test_it_starts_the_tiers_anew_where_a_threshold_starts_a_new_period():
    # 60 * 1.00 each time, as nothing of the second period was billed.
    assert [str(bill(HALF_PRICE_ABOVE_100, None, "60").amount) for _ in range(2)] == ["60.00", "60.00"]


@pytest.mark.parametrize(
    ("price", "bills"),
    [
        (UnitPrice(Decimal(1)), ["60.00", "40.00", "50.00"]),
        (HALF_PRICE_ABOVE_100, ["60.00", "40.00", "25.00"]),
        # 2 and then 3 packages of 50 at 20
        (PackagePrice(Decimal(20), Decimal(50)), ["40.00", "0.00", "20.00"]),
        # all 150 units at 0.50, at the end
        (volume(("100", "1.00", "0"), (None, "0.50", "0")), ["0.00", "0.00", "75.00"]),
    ],
)
def test_it_sums_thresholds_and_the_last_bill_to_the_price_of_the_period(price, bills):
    found = [
        bill(price, None, "60", is_final=False),
        bill(price, "60", "100", was_final=False, is_final=False),
        bill(price, "100", "150", was_final=False),
    ]

    assert [str(rated.amount) for rated in found] == bills
    assert sum(rated.amount for rated in found) == bill(price, None, "150").amount


def test_it_bills_both_parts_of_a_period_each_at_its_price():
    old, new = UnitPrice(Decimal("1.00")), UnitPrice(Decimal("0.50"))

    # 80 units until 15 June at 1.00, 40 from 16 June at 0.50
    assert str(bill(old, None, "80").amount) == "80.00"
    assert str(bill(new, None, "40", carried="80").amount) == "20.00"


def test_it_continues_the_tiers_of_an_earlier_item_where_usage_is_carried():
    # 80 were used before: 20 * 1.00 + 20 * 0.50 = 30.00; with tiers begun anew 40 * 1.00 = 40.00.
    assert str(bill(HALF_PRICE_ABOVE_100, None, "40", carried="80").amount) == "30.00"
    assert str(bill(HALF_PRICE_ABOVE_100, None, "40").amount) == "40.00"


def test_it_does_not_charge_again_what_an_earlier_item_entered():
    # 12 entered tier 1 and 2 before; 88 units at 0.50 and 12 at 0.10 without flat prices
    assert amounts(bill(SLOPES, None, "100", carried="12")) == {"tier_2_usage": "44.00", "tier_3_usage": "1.20"}
    # 9 stayed in tier 1: its last unit, tier 2's flat price and one unit of it.
    assert amounts(bill(SLOPES, None, "2", carried="9")) == {
        "tier_1_usage": "1.00",
        "tier_2_usage": "0.50",
        "tier_2_flat": "2.00",
    }


def test_it_does_not_refresh_free_units():
    price = charge_of_unit("1", discounts=free_units("10"))

    # 8 of 10 were used before, 2 of 5 are free.
    rated = bill(price, None, "5", carried="8")
    assert (str(rated.amount), rated.usage_discount) == ("3.00", 2)
    assert texts(rated) == [
        "8 units of this period, billed under an earlier price, count first",
        "Free units: 2 of 10 units a period, which leaves 3 units to pay",
        "3 units at 1 each = 3.00",
    ]


def test_it_fills_the_package_that_an_earlier_item_began():
    fifteens = PackagePrice(Decimal(15), Decimal(10))

    # 17 began 2 packages; 22 begin a third.
    assert str(bill(fifteens, None, "3", carried="17").amount) == "0.00"
    assert str(bill(fifteens, None, "5", carried="17").amount) == "15.00"


def test_it_finds_the_tier_of_a_volume_by_all_units_and_charges_its_own():
    price = volume(("100", "1.00", "0"), (None, "0.80", "10"))

    # 110 units in all are in tier 2: 20 * 0.80 + 10. Within tier 2 its flat price was charged before.
    assert str(bill(price, None, "20", carried="90").amount) == "26.00"
    assert str(bill(price, None, "20", carried="101").amount) == "16.00"


def test_it_bounds_an_item_by_its_own_charges_alone():
    capped = charge({"type": "unit", "amount": "1"}, maximumAmount="30", minimumAmount="20")

    assert str(bill(capped, None, "40", carried="500").amount) == "30.00"
    assert str(bill(capped, None, "5", carried="500").amount) == "20.00"
