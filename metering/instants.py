"""Pure: instants as texts of RFC 3339."""

import re
from datetime import UTC, datetime

_OFFSET = re.compile(r"(Z|[+-]\d\d:?\d\d)$", re.IGNORECASE)


def has_offset(text: str) -> bool:
    """Tell whether a time says how far from UTC it is, without which it is another instant in each zone."""
    return _OFFSET.search(text) is not None


def instant_text(at: datetime) -> str:
    """
    Write an instant in UTC, to the microsecond where it has a part of a second.

    >>> instant_text(datetime.fromisoformat("2026-01-31T12:00:00+01:00"))
    '2026-01-31T11:00:00Z'
    """
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
