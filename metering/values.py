"""What counts as a value: one grammar, in Python and in SQL."""

import re
from decimal import Decimal

# Digits that a value may have on either side of the point, and characters that a string may have to write it.
MAX_DIGITS = 38
MAX_LENGTH = 100
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")

# The same in SQL. It is written as one expression, so that PostgreSQL inlines it; the cases come in an order in which
# no cast can fail. Neither STRICT nor a SET clause may be added: both prevent inlining.
VALUE_SQL_FUNCTION = r"""
CREATE OR REPLACE FUNCTION metering_value(value jsonb) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE jsonb_typeof(value)
    WHEN 'number' THEN
        CASE WHEN abs(value::numeric) < 1e38 AND min_scale(value::numeric) <= 38 THEN value::numeric END
    WHEN 'string' THEN
        CASE WHEN length(value #>> '{}') <= 100
                  AND (value #>> '{}') ~ '^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?$'
        THEN
            CASE WHEN abs((value #>> '{}')::numeric) < 1e38 AND min_scale((value #>> '{}')::numeric) <= 38
            THEN (value #>> '{}')::numeric END
        END
END
"""


def parse_value(raw: object) -> Decimal | None:
    """
    Return the number that a decoded JSON value stands for, None if it is a bad value.

    A value is a JSON number, or a string of at most 100 characters made of an optional sign, digits, an optional
    fraction and an optional exponent of up to three digits. Written out, without needless zeros, it has at most 38
    digits on either side of the point. Anything else is bad: `true`, `null`, `NaN`, `.5`, ` 12 `, `0x1F`, `1_000`.

    >>> parse_value("1.5e3"), parse_value(7), parse_value("1e400")
    (Decimal('1500'), Decimal('7'), None)
    """
    number = _number(raw)
    if number is None or not number.is_finite():
        return None
    if not number:
        return Decimal(0)
    return _written_out(number) if number.adjusted() < MAX_DIGITS and _ends_in_time(number) else None


def _written_out(number: Decimal) -> Decimal:
    """Return the digits that the database shows: it knows no exponent."""
    return Decimal(f"{number:f}") if number.as_tuple().exponent > 0 else number  # type: ignore[operator]


def _number(raw: object) -> Decimal | None:
    match raw:
        case bool():
            return None
        case Decimal():
            return raw
        case int():
            return Decimal(raw)
        case str() if len(raw) <= MAX_LENGTH and _NUMBER.fullmatch(raw):
            return Decimal(raw)
        case _:
            return None


def _ends_in_time(number: Decimal) -> bool:
    _, digits, exponent = number.as_tuple()
    surplus = -MAX_DIGITS - int(exponent)
    return surplus <= 0 or not any(digits[-surplus:])
