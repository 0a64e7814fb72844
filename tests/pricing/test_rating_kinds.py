"""Each kind of price, by its worked figures."""

from decimal import Decimal

import pytest

from pricing.prices import DynamicPrice, PackagePrice, UnitPrice
from tests.pricing.charges import amounts, bill, charge, free_units, graduated, volume

STAIRS = volume(("5", "0", "100"), ("10", "0", "150"), ("15", "10", "0"), (None, "5", "0"))
CLIFF = volume(("100", "1.00", "0"), (None, "0.80", "10"))
FIFTEENS = PackagePrice(Decimal(15), Decimal(10))


def test_it_charges_each_unit_the_same():
    rated = bill(UnitPrice(Decimal("0.05")), None, "1000")

    # 1,000 * 0.05
    [line] = rated.lines
    assert (line.key, line.name, line.quantity, str(line.amount)) == ("usage", "Tokens: usage in period", 1000, "50.00")


@pytest.mark.parametrize("price", [UnitPrice(Decimal(10)), FIFTEENS, DynamicPrice(), CLIFF])
@pytest.mark.parametrize("quantity", ["0", "-3"])
def test_it_has_no_line_without_usage(price, quantity):
    rated = bill(price, None, quantity)

    assert (rated.lines, str(rated.amount)) == ((), "0.00")


@pytest.mark.parametrize(
    ("quantity", "amount"),
    [
        ("0", "100.00"),  # the first tier's flat price
        ("3", "100.00"),
        ("5", "100.00"),  # bounds are inclusive
        ("7", "150.00"),
        ("14", "140.00"),  # 14 * 10
        ("15", "150.00"),  # 15 * 10
        ("16", "80.00"),  # 16 * 5
        ("100", "500.00"),  # 100 * 5
    ],
)
def test_it_prices_all_units_at_the_tier_of_the_whole_volume(quantity, amount):
    assert str(bill(STAIRS, None, quantity).amount) == amount


@pytest.mark.parametrize(
    ("quantity", "amount"),
    [
        ("100", "100.00"),  # 100 * 1.00
        ("100.2", "90.16"),  # 100.2 * 0.80 + 10
        ("101", "90.80"),  # 101 * 0.80 + 10
        ("112", "99.60"),  # 112 * 0.80 + 10
        ("113", "100.40"),  # 113 * 0.80 + 10
        ("200", "170.00"),  # 200 * 0.80 + 10
    ],
)
def test_it_prices_a_volume_that_costs_less_above_a_bound(quantity, amount):
    assert str(bill(CLIFF, None, quantity).amount) == amount


def test_it_names_the_lines_of_a_volume():
    assert [(line.key, line.name, line.quantity, line.unit_amount) for line in bill(CLIFF, None, "101").lines] == [
        ("tier_2_unit", "Tokens: unit price for tier 2", 101, Decimal("0.80")),
        ("tier_2_flat", "Tokens: flat price for tier 2", 1, 10),
    ]


def test_it_tells_graduated_from_volume():
    rows = (("5", "5", "0"), ("10", "4", "0"), (None, "3", "0"))

    # 5 * 5 + 5 * 4 + 10 * 3 = 75 against 20 * 3 = 60
    assert bill(graduated(*rows), None, "20").amount == 75
    assert bill(volume(*rows), None, "20").amount == 60


def test_it_moves_a_volume_to_its_new_tier():
    rated = bill(CLIFF, "100", "101")

    # 101 * 0.80 + 10 - 100 * 1.00 = -9.20
    assert amounts(rated) == {"tier_2_unit": "80.80", "tier_2_flat": "10.00", "tier_1_unit": "-100.00"}
    assert str(rated.amount) == "-9.20"


def test_it_keeps_a_volume_for_the_last_bill_of_a_period():
    first = bill(CLIFF, None, "100", is_final=False)
    last = bill(CLIFF, "100", "101", was_final=False)

    assert (first.lines, str(first.amount), str(last.amount)) == ((), "0.00", "90.80")


@pytest.mark.parametrize(
    ("before", "now", "amount"),
    [
        (None, "0", "0.00"),
        (None, "5", "15.00"),  # one package is begun
        (None, "10", "15.00"),
        ("17", "22", "15.00"),  # 3 packages are begun, 2 were billed
        ("17", "20", "0.00"),  # the second package is paid for
    ],
)
def test_it_charges_each_package_that_is_begun(before, now, amount):
    assert str(bill(FIFTEENS, before, now).amount) == amount


@pytest.mark.parametrize(
    ("quantity", "amount"),
    [("0", "0.00"), ("100", "0.00"), ("100.5", "5.00"), ("101", "5.00"), ("200", "5.00"), ("201", "10.00")],
)
def test_it_begins_packages_after_the_free_units(quantity, amount):
    # ceil(max(0, units - 100) / 100) * 5.00
    fives = charge({"type": "package", "amount": "5.00", "quantityPerPackage": "100"}, discounts=free_units("100"))

    assert str(bill(fives, None, quantity).amount) == amount


def test_it_multiplies_money_that_the_meter_reports():
    # 10 * 1.33333 = 13.3333
    assert str(bill(DynamicPrice(Decimal("1.33333")), None, "10").amount) == "13.33"


@pytest.mark.parametrize(
    ("events", "amount"),
    [
        (["70", "55", "220"], "3.45"),  # 345 cents
        (["0.4", "0.4", "0.4"], "0.01"),  # 1.2 cents, rounded at the line and not 0.00 three times
        ([], "0.00"),
    ],
)
def test_it_turns_cents_that_a_meter_sums_into_money(events, amount):
    cents = sum(map(Decimal, events), Decimal(0))

    assert str(bill(DynamicPrice(Decimal("0.01")), None, str(cents)).amount) == amount


@pytest.mark.parametrize(
    ("quantity", "amount"),
    [
        ("500", "205.00"),  # 500 * 1 % + 200
        ("1050", "511.00"),  # 1,000 * 1 % + 200 + 50 * 2 % + 300
        ("5050", "591.00"),  # 1,000 * 1 % + 200 + 4,050 * 2 % + 300
    ],
)
def test_it_takes_a_graduated_share_of_money(quantity, amount):
    shares = graduated(("1000", "0.01", "200"), ("10000", "0.02", "300"), (None, "0.03", "400"))

    assert str(bill(shares, None, quantity).amount) == amount


@pytest.mark.parametrize("kind", [graduated, volume])
def test_it_charges_no_flat_price_without_usage_where_the_price_says_so(kind):
    price = kind(("10", "1.00", "5"), (None, "0.50", "2"), flat_at_zero=False)

    assert str(bill(price, None, "0").amount) == "0.00"
    # 1 * 1.00 + 5 is charged by the bill that brings the first unit.
    assert str(bill(price, "0", "1").amount) == "6.00"
