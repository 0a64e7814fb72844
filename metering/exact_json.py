"""Pure: JSON whose numbers keep every digit, written and read."""

from decimal import Decimal
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder(decimal_format="number")
_sorted_encoder = msgspec.json.Encoder(decimal_format="number", order="sorted")
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def encode(value: object) -> bytes:
    """Return a value as JSON; Decimals are numbers with all digits, datetimes RFC 3339 (UTC ends in Z)."""
    return _encoder.encode(value)


def encode_canonical(value: object) -> bytes:
    """Return a value as JSON with sorted keys, so that equal values give equal bytes."""
    return _sorted_encoder.encode(value)


def decode(text: str | bytes) -> Any:
    """
    Read JSON; numbers with a fraction or exponent become Decimal.

    :raises msgspec.DecodeError: if it is not one JSON document.
    """
    return _decoder.decode(text)
