"""Money is rounded in one place, half away from zero, to the digits of its currency."""

from decimal import Context, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.money import UnknownCurrency, exponent, quantize, zero

CURRENCIES = ["JPY", "USD", "KWD"]
amounts = st.decimals(min_value=-(10**30), max_value=10**30, allow_nan=False, places=12)


@pytest.mark.parametrize(("currency", "digits"), [("JPY", 0), ("USD", 2), ("EUR", 2), ("KWD", 3), ("CLF", 4)])
def test_it_knows_the_digits_of_a_currency(currency, digits):
    assert exponent(currency) == digits
    assert zero(currency).as_tuple().exponent == -digits


@pytest.mark.parametrize("code", ["", "usd", "ZZZ", "US"])
def test_it_refuses_an_unknown_currency(code):
    with pytest.raises(UnknownCurrency, match="use a three-letter ISO 4217 code"):
        exponent(code)


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        ("2.345", "USD", "2.35"),
        ("2.344999999999999999999999999999999999999", "USD", "2.34"),
        ("-2.345", "USD", "-2.35"),
        ("0.5", "JPY", "1"),
        ("-0.5", "JPY", "-1"),
        ("1.0005", "KWD", "1.001"),
        ("20", "USD", "20.00"),
    ],
)
def test_it_rounds_half_away_from_zero(amount, currency, rounded):
    # As strings, because 20 and 20.00 are equal numbers.
    assert str(quantize(Decimal(amount), currency)) == rounded
    assert str(quantize(Fraction(amount), currency)) == rounded


@pytest.mark.parametrize("amount", [Decimal("-0.001"), Decimal("-0"), Fraction(-1, 1000)])
def test_it_has_no_negative_zero(amount):
    assert str(quantize(amount, "USD")) == "0.00"


def test_it_rounds_a_share_that_does_not_end():
    # 100 / 3 = 33.333...; 200 / 3 = 66.666...
    assert quantize(Fraction(100, 3), "USD") == Decimal("33.33")
    assert quantize(Fraction(200, 3), "USD") == Decimal("66.67")


def test_it_does_not_depend_on_the_context_of_the_thread():
    with localcontext(Context(prec=3)):
        assert quantize(Decimal("123456789012345678901234567890.125"), "USD") == Decimal(
            "123456789012345678901234567890.13"
        )


@given(amount=amounts, currency=st.sampled_from(CURRENCIES))
def test_it_rounds_a_decimal_as_the_equal_fraction(amount, currency):
    assert quantize(amount, currency) == quantize(Fraction(amount), currency)


@given(amount=amounts, currency=st.sampled_from(CURRENCIES))
def test_it_moves_an_amount_by_half_a_unit_at_most(amount, currency):
    rounded = quantize(amount, currency)

    assert abs(Fraction(rounded) - Fraction(amount)) <= Fraction(1, 2 * 10 ** exponent(currency))
    assert quantize(rounded, currency) == rounded
