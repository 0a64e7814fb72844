# ruff: noqa: S608 (only names that this module chooses are put into the text; every value is a parameter)
"""
Pure: the one statement that answers a usage query, and its parameters.

Each event is read one way only. A quarter hour in which every touched bucket lies wholly inside the range, a window and
the bound, and none waits to be built anew, is read from its buckets; any other one is read from raw events, as are
batches that are not rolled up yet.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from metering.aggregation_sql import AGGREGATIONS
from metering.filter_string import FilterString

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
    aggregation: str
    event_type: str
    value_path: tuple[str, ...] | None
    group_paths: tuple[tuple[str, ...], ...]
    spans: tuple[Span, ...]
    subject_hashes: tuple[UUID, ...] | None
    filters: tuple[tuple[int, FilterString], ...] = ()
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
    Return SQL and parameters for rows of: window number, subject, group texts, events, values, total, first time, last.

    Windows are numbered as width_bucket does: 0 before the first edge, then 1 and so on. By day, the number is the UTC
    day instead. The total is that of the aggregation; for an average it is the sum of the values.
    """
    ctes = [f"span AS ({_spans()})"]
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
    for place, condition in selection.filters:
        parameters.update(condition.sql("text", f"filter_{place}")[1])
    return parameters


def _instant(at: datetime | None, otherwise: str) -> str:
    return otherwise if at is None else at.isoformat()


def _spans() -> str:
    return (
        "SELECT * FROM unnest(%(subjects)s::text[], %(lows)s::timestamptz[], %(highs)s::timestamptz[])"
        " AS span(subject, low, high)"
    )


# --- Buckets -------------------------------------------------------------------------------------------------------


def _pending(selection: Selection) -> str:
    return "SELECT id FROM metering_batch WHERE NOT is_rolled_up AND id > %(floor)s" + (
        " AND id <= %(bound)s" if selection.bound is not None else ""
    )


def _touched(selection: Selection) -> str:
    # What is stale or past the bound may hold events outside the times that it states, or none where there were some.
    unsure = "bucket.is_stale" + ("" if selection.bound is None else " OR bucket.max_batch > %(bound)s")
    kept = [kept.column for kept in AGGREGATIONS[selection.aggregation].kept]
    columns = [f"bucket.{name}" for name in ("id", "start_at", "events", "values", "first_at", "last_at", *kept)]
    whole = [f"NOT ({unsure})", "bucket.first_at >= span.low", "bucket.last_at < span.high"]
    if selection.edges is not None:
        whole.append(f"{_window(selection, 'bucket.first_at')} = {_window(selection, 'bucket.last_at')}")
    where = [
        "series.meter_version_id = %(version)s",
        f"bucket.start_at > span.low - {QUARTER_SQL}",
        "bucket.start_at < span.high",
        f"(bucket.first_at < span.high AND bucket.last_at >= span.low OR {unsure})",
        *_filters(selection, lambda place: f"series.group_values[{place + 1}]"),
    ]
    if selection.subject_hashes is not None:
        where.append("series.subject_hash = ANY(%(subject_hashes)s)")
    return (
        f"SELECT {', '.join(columns)}, series.subject, series.group_values, {' AND '.join(whole)} AS is_whole"
        f" FROM metering_series series JOIN span ON {_is_of_span(selection, 'series')}"
        f" JOIN metering_bucket bucket ON bucket.series_id = series.id WHERE {' AND '.join(where)}"
    )


def _is_of_span(selection: Selection, table: str) -> str:
    return "true" if selection.subject_hashes is None else f"span.subject = {table}.subject"


# --- Raw events ----------------------------------------------------------------------------------------------------


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
    where = ["event.type = %(type)s", *_filters(selection, lambda place: group_text(f"path_{place}"))]
    if selection.bound is not None:
        where.append("event.batch_id <= %(bound)s")
    where.append(_is_not_void(selection))
    return (
        f"JOIN span ON {_is_of_span(selection, 'event')} AND event.time >= span.low AND event.time < span.high"
        f" WHERE {' AND '.join(where)}"
    )


def _is_not_void(selection: Selection) -> str:
    known = "void.restored_batch_id IS NULL"
    if selection.bound is not None:
        known = f"void.voided_batch_id <= %(bound)s AND ({known} OR void.restored_batch_id > %(bound)s)"
    # OFFSET 0 makes it a look-up for each of a few events; for all events, a join is better.
    end = "" if selection.from_events_only else " OFFSET 0"
    return f"NOT EXISTS (SELECT 1 FROM metering_eventvoid void WHERE void.event_key = event.key AND {known}{end})"


def _event_columns(selection: Selection) -> str:
    value = AGGREGATIONS[selection.aggregation].value
    texts = [group_text(f"path_{place}") for place in range(len(selection.group_paths))]
    return (
        "event.time, event.source, event.event_id, event.subject,"
        f" ARRAY[{', '.join(texts)}]::text[] AS group_values, {value} AS value"
    )


def group_text(parameter: str) -> str:
    """Return SQL for the text that an event is grouped by at a path; what is missing or null groups as empty text."""
    return f"coalesce(event.data #>> %({parameter})s::text[], '')"


def _filters(selection: Selection, text_at: Callable[[int], str]) -> list[str]:
    return [condition.sql(text_at(place), f"filter_{place}")[0] for place, condition in selection.filters]


# --- Together ------------------------------------------------------------------------------------------------------


def _window(selection: Selection, time: str) -> str:
    if selection.by_day:
        return f"floor(extract(epoch FROM {time}) / 86400)::bigint"
    if selection.edges is None:
        return "0"
    return f"width_bucket({time}, %(edges)s::timestamptz[])"


def _totals(selection: Selection) -> str:
    names = ["window_number", "subject", *(f"group_{number}" for number in range(len(selection.group_by)))]
    parts = [_parts_of_events(selection)]
    if not selection.from_events_only:
        parts += _parts_of_buckets(selection)
    return (
        f"SELECT {', '.join(names)}, sum(events)::bigint, sum(values)::bigint,"
        f" {AGGREGATIONS[selection.aggregation].total}, min(first_at), max(last_at)"
        f" FROM ({' UNION ALL '.join(parts)}) parts GROUP BY {', '.join(names)}"
    )


def _parts_of_events(selection: Selection) -> str:
    return (
        f"SELECT {_group_columns(selection, 'time')}, 1 AS events, (value IS NOT NULL)::int AS values,"
        f" {AGGREGATIONS[selection.aggregation].event_part} AS part, time AS first_at, time AS last_at FROM raw event"
    )


def _parts_of_buckets(selection: Selection) -> list[str]:
    aggregation, columns = AGGREGATIONS[selection.aggregation], _group_columns(selection, "first_at")
    smooth = "start_at NOT IN (SELECT start_at FROM rough)"
    parts = [
        f"SELECT {columns}, events, values, {aggregation.bucket_part}, first_at, last_at FROM touched WHERE {smooth}"
    ]
    if aggregation.has_distinct_values:
        parts.append(
            f"SELECT {columns}, 0, 0, found.hash, first_at, last_at"
            f" FROM touched JOIN metering_bucketvalue found ON found.bucket_id = touched.id WHERE {smooth}"
        )
    return parts


def _group_columns(selection: Selection, time: str) -> str:
    columns = [
        f"{_window(selection, time)} AS window_number",
        f"{'subject' if selection.by_subject else 'NULL::text'} AS subject",
        *(f"group_values[{place + 1}] AS group_{number}" for number, place in enumerate(selection.group_by)),
    ]
    return ", ".join(columns)
