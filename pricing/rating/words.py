"""How numbers read in the trace, and how exact ones become decimals."""

from decimal import Context, Decimal, Inexact, InvalidOperation
from fractions import Fraction

# Digits after the point that a number keeps which no decimal holds, such as a third; and in its text.
PLACES = 20
_SHOWN_PLACES = 6
# Sums and products of 38-digit numbers stay far below this; should one not, it raises instead of losing a digit.
EXACT = Context(prec=1000, traps=[Inexact, InvalidOperation])


def to_decimal(number: Fraction) -> Decimal:
    """Return the same number where a decimal can hold it, else cut towards zero after twenty places."""
    places = _places(number.denominator)
    return _cut(number, PLACES if places is None else places)


def plain(number: Fraction | Decimal) -> str:
    """
    Write a number with commas and without needless zeros; three dots stand for digits left out.

    >>> plain(Decimal("1234.50")), plain(Fraction(1, 3))
    ('1,234.5', '0.333333...')
    """
    number = Fraction(number)
    if _places(number.denominator) is None:
        return f"{_cut(number, _SHOWN_PLACES):,f}..."
    text = f"{to_decimal(number):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def units(number: Fraction, label: str) -> str:
    """Write a quantity with its unit, `label` empty for units that have no name."""
    return f"{plain(number)} {label or ('unit' if number == 1 else 'units')}"


def money(amount: Decimal) -> str:
    """Write an amount with commas and all its digits."""
    return f"{amount:,f}"


def total(exact: Fraction, rounded: Decimal) -> str:
    """Write what a sum comes to, and what it is rounded to where that is not the same."""
    if exact == Fraction(rounded):
        return f" = {money(rounded)}"
    return f" = {_short(exact)}, rounded {money(rounded)}"


def _short(number: Fraction) -> str:
    text = _cut(number, _SHOWN_PLACES)
    return plain(text) + ("" if Fraction(text) == number else "...")


def _places(denominator: int) -> int | None:
    """Return how many decimal places a fraction needs, None if no number of them does."""
    counts = []
    for factor in (2, 5):
        count = 0
        while denominator % factor == 0:
            denominator //= factor
            count += 1
        counts.append(count)
    return max(counts) if denominator == 1 else None


def _cut(number: Fraction, places: int) -> Decimal:
    digits = Decimal(abs(number.numerator) * 10**places // number.denominator)
    value = EXACT.scaleb(digits, -places)
    return value.copy_negate() if number < 0 else value
