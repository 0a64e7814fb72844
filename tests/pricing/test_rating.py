"""Rating: a price and two quantities give the lines to bill and the sums behind them."""

from decimal import Context, Decimal, localcontext
from fractions import Fraction

import pytest

from pricing.prices import FlatPrice, PaymentTerm
from tests.pricing.charges import amounts, bill, graduated

STAIRS = graduated(("5", "0", "100"), ("10", "0", "50"), ("15", "10", "0"), (None, "5", "0"))
CHEAPER_STAIRS = graduated(("5", "0", "100"), ("10", "0", "50"), ("15", "5", "0"), (None, "1", "0"))
SLOPES = graduated(("10", "1.00", "5"), ("100", "0.50", "2"), (None, "0.10", "0"))


@pytest.mark.parametrize(
    ("quantity", "amount"),
    [
        ("0", "100.00"),  # the first tier is entered without usage
        ("3", "100.00"),
        ("5", "100.00"),  # bounds are inclusive
        ("5.001", "150.00"),  # 100 + 50
        ("7", "150.00"),
        ("12", "170.00"),  # 100 + 50 + 2 * 10
        ("22", "235.00"),  # 100 + 50 + 5 * 10 + 7 * 5
    ],
)
def test_it_charges_a_tiers_flat_price_on_entering_it(quantity, amount):
    assert str(bill(STAIRS, None, quantity).amount) == amount


@pytest.mark.parametrize(
    ("quantity", "amount"),
    [
        ("0", "5.00"),
        ("10", "15.00"),  # 5 + 10 * 1
        ("10.5", "17.25"),  # 15 + 2 + 0.5 * 0.50
        ("11", "17.50"),  # 15 + 2 + 1 * 0.50
        ("100", "62.00"),  # 15 + 2 + 90 * 0.50
        ("150", "67.00"),  # 62 + 50 * 0.10
    ],
)
def test_it_prices_each_unit_by_its_tier(quantity, amount):
    assert str(bill(SLOPES, None, quantity).amount) == amount


def test_it_charges_graduated_not_by_volume():
    # 5 * 5 + 5 * 4 + 10 * 3 = 75; by volume it would be 20 * 3 = 60.
    assert bill(graduated(("5", "5", "0"), ("10", "4", "0"), (None, "3", "0")), None, "20").amount == 75


def test_it_lists_usage_and_flat_price_of_each_tier():
    rated = bill(CHEAPER_STAIRS, None, "22")

    # 5 * 0 + 100 + 5 * 0 + 50 + 5 * 5 + 7 * 1 = 182
    assert [(line.key, line.name, line.quantity, line.unit_amount, str(line.amount)) for line in rated.lines] == [
        ("tier_1_usage", "Tokens: usage price for tier 1", 5, 0, "0.00"),
        ("tier_1_flat", "Tokens: flat price for tier 1", 1, 100, "100.00"),
        ("tier_2_usage", "Tokens: usage price for tier 2", 5, 0, "0.00"),
        ("tier_2_flat", "Tokens: flat price for tier 2", 1, 50, "50.00"),
        ("tier_3_usage", "Tokens: usage price for tier 3", 5, 5, "25.00"),
        ("tier_4_usage", "Tokens: usage price for tier 4", 7, 1, "7.00"),
    ]
    assert rated.amount == 182
    assert {line.category for line in rated.lines} == {"regular"}


def test_it_bills_three_times_what_three_small_lines_round_to():
    small = graduated((None, "0.005", "0"))

    # Three lines of 0.005 are 0.01 each, 0.03 together; one line of 0.015 is 0.02.
    assert [str(bill(small, None, "1").amount) for _ in range(3)] == ["0.01"] * 3
    assert str(bill(small, None, "3").amount) == "0.02"


def test_it_bills_the_first_tiers_flat_price_once():
    assert amounts(bill(SLOPES, None, "0")) == {"tier_1_flat": "5.00"}
    assert amounts(bill(SLOPES, "0", "1")) == {"tier_1_usage": "1.00"}
    assert bill(SLOPES, "0", "0").lines == ()


