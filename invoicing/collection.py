"""Pure: when a profile collects all that came due since the last time."""

from bisect import bisect_left
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from pricing.durations import Duration, parse_duration, step

_DAY = 86_400
# Shorter than any month and any day of a calendar, so that enough steps are looked at.
_SHORTEST_MONTH, _SHORTEST_DAY = 27 * _DAY, 20 * 3_600


def collected_at(anchor: Mapping[str, str] | None, zone: ZoneInfo, at: datetime) -> datetime:
    """Return when what comes due at a time is collected: at once, or at the next time of a profile's anchor."""
    if anchor is None:
        return at
    start, every = datetime.fromisoformat(anchor["anchor"]), parse_duration(anchor["interval"])
    return next_anchor(anchor=start, every=every, zone=zone, at=at)


def next_anchor(*, anchor: datetime, every: Duration, zone: ZoneInfo, at: datetime) -> datetime:
    """
    Return the first time at or after `at` that lies whole steps from an anchor, stepped in a zone's civil time.

    >>> at = datetime.fromisoformat
    >>> next_anchor(anchor=at("2026-01-31T00:00:00+00:00"), every=Duration(months=1), zone=ZoneInfo("UTC"),
    ...     at=at("2026-02-02T00:00:00+00:00")).isoformat()
    '2026-02-28T00:00:00+00:00'
    """
    shortest = every.months * _SHORTEST_MONTH + every.days * _SHORTEST_DAY + every.seconds
    steps = int((at - anchor).total_seconds() // shortest)
    found = range(min(steps, 0) - 1, max(steps, 0) + 2)
    return _time(anchor, every, zone, found[bisect_left(found, at, key=lambda n: _time(anchor, every, zone, n))])


def _time(anchor: datetime, every: Duration, zone: ZoneInfo, steps: int) -> datetime:
    return step(anchor, Duration(every.months * steps, every.days * steps, every.seconds * steps), zone)
