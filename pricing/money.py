"""The one place that rounds money."""

from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import cache

from moneyed import CurrencyDoesNotExist, get_currency

# Wide enough for any amount, whatever the calling thread's context.
_WIDE = Context(prec=1000, rounding=ROUND_HALF_UP)


class UnknownCurrency(ValueError):
    """The code names no currency."""


@cache
def exponent(currency: str) -> int:
    """
    Return how many digits the currency has after the point: USD 2, JPY 0, KWD 3.

    :raises UnknownCurrency: if the code is not one of ISO 4217.
    """
    try:
        sub_unit = get_currency(currency).sub_unit
    except CurrencyDoesNotExist:
        raise UnknownCurrency(
            f"{currency!r} is not a currency: use a three-letter ISO 4217 code such as USD."
        ) from None
    return len(str(sub_unit)) - 1


def quantize(amount: Decimal | Fraction, currency: str) -> Decimal:
    """
    Round half away from zero to the digits that the currency has; zero is never negative.

    >>> quantize(Decimal("2.345"), "USD"), quantize(Decimal("-2.345"), "USD")
    (Decimal('2.35'), Decimal('-2.35'))
    >>> quantize(Fraction(1, 2), "JPY"), quantize(Fraction(200, 3), "KWD")
    (Decimal('1'), Decimal('66.667'))
    """
    digits = exponent(currency)
    if isinstance(amount, Fraction):
        rounded = _round_fraction(amount, digits)
    else:
        rounded = amount.quantize(Decimal(1).scaleb(-digits), context=_WIDE)
    return rounded if rounded else rounded.copy_abs()


def zero(currency: str) -> Decimal:
    """Return nothing of a currency, with its digits: 0.00 for USD."""
    return quantize(Decimal(0), currency)


def _round_fraction(amount: Fraction, digits: int) -> Decimal:
    scaled = abs(amount) * 10**digits
    # Half up in integers: floor(x + 1/2) without a division that could be cut.
    units = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    rounded = Decimal(units).scaleb(-digits, context=_WIDE)
    return rounded.copy_negate() if amount < 0 else rounded
