"""Half-open periods, and stepping through them from a sticky anchor in a zone's civil time."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Period:
    """The time from `start`, included, to `end`, excluded; both are aware and kept in UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        # In UTC, because Python subtracts and compares two datetimes of one zone by their wall clocks, blind to DST.
        object.__setattr__(self, "start", _in_utc(self.start))
        object.__setattr__(self, "end", _in_utc(self.end))
        if self.start >= self.end:
            raise ValueError(f"A period has to end after it starts, not at {self.end} after a start at {self.start}.")

    @property
    def seconds(self) -> Decimal:
        """Return the exact real seconds, down to the microsecond."""
        return Decimal((self.end - self.start) // MICROSECOND).scaleb(-6)

    def contains(self, at: datetime) -> bool:
        """Tell whether `at` lies inside."""
        return self.start <= at < self.end

    def intersect(self, other: "Period") -> "Period | None":
        """Return the time that both have in common, None if there is none."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Period(start, end) if start < end else None


@dataclass(frozen=True)
class Cadence:
    """A civil length of time: whole months, or whole days."""

    months: int = 0
    days: int = 0

    def __post_init__(self) -> None:
        if sorted((bool(self.months), bool(self.days))) != [False, True] or min(self.months, self.days) < 0:
            raise ValueError("A cadence is either a positive number of months or a positive number of days.")


CADENCES = {
    "P1D": Cadence(days=1),
    "P1W": Cadence(days=7),
    "P2W": Cadence(days=14),
    "P4W": Cadence(days=28),
    "P1M": Cadence(months=1),
    "P3M": Cadence(months=3),
    "P6M": Cadence(months=6),
    "P12M": Cadence(months=12),
    "P1Y": Cadence(months=12),
}


def parse_cadence(text: str) -> Cadence:
    """
    Read an ISO 8601 duration such as `P1M`.

    :raises ValueError: if it is none of those that periods can have.
    """
    if text not in CADENCES:
        raise ValueError(f"{text!r} is not a cadence: use one of {', '.join(CADENCES)}.")
    return CADENCES[text]


def period_at(*, anchor: datetime, cadence: Cadence, zone: ZoneInfo, at: datetime) -> Period:
    """
    Return the period that holds `at`.

    Its bounds are `anchor` plus or minus a whole number of cadences, always counted from the anchor, at the anchor's
    wall time in `zone`. A day that the month lacks becomes its last day; a wall time that a clock change skips moves
    forward by the length of the change; of one that occurs twice the first counts, but the anchor itself stays the
    instant it is. Periods follow each other without gap or overlap. `at` may lie before the anchor.
    """
    steps = _Steps(anchor, cadence, zone)
    index = steps.index_at(_in_utc(at))
    return Period(steps.bound(index), steps.bound(index + 1))


def periods(*, anchor: datetime, cadence: Cadence, zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[Period]:
    """Yield in order the periods, each one whole, that share any time with [start, end); see `period_at`."""
    end = _in_utc(end)
    steps = _Steps(anchor, cadence, zone)
    index = steps.index_at(_in_utc(start))
    lower = steps.bound(index)
    while lower < end:
        index += 1
        upper = steps.bound(index)
        # A zone that crossed the date line skipped a whole day: its two bounds are one instant.
        if lower < upper:
            yield Period(lower, upper)
        lower = upper


class _Steps:
    def __init__(self, anchor: datetime, cadence: Cadence, zone: ZoneInfo) -> None:
        self.anchor = _in_utc(anchor)
        self.cadence = cadence
        self.zone = zone
        self.wall = self._wall(anchor)

    def bound(self, index: int) -> datetime:
        if index == 0:
            return self.anchor
        days = timedelta(days=index * self.cadence.days)
        wall = add_months(self.wall, index * self.cadence.months) + days
        return wall.replace(tzinfo=self.zone, fold=0).astimezone(UTC)

    def index_at(self, at: datetime) -> int:
        index = self._estimate(self._wall(at))
        while self.bound(index) > at:
            index -= 1
        while self.bound(index + 1) <= at:
            index += 1
        return index

    def _estimate(self, wall: datetime) -> int:
        if self.cadence.days:
            return (wall - self.wall).days // self.cadence.days
        months = (wall.year - self.wall.year) * 12 + wall.month - self.wall.month
        return months // self.cadence.months

    def _wall(self, at: datetime) -> datetime:
        return at.astimezone(self.zone).replace(tzinfo=None, fold=0)


def add_months(wall: datetime, months: int) -> datetime:
    """Return the same day and wall time some months later, or earlier; a day that the month lacks becomes its last."""
    years, month = divmod(wall.month - 1 + months, 12)
    year, month = wall.year + years, month + 1
    return wall.replace(year=year, month=month, day=min(wall.day, calendar.monthrange(year, month)[1]))


def _in_utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"{at} names no time zone: pass an aware datetime.")
    return at.astimezone(UTC)
