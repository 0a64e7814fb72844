"""Pure: what JSON may hold that the database's jsonb cannot."""

import re

# jsonb keeps numbers as numeric, which has at most 16,383 digits after the point, and a little more before it.
MAX_DIGITS = 16_383

_LARGE_EXPONENT = re.compile(rb"[0-9][eE][+-]?[0-9]{3}")
_STRING_OR_NUMBER = re.compile(
    rb'"(?:[^"\\]|\\.)*"|-?(?P<whole>[0-9]+)(?:\.(?P<fraction>[0-9]+))?(?:[eE](?P<exponent>[+-]?[0-9]+))?'
)
_NUL = re.compile(rb"\\(?:u0000|.)")


def may_be_too_long(data: bytes) -> bool:
    """Tell quickly whether `has_too_long_number` has to look; true for some text that holds no number at all."""
    return len(data) > MAX_DIGITS or _LARGE_EXPONENT.search(data) is not None


def has_too_long_number(data: bytes) -> bool:
    """Tell whether valid JSON holds a number of more than MAX_DIGITS digits on a side of the point when written out."""
    return any(_is_too_long(found) for found in _STRING_OR_NUMBER.finditer(data) if found["whole"] is not None)


def holds_nul(data: bytes) -> bool:
    r"""Tell whether valid JSON holds the escape \u0000; an escaped backslash before u0000 is none."""
    return any(found[0] == rb"\u0000" for found in _NUL.finditer(data))


def _is_too_long(number: re.Match[bytes]) -> bool:
    exponent_text = number["exponent"] or b"0"
    if len(exponent_text) > 10:
        return True
    exponent = int(exponent_text)
    return len(number["whole"]) + exponent > MAX_DIGITS or len(number["fraction"] or b"") - exponent > MAX_DIGITS
