"""Windows of civil time in a zone, as UTC instants, and the quarter hours that buckets are cut by."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from metering.periods import Cadence, Period, period_at, periods

QUARTER = timedelta(minutes=15)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


class WindowSize(StrEnum):
    """How wide a window of a usage query is."""

    MINUTE = "MINUTE"
    HOUR = "HOUR"
    DAY = "DAY"
    MONTH = "MONTH"


_CIVIL = {WindowSize.DAY: Cadence(days=1), WindowSize.MONTH: Cadence(months=1)}
_CLOCK = {WindowSize.MINUTE: timedelta(minutes=1), WindowSize.HOUR: timedelta(hours=1)}


def window_of(*, size: WindowSize, zone: ZoneInfo, at: datetime) -> Period:
    """
    Return the window that holds `at`.

    A day or a month runs from the first midnight of its date to that of the next, so a day may have 23 or 25 hours. An
    hour or a minute is what the zone's clock shows; where a clock change moves the clock by less than a whole window
    (half an hour on Lord Howe Island), the window ends at the change and the next one is the shorter for it.
    """
    if size in _CIVIL:
        return period_at(anchor=_midnight(zone), cadence=_CIVIL[size], zone=zone, at=at)
    at = at.astimezone(UTC)
    return Period(_clock_start(_CLOCK[size], zone, at), _clock_end(_CLOCK[size], zone, at))


def window_edges(*, size: WindowSize, zone: ZoneInfo, start: datetime, end: datetime) -> list[datetime]:
    """
    Return the UTC bounds, strictly rising, of the windows that share any time with [start, end); see `window_of`.

    The first bound is not after `start`, the last not before `end`: edge windows are whole.

    :raises ValueError: if `end` is not after `start`.
    """
    span = Period(start, end)
    if size in _CIVIL:
        days = list(periods(anchor=_midnight(zone), cadence=_CIVIL[size], zone=zone, start=span.start, end=span.end))
        return [*(day.start for day in days), days[-1].end]
    return list(_clock_edges(_CLOCK[size], zone, span))


def quarter_floor(at: datetime) -> datetime:
    """Return the last UTC quarter hour not after `at`."""
    at = at.astimezone(UTC)
    return at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)


def quarter_ceil(at: datetime) -> datetime:
    """Return the first UTC quarter hour not before `at`."""
    # In UTC, because Python finds a wall time that occurs twice equal to no instant of another zone.
    at = at.astimezone(UTC)
    floor = quarter_floor(at)
    return floor if floor == at else floor + QUARTER


def _midnight(zone: ZoneInfo) -> datetime:
    return datetime(2000, 1, 1, tzinfo=zone)


def _clock_edges(size: timedelta, zone: ZoneInfo, span: Period) -> Iterator[datetime]:
    edge = _clock_start(size, zone, span.start)
    yield edge
    while edge < span.end:
        edge = _clock_end(size, zone, edge)
        yield edge


def _clock_start(size: timedelta, zone: ZoneInfo, at: datetime) -> datetime:
    phase = _phase(at, size, zone)
    start = at - (at - _EPOCH + phase) % size
    return start if _phase(start, size, zone) == phase else _change_between(start, at, size, zone)


def _clock_end(size: timedelta, zone: ZoneInfo, at: datetime) -> datetime:
    phase = _phase(at, size, zone)
    end = at - (at - _EPOCH + phase) % size + size
    return end if _phase(end, size, zone) == phase else _change_between(at, end, size, zone)


def _phase(at: datetime, size: timedelta, zone: ZoneInfo) -> timedelta:
    return (at.astimezone(zone).utcoffset() or timedelta()) % size


def _change_between(low: datetime, high: datetime, size: timedelta, zone: ZoneInfo) -> datetime:
    """Return the first second after `low` at which the clock's phase is that at `high`."""
    low, high = low.replace(microsecond=0), high.replace(microsecond=0)
    phase = _phase(low, size, zone)
    while high - low > _SECOND:
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        low, high = (middle, high) if _phase(middle, size, zone) == phase else (low, middle)
    return high
