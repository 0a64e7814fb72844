"""What of a price may not be meant is said in words, with the quantities."""

import pytest

from pricing.price_warnings import warnings_of
from pricing.prices import Charge, MatrixCell, MatrixPrice, parse_charge, price_to_json
from tests.pricing.charges import bill, charge, charge_of_unit, free_units, graduated, volume

# 100 at 1.00 cost 100.00; above, 10 + 0.80 each: 112 cost 99.60 and 113 cost 100.40.
CLIFF = volume(("100", "1.00", "0"), (None, "0.80", "10"))


def of(price, currency="USD", **members):
    return warnings_of(parse_charge(price=price_to_json(price), **members), currency)


def test_it_names_the_quantities_that_cost_less_than_fewer_units():
    assert of(CLIFF) == ["Quantities above 100 up to 112 cost less than 100, which costs 100.00 USD."]
    assert bill(CLIFF, None, "112").amount < bill(CLIFF, None, "100").amount <= bill(CLIFF, None, "113").amount


@pytest.mark.parametrize(
    ("price", "span"),
    [
        # 2 + 1.5 q = 10 at 5.33...: no whole number lies between 5 and that.
        (volume(("5", "2", "0"), (None, "1.5", "2")), "Quantities above 5 and below 5.333333... cost less than 5"),
        # At 120 the last tier costs 120 * 1 = 120 again, so 119 is the last one cheaper than 60 * 2.
        (volume(("60", "2", "0"), (None, "1", "0")), "Quantities above 60 up to 119 cost less than 60"),
        # The cheap tier ends at 20, where 11 * 20 is far above 100.
        (
            volume(("10", "10", "0"), ("20", "1", "0"), (None, "11", "0")),
            "Quantities above 10 up to 20 cost less",
        ),
        # Both tiers above are cheaper, until 0.5 q = 100.
        (volume(("100", "1", "0"), ("150", "0", "9"), (None, "0.5", "0")), "Quantities above 100 up to 199 cost"),
        (
            volume(("10", "1", "0"), (None, "0", "5")),
            "All quantities above 10 cost less than 10, which costs 10.00",
        ),
    ],
)
def test_it_names_where_they_end(price, span):
    [warning] = of(price)
    assert warning.startswith(span)


def test_it_counts_the_free_units_that_the_meter_counts_too():
    [warning] = of(CLIFF, discounts=free_units("50"))
    assert warning.startswith("Quantities above 150 up to 162 cost less than 150")


def test_it_says_when_quantities_are_converted_first():
    [warning] = of(CLIFF, unit_config={"operation": "divide", "conversionFactor": "1000"})
    assert warning.startswith("Quantities above 100 up to 112, counted after conversion, cost less than 100")


@pytest.mark.parametrize("commitments", [{"minimumAmount": "100"}, {"maximumAmount": "90"}])
def test_it_sees_no_cliff_where_a_minimum_or_a_maximum_levels_it(commitments):
    # 90 + 0.01: the second tier costs at least 10 + 0.80 * 100 = 90.
    assert warnings_of(charge(price_to_json(CLIFF), **commitments), "USD") == []


@pytest.mark.parametrize(
    "price",
    [
        graduated(("100", "1.00", "0"), (None, "0.80", "10")),
        graduated(("100", "0", "0"), (None, "0.80", "0")),
        volume(("100", "1.00", "0"), (None, "1.00", "0")),
        volume(("100", "1.00", "0"), (None, "0.80", "20")),
    ],
)
def test_it_has_nothing_to_say_of_a_price_that_never_falls(price):
    assert of(price) == []


def test_it_warns_of_a_first_tier_that_may_not_be_meant():
    price = graduated(("0", "0", "5.5"), (None, "1", "0"))

    assert of(price) == [
        "The first tier ends at 0, so it holds no units.",
        "The flat price of the first tier, 5.50 USD, is charged even in a period without usage.",
    ]
    assert of(graduated(("5", "0", "5"), (None, "1", "0"), flat_at_zero=False)) == []


def test_it_warns_of_a_tier_that_charges_nothing_after_one_that_does():
    price = graduated(("10", "1", "0"), ("2000", "0", "0"), (None, "2", "0"))

    assert of(price) == ["Tier 2, above 10 up to 2,000, charges nothing, while the tier before it does."]


def test_it_warns_of_each_cell_and_of_what_no_cell_matches():
    price = MatrixPrice(("region",), (MatrixCell((("region", "eu"),), CLIFF),))

    assert of(price) == [
        "region eu: Quantities above 100 up to 112 cost less than 100, which costs 100.00 USD.",
        "Usage that no cell matches costs nothing: set a default price unless it is meant to be free.",
    ]


def test_it_warns_of_a_maximum_of_nothing():
    assert warnings_of(charge_of_unit("1", maximumAmount="0"), "JPY") == [
        "The maximum spend is 0, so nothing is ever charged."
    ]
    assert warnings_of(Charge(CLIFF), "JPY") == [
        "Quantities above 100 up to 112 cost less than 100, which costs 100 JPY."
    ]