def test_it_charges_a_negative_quantity_as_none():
    assert bill(SLOPES, None, "-3").lines == bill(SLOPES, None, "0").lines
    assert bill(SLOPES, "-3", "0").lines == ()


def test_it_lets_a_first_tier_of_zero_units_make_no_usage_free():
    # The way to charge a flat price only where there is usage.
    price = graduated(("0", "0", "0"), (None, "1", "5"))

    assert bill(price, None, "0").lines == ()
    assert amounts(bill(price, None, "2")) == {"tier_2_usage": "2.00", "tier_2_flat": "5.00"}


@pytest.mark.parametrize("term", PaymentTerm)
def test_it_bills_a_flat_price_once(term):
    price = FlatPrice(Decimal("20.00"), term)

    first = bill(price, None, "0")
    assert [(line.key, line.name, line.quantity, str(line.amount)) for line in first.lines] == [
        ("flat", "Tokens", 1, "20.00")
    ]
    assert first.amount == 20
    assert bill(price, "0", "0").lines == ()
    assert str(bill(price, "0", "0").amount) == "0.00"


def test_it_bills_a_share_of_a_flat_price():
    rated = bill(FlatPrice(Decimal("20.00")), None, "0", part=Fraction(11, 31))

    # 20 * 11 / 31 = 7.09677...
    [line], [step] = rated.lines, rated.steps
    assert (line.quantity, str(line.unit_amount), str(line.amount)) == (1, "7.10", "7.10")
    assert step.text == "Flat price: 20.00 for 11/31 of the period = 7.096774..., rounded 7.10"
    assert step.exact == Decimal("7.09677419354838709677")


def test_it_does_not_prorate_usage():
    assert bill(SLOPES, None, "150", part=Fraction(1, 2)) == bill(SLOPES, None, "150")


@pytest.mark.parametrize(("amount", "part"), [("0", Fraction(1)), ("20", Fraction(0)), ("0.10", Fraction(1, 31))])
def test_it_has_no_line_for_a_flat_price_of_nothing(amount, part):
    # 0.10 / 31 = 0.0032..., which is 0.00.
    rated = bill(FlatPrice(Decimal(amount)), None, "0", part=part)

    assert (rated.lines, rated.steps, str(rated.amount)) == ((), (), "0.00")


@pytest.mark.parametrize("part", [Fraction(-1, 31), Fraction(32, 31)])
def test_it_refuses_a_share_that_is_none(part):
    with pytest.raises(ValueError, match="between 0 and 1"):
        bill(FlatPrice(Decimal(20)), None, "0", part=part)


@pytest.mark.parametrize(
    ("currency", "amount"),
    [("JPY", "1"), ("USD", "1.23"), ("KWD", "1.235")],  # 1.2345 with 0, 2 and 3 digits
)
def test_it_rounds_to_the_digits_of_the_currency(currency, amount):
    assert str(bill(graduated((None, "0.0001", "0")), None, "12345", currency=currency).amount) == amount


def test_it_keeps_every_digit_of_a_large_quantity():
    quantity = "9" * 38 + "." + "9" * 38

    # (10^38 - 10^-38) * 0.01 = 10^36 less far under a cent, rounded up again.
    assert bill(graduated((None, "0.01", "0")), None, quantity).amount == 10**36
    assert bill(graduated((None, "1", "0")), None, quantity).lines[0].quantity == Decimal(quantity)


def test_it_does_not_depend_on_the_context_of_the_thread():
    with localcontext(Context(prec=3)):
        rated = bill(SLOPES, "10.0001", "123456.7891")

    # 5 + 10 + 2 + 45 + 123,356.7891 * 0.10 = 12,397.67891; 17.00 was billed: 5 + 10 + 2 + 0.00
    assert amounts(rated) == {"tier_2_usage": "45.00", "tier_3_usage": "12335.68"}
    assert rated.lines[1].quantity == Decimal("123356.7891")
    assert str(rated.amount) == "12380.68"
