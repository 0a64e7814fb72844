"""Pure: the names of time zones."""

import zoneinfo
from functools import cache


@cache
def zone_names() -> frozenset[str]:
    """Return every IANA zone that this installation knows."""
    return frozenset(zoneinfo.available_timezones())
