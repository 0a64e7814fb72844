"""Usage of a meter, exact at every moment."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from metering.models import Aggregation, MeterVersion
from metering.queries.matching import matching_events
from metering.queries.prepared import fetch_prepared
from metering.queries.selections import Filters, UnknownGroupKey, customer_spans, place_of, select
from metering.spans import Span
from metering.usage_sql import Selection, usage_statement
from metering.windows import WindowSize, window_edges

__all__ = [
    "COUNTING",
    "Filters",
    "UnknownGroupKey",
    "UsageRow",
    "customer_spans",
    "matching_events",
    "query_usage",
    "total_usage",
]

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Above this many windows, only the days that have events are cut into windows.
_MANY_WINDOWS = 5_000
_SMALLEST_WINDOW = {
    WindowSize.MINUTE: _MINUTE,
    WindowSize.HOUR: timedelta(minutes=30),
    WindowSize.DAY: timedelta(hours=20),
    WindowSize.MONTH: timedelta(days=27),
}
_AVERAGE = Context(prec=38, rounding=ROUND_HALF_UP)
# Of these, nothing is 0, not no usage.
COUNTING = frozenset({Aggregation.COUNT, Aggregation.UNIQUE_COUNT})


@dataclass(frozen=True, slots=True)
class UsageRow:
    """Usage of one window and group; `subject` is None unless grouped by it, `events` counts bad values too."""

    window_start: datetime
    window_end: datetime
    subject: str | None
    group: dict[str, str]
    value: Decimal
    events: int


def query_usage(
    *,
    version: MeterVersion,
    start: datetime | None,
    end: datetime | None,
    spans: Sequence[Span] | None = None,
    subjects: Sequence[str] | None = None,
    filters: Filters | None = None,
    group_by: Sequence[str] = (),
    by_subject: bool = False,
    window: tuple[WindowSize, ZoneInfo] | None = None,
    bound: int | None = None,
    from_events_only: bool = False,
) -> list[UsageRow]:
    """
    Return usage in [start, end) by window and group, in their order; only those that have any.

    Without a window there is one row a group, from `start` to `end`; where one is None, from the minute of the first
    event, or to the end of the minute of the last. Windows are whole, also at the edges of the range. A group value
    that an event lacks is the empty text. Within batch `bound`, usage is what it was when that was the last batch.
    Only good values count, and windows and groups without any are left out; but COUNT counts events of any value, and
    UNIQUE_COUNT is 0 where no value is good. An average is rounded half up to 38 significant digits.

    :raises UnknownGroupKey: if the meter version has no such group.
    """
    selection = select(version, start, end, spans, subjects, filters, bound, from_events_only)
    if not selection.spans:
        return []
    selection = replace(selection, group_by=tuple(place_of(version, key) for key in group_by), by_subject=by_subject)
    found = _whole_range(selection, start, end) if window is None else _windowed(selection, start, end, window)
    aggregation = version.meter.aggregation
    rows = [
        _usage_row(period, total, group_by, aggregation)
        for period, total in found
        if total.values or aggregation in COUNTING
    ]
    return sorted(rows, key=lambda row: (row.window_start, row.subject or "", tuple(row.group.values())))


def total_usage(
    *,
    version: MeterVersion,
    start: datetime | None,
    end: datetime | None,
    spans: Sequence[Span] | None = None,
    subjects: Sequence[str] | None = None,
    filters: Filters | None = None,
    bound: int | None = None,
    from_events_only: bool = False,
) -> Decimal:
    """Return usage in [start, end) as one number, 0 where there is none; see `query_usage`."""
    rows = query_usage(
        version=version,
        start=start,
        end=end,
        spans=spans,
        subjects=subjects,
        filters=filters,
        bound=bound,
        from_events_only=from_events_only,
    )
    return rows[0].value if rows else Decimal(0)


# --- What comes back -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Total:
    window: int
    subject: str | None
    groups: tuple[str, ...]
    events: int
    values: int
    value: Decimal
    # Only where there are no windows.
    first_at: datetime
    last_at: datetime


_Found = list[tuple[tuple[datetime, datetime], _Total]]


def _totals(selection: Selection) -> list[_Total]:
    rows = _fetch(selection)
    return [_Total(row[0], row[1], tuple(row[2:-5]), *row[-5:]) for row in rows]


def _fetch(selection: Selection) -> list[tuple[Any, ...]]:
    statement = usage_statement(selection)
    if not selection.from_events_only:
        return fetch_prepared(*statement)
    # How to read raw events alone depends on how many of them the parameters choose.
    with connection.cursor() as cursor:
        cursor.execute(*statement)
        return cursor.fetchall()


def _whole_range(selection: Selection, start: datetime | None, end: datetime | None) -> _Found:
    return [
        ((start or _minute(total.first_at), end or _minute(total.last_at) + _MINUTE), total)
        for total in _totals(selection)
    ]


def _windowed(
    selection: Selection, start: datetime | None, end: datetime | None, window: tuple[WindowSize, ZoneInfo]
) -> _Found:
    size, zone = window
    if start and end and (end - start) < _MANY_WINDOWS * _SMALLEST_WINDOW[size]:
        windows = _windows_of([(start, end)], size, zone)
        return [(windows[total.window - 1], total) for total in _totals(_cut(selection, windows))]
    while True:
        windows = _windows_of(_days_with_events(selection), size, zone)
        if not windows:
            return []
        gaps = _with_gaps(windows)
        totals = _totals(_cut(selection, gaps))
        # An event that came in between, on a day that had none, falls outside: look again.
        whole = set(windows)
        if all(0 < total.window <= len(gaps) and gaps[total.window - 1] in whole for total in totals):
            return [(gaps[total.window - 1], total) for total in totals]


def _windows_of(
    ranges: Iterable[tuple[datetime, datetime]], size: WindowSize, zone: ZoneInfo
) -> list[tuple[datetime, datetime]]:
    found = {
        pair for start, end in ranges for pair in pairwise(window_edges(size=size, zone=zone, start=start, end=end))
    }
    return sorted(found)


def _with_gaps(windows: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    return list(pairwise(sorted({edge for window in windows for edge in window})))


def _cut(selection: Selection, windows: list[tuple[datetime, datetime]]) -> Selection:
    return replace(selection, edges=(*(start for start, _ in windows), windows[-1][1]))


def _days_with_events(selection: Selection) -> list[tuple[datetime, datetime]]:
    """Return the UTC days that have events, those in a row as one range."""
    by_day = replace(selection, aggregation=Aggregation.COUNT, by_day=True, group_by=(), by_subject=False)
    days = sorted(total.window for total in _totals(by_day))
    ranges: list[tuple[datetime, datetime]] = []
    for day in days:
        start = _EPOCH + day * _DAY
        if ranges and ranges[-1][1] == start:
            ranges[-1] = (ranges[-1][0], start + _DAY)
        else:
            ranges.append((start, start + _DAY))
    return ranges


def _usage_row(period: tuple[datetime, datetime], total: _Total, group_by: Sequence[str], aggregation: str) -> UsageRow:
    value = total.value if aggregation != Aggregation.AVG else _AVERAGE.divide(total.value, total.values)
    return UsageRow(*period, total.subject, dict(zip(group_by, total.groups, strict=True)), value, total.events)


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
