# ruff: noqa: S608 (only names that this module chooses are put into the text; every value is a parameter)
"""
Pure: the one statement that answers a usage query, and its parameters.

Each event is read one way only. A quarter hour in which every touched bucket lies wholly inside the range, a window and
the bound is read from its buckets; any other one is read from raw events, as are batches that are not rolled up yet.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

QUARTER_SQL = "interval '15 minutes'"


@dataclass(frozen=True, slots=True)
class Span:
    """Events of a subject (None: of all) in a half-open range of event time; None is open."""

    subject: str | None
    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Selection:
    """Which events of one meter version count, and how they are grouped; groups are positions in its sorted keys."""

    version_id: int
    floor_batch: int
    event_type: str
    value_path: tuple[str, ...] | None
    group_paths: tuple[tuple[str, ...], ...]
    spans: tuple[Span, ...]
    subject_hashes: tuple[UUID, ...] | None
    filters: tuple[tuple[int, tuple[str, ...]], ...] = ()
    group_by: tuple[int, ...] = ()
    by_subject: bool = False
    edges: tuple[datetime, ...] | None = None
    by_day: bool = False
    bound: int | None = None
    from_events_only: bool = False


def clip_spans(spans: Sequence[Span], start: datetime | None, end: datetime | None) -> tuple[Span, ...]:
    """Cut spans to [start, end), leave out what is empty then, and join those of a subject that touch or overlap."""
    cut = [Span(span.subject, later(span.start, start), earlier(span.end, end)) for span in spans]
    filled = [span for span in cut if span.start is None or span.end is None or span.start < span.end]
    joined: list[Span] = []
    for span in sorted(filled, key=_by_subject_and_start):
        last = joined[-1] if joined else None
        if last and last.subject == span.subject and (last.end is None or span.start is None or span.start <= last.end):
            latest = None if last.end is None or span.end is None else max(last.end, span.end)
            joined[-1] = replace(last, end=latest)
        else:
            joined.append(span)
    return tuple(joined)


def _by_subject_and_start(span: Span) -> tuple[str, bool, datetime]:
    return span.subject or "", span.start is not None, span.start or datetime(1, 1, 1, tzinfo=UTC)


def later(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the later of two starts; None is open."""
    return max(one, other) if one and other else one or other


def earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the earlier of two ends; None is open."""
    return min(one, other) if one and other else one or other


def usage_statement(selection: Selection) -> tuple[str, dict[str, Any]]:
    """
    Return SQL and parameters for rows of: window number, subject, group texts, events, values, sum, first time, last.

    Windows are numbered as width_bucket does: 0 before the first edge, then 1 and so on. By day, the number is the UTC
    day instead.
    """
    ctes = [f"span AS ({_spans(selection)})"]
    if selection.from_events_only:
        raw = _all_events(selection)
    else:
        ctes += [f"pending AS MATERIALIZED ({_pending(selection)})", f"touched AS MATERIALIZED ({_touched(selection)})"]
        ctes += ["rough AS MATERIALIZED (SELECT DISTINCT start_at FROM touched WHERE NOT is_whole)"]
        raw = f"{_events_of_pending(selection)} UNION ALL {_events_of_rough(selection)}"
    ctes.append(f"raw AS ({raw})")
    return f"WITH {', '.join(ctes)} {_totals(selection)}", _parameters(selection)


def _parameters(selection: Selection) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "version": selection.version_id,
        "floor": selection.floor_batch,
        "type": selection.event_type,
        "value_path": list(selection.value_path or ()),
        "bound": selection.bound,
        "subjects": [span.subject for span in selection.spans],
        "lows": [_instant(span.start, "-infinity") for span in selection.spans],
        "highs": [_instant(span.end, "infinity") for span in selection.spans],
        "subject_hashes": None if selection.subject_hashes is None else list(selection.subject_hashes),
        "edges": [edge.isoformat() for edge in selection.edges or ()],
    }
    parameters.update({f"path_{place}": list(path) for place, path in enumerate(selection.group_paths)})
    parameters.update({f"filter_{place}": list(values) for place, values in selection.filters})
    return parameters


def _instant(at: datetime | None, otherwise: str) -> str:
    return otherwise if at is None else at.isoformat()


def _spans(selection: Selection) -> str:
    return (
        "SELECT * FROM unnest(%(subjects)s::text[], %(lows)s::timestamptz[], %(highs)s::timestamptz[])"
        " AS span(subject, low, high)"
    )


def _pending(selection: Selection) -> str:
    return "SELECT id FROM metering_batch WHERE NOT is_rolled_up AND kind = 'events' AND id > %(floor)s" + (
        " AND id <= %(bound)s" if selection.bound is not None else ""
    )


def _touched(selection: Selection) -> str:
    whole = ["bucket.first_at >= span.low", "bucket.last_at < span.high"]
    if selection.edges is not None:
        whole.append(f"{_window(selection, 'bucket.first_at')} = {_window(selection, 'bucket.last_at')}")
    if selection.bound is not None:
        whole.append("bucket.max_batch <= %(bound)s")
    where = [
        "series.meter_version_id = %(version)s",
        f"bucket.start_at > span.low - {QUARTER_SQL}",
        "bucket.start_at < span.high",
        "bucket.first_at < span.high",
        "bucket.last_at >= span.low",
        *(f"series.group_values[{place + 1}] = ANY(%(filter_{place})s)" for place, _ in selection.filters),
    ]
    if selection.subject_hashes is not None:
        where.append("series.subject_hash = ANY(%(subject_hashes)s)")
    return (
        f"SELECT bucket.start_at, bucket.events, bucket.values, bucket.sum, bucket.first_at, bucket.last_at,"
        f" series.subject, series.group_values, {' AND '.join(whole)} AS is_whole"
        f" FROM metering_series series JOIN span ON {_is_of_span(selection, 'series')}"
        f" JOIN metering_bucket bucket ON bucket.series_id = series.id WHERE {' AND '.join(where)}"
    )


def _is_of_span(selection: Selection, table: str) -> str:
    return "true" if selection.subject_hashes is None else f"span.subject = {table}.subject"


def _all_events(selection: Selection) -> str:
    return f"SELECT {_event_columns(selection)} FROM metering_event event {_join_span(selection)}"


# OFFSET 0 keeps these two subqueries apart, so that each is an index look-up for every batch or quarter hour, however
# the planner rates their number.
def _events_of_pending(selection: Selection) -> str:
    return (
        f"SELECT {_event_columns(selection)} FROM pending CROSS JOIN LATERAL"
        f" (SELECT * FROM metering_event WHERE batch_id = pending.id OFFSET 0) event {_join_span(selection)}"
    )


def _events_of_rough(selection: Selection) -> str:
    return (
        f"SELECT {_event_columns(selection)} FROM rough CROSS JOIN LATERAL"
        " (SELECT * FROM metering_event"
        f" WHERE time >= rough.start_at AND time < rough.start_at + {QUARTER_SQL} OFFSET 0)"
        f" event {_join_span(selection)} AND event.batch_id NOT IN (SELECT id FROM pending)"
    )


def _join_span(selection: Selection) -> str:
    where = ["event.type = %(type)s"]
    where += [f"{group_text(f'path_{place}')} = ANY(%(filter_{place})s)" for place, _ in selection.filters]
    if selection.bound is not None:
        where.append("event.batch_id <= %(bound)s")
    return (
        f"JOIN span ON {_is_of_span(selection, 'event')} AND event.time >= span.low AND event.time < span.high"
        f" WHERE {' AND '.join(where)}"
    )


def _event_columns(selection: Selection) -> str:
    value = "metering_value(event.data #> %(value_path)s::text[])" if selection.value_path else "NULL::numeric"
    texts = [group_text(f"path_{place}") for place in range(len(selection.group_paths))]
    return f"event.time, event.subject, ARRAY[{', '.join(texts)}]::text[] AS group_values, {value} AS value"


def group_text(parameter: str) -> str:
    """Return SQL for the text that an event is grouped by at a path; what is missing or null groups as empty text."""
    return f"coalesce(event.data #>> %({parameter})s::text[], '')"


def _window(selection: Selection, time: str) -> str:
    if selection.by_day:
        return f"floor(extract(epoch FROM {time}) / 86400)::bigint"
    if selection.edges is None:
        return "0"
    return f"width_bucket({time}, %(edges)s::timestamptz[])"


def _totals(selection: Selection) -> str:
    first, last, inner = (
        _group_columns(selection, "first_at"),
        _group_columns(selection, "time"),
        len(selection.group_by),
    )
    names = ["window_number", "subject", *(f"group_{number}" for number in range(inner))]
    buckets = (
        f"SELECT {', '.join(first)}, events, values, sum, first_at, last_at FROM touched"
        " WHERE start_at NOT IN (SELECT start_at FROM rough) UNION ALL "
    )
    return (
        f"SELECT {', '.join(names)}, sum(events)::bigint, sum(values)::bigint, coalesce(sum(sum), 0),"
        f" min(first_at), max(last_at) FROM ({'' if selection.from_events_only else buckets}"
        f"SELECT {', '.join(last)}, 1 AS events, (value IS NOT NULL)::int AS values, value AS sum, time AS first_at,"
        f" time AS last_at FROM raw) part GROUP BY {', '.join(names)}"
    )


def _group_columns(selection: Selection, time: str) -> list[str]:
    return [
        f"{_window(selection, time)} AS window_number",
        f"{'subject' if selection.by_subject else 'NULL::text'} AS subject",
        *(f"group_values[{place + 1}] AS group_{number}" for number, place in enumerate(selection.group_by)),
    ]
