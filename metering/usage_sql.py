# ruff: noqa: S608 (only names that this module chooses are put into the text; every value is a parameter)
"""
Pure: the one statement that answers a usage query, and its parameters.

Each event is read one way only. A day in which every touched bucket lies wholly inside the range, a window and the
bound, and none waits to be built anew, is read from its buckets of a day. Of any other day, a quarter hour for which
the same holds is read from its own buckets; the rest is read from raw events, as are batches that are not rolled up.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from metering.aggregation_sql import AGGREGATIONS
from metering.filter_string import FilterString
from metering.spans import Span

QUARTER_SQL = "interval '15 minutes'"
DAY_SQL = "interval '1 day'"
_QUARTER = timedelta(minutes=15)
_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_OF_BUCKET = f"date_bin({DAY_SQL}, bucket.start_at, '1970-01-01Z')"
_IS_IN_SPAN = "bucket.first_at < span.high AND bucket.last_at >= span.low"
# As the index on events; the text itself is compared after it.
_IS_OF_SUBJECT = "hashtextextended(subject, 0) = hashtextextended(span.subject, 0)"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which events of one meter version count, and how they are grouped; groups are positions in its sorted keys."""

    version_id: int
    floor_batch: int
    aggregation: str
    event_type: str
    value_path: tuple[str, ...]
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


def usage_statement(selection: Selection) -> tuple[str, dict[str, Any]]:
    """
    Return SQL and parameters for rows of: window number, subject, group texts, events, values, total, first time, last.

    Windows are numbered as width_bucket does: 0 before the first edge, then 1 and so on. By day, the number is the UTC
    day instead. The total is that of the aggregation; for an average it is the sum of the values. The times are null
    where there are windows, which have times of their own.
    """
    ctes = [f"span AS ({_spans()})"]
    if selection.from_events_only:
        raw = _all_events(selection)
    else:
        ctes += [
            f"pending AS MATERIALIZED ({_pending(selection)})",
            f"cut AS MATERIALIZED ({_cut(selection)})",
            f"rough AS MATERIALIZED ({_rough(selection)})",
        ]
        raw = f"{_events_of_pending(selection)} UNION ALL {_events_of_rough(selection)}"
    ctes.append(f"raw AS ({raw})")
    # As a SELECT, because what begins otherwise is taken for a write, and gets the name of who does it put before it.
    return f"SELECT * FROM (WITH {', '.join(ctes)} {_totals(selection)}) usage", _parameters(selection)


def _parameters(selection: Selection) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "version": selection.version_id,
        "floor": selection.floor_batch,
        "type": selection.event_type,
        "value_path": list(selection.value_path),
        "bound": selection.bound,
        "subjects": [span.subject for span in selection.spans],
        "lows": [_instant(span.start, "-infinity") for span in selection.spans],
        "highs": [_instant(span.end, "infinity") for span in selection.spans],
        "subject_hashes": None if selection.subject_hashes is None else list(selection.subject_hashes),
        "edges": list(selection.edges or ()),
        "edge_days": _edges(selection, _DAY),
        "edge_quarters": _edges(selection, _QUARTER),
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


def _cut(selection: Selection) -> str:
    """Return SQL for the days that are not read as such: their quarter hours are."""
    kinds = ["bucket.is_stale"]
    if selection.bound is not None:
        kinds.append("bucket.max_batch > %(bound)s")
    if _edges(selection, _DAY):
        kinds.append(_is_cut(selection, "edge_days"))
    days = _series(selection, "JOIN metering_daybucket bucket ON bucket.series_id = series.id")
    return f"SELECT DISTINCT {_place(selection)} {days} AND {_overlaps_span(DAY_SQL)} AND ({' OR '.join(kinds)})"


def _rough(selection: Selection) -> str:
    """Return SQL for the quarter hours that are read from raw events, by the index that finds each kind of them."""
    # What is stale or past the bound may hold events outside the times that it states, or none where there were some.
    stale = _series(selection, "JOIN metering_bucket bucket ON bucket.series_id = series.id AND bucket.is_stale")
    kinds = [f"{stale} AND {_overlaps_span(QUARTER_SQL)} AND ({_place(selection, _DAY_OF_BUCKET)}) IN (TABLE cut)"]
    if selection.bound is not None:
        kinds.append(_quarters(selection, "max_batch > %(bound)s"))
    if _edges(selection, _QUARTER):
        at_edges = _quarters(selection, "start_at = ANY(%(edge_quarters)s::timestamptz[])")
        kinds.append(f"{at_edges} AND {_is_cut(selection, 'edge_quarters')}")
    return " UNION ".join(f"SELECT DISTINCT {_place(selection)} {kind}" for kind in kinds)


def _is_cut(selection: Selection, edges: str) -> str:
    """Return the condition that an end of a span or a window has events of a bucket on both sides."""
    return (
        f"(bucket.start_at = ANY(%({edges})s::timestamptz[]) AND {_IS_IN_SPAN} AND NOT"
        " (bucket.first_at >= span.low AND bucket.last_at < span.high"
        f" AND {_window(selection, 'bucket.first_at')} = {_window(selection, 'bucket.last_at')}))"
    )


def _edges(selection: Selection, width: timedelta) -> list[datetime]:
    """Return the starts of the days or quarter hours that an end of a span or a window cuts."""
    ends = [end for span in selection.spans for end in (span.start, span.end) if end is not None]
    return sorted({end - into for end in (*ends, *(selection.edges or ())) if (into := (end - _EPOCH) % width)})


def _overlaps_span(width: str) -> str:
    return f"bucket.start_at > span.low - {width} AND bucket.start_at < span.high"


def _quarters(selection: Selection, condition: str) -> str:
    found = _series(selection, f"JOIN cut ON {_is_of_day(selection)} {_of_cut_day(condition)}")
    return f"{found} AND {_overlaps_span(QUARTER_SQL)}"


def _is_of_day(selection: Selection) -> str:
    return "true" if selection.subject_hashes is None else "cut.subject = series.subject"


def _of_cut_day(condition: str) -> str:
    """Return SQL for the quarter hours of a series on a day; OFFSET 0 makes it a look-up by index."""
    return (
        "CROSS JOIN LATERAL (SELECT * FROM metering_bucket WHERE series_id = series.id AND start_at >= cut.start_at"
        f" AND start_at < cut.start_at + {DAY_SQL} AND {condition} OFFSET 0) bucket"
    )


def _series(selection: Selection, join: str) -> str:
    where = [
        "series.meter_version_id = %(version)s",
        *_filters(selection, lambda place: f"series.group_values[{place + 1}]"),
    ]
    if selection.subject_hashes is not None:
        where.append("series.subject_hash = ANY(%(subject_hashes)s)")
    of_span = f"JOIN span ON {_is_of_span(selection, 'series')}"
    return f"FROM metering_series series {of_span} {join} WHERE {' AND '.join(where)}"


def _is_of_span(selection: Selection, table: str) -> str:
    return "true" if selection.subject_hashes is None else f"span.subject = {table}.subject"


def _place(selection: Selection, start_at: str = "bucket.start_at") -> str:
    """Return the columns of what is read in one way: a time, and of known subjects that of each."""
    return start_at if selection.subject_hashes is None else f"series.subject, {start_at}"


# --- Raw events ----------------------------------------------------------------------------------------------------


# OFFSET 0 keeps subqueries apart, so that each is an index look-up for every batch, span or quarter hour, however the
# planner rates their number.
def _all_events(selection: Selection) -> str:
    if selection.subject_hashes is None:
        return f"{_select(selection)} FROM metering_event event CROSS JOIN span {_where(selection)}"
    return (
        f"{_select(selection)} FROM span CROSS JOIN LATERAL (SELECT * FROM metering_event WHERE {_IS_OF_SUBJECT}"
        f" AND time >= span.low AND time < span.high OFFSET 0) event {_where(selection)}"
    )


def _events_of_pending(selection: Selection) -> str:
    # Within the look-up, so that of the others nothing more is asked.
    known = "" if selection.subject_hashes is None else " AND subject = ANY(%(subjects)s)"
    return (
        f"{_select(selection)} FROM pending CROSS JOIN LATERAL"
        f" (SELECT * FROM metering_event WHERE batch_id = pending.id{known} OFFSET 0) event CROSS JOIN span"
        f" {_where(selection)}"
    )


def _events_of_rough(selection: Selection) -> str:
    known = "" if selection.subject_hashes is None else f"{_IS_OF_SUBJECT} AND "
    return (
        f"{_select(selection)} FROM rough JOIN span ON {_is_of_span(selection, 'rough')}"
        f" CROSS JOIN LATERAL (SELECT * FROM metering_event WHERE {known} time >= greatest(rough.start_at, span.low)"
        f" AND time < least(rough.start_at + {QUARTER_SQL}, span.high) OFFSET 0) event"
        f" {_where(selection)} AND event.batch_id NOT IN (SELECT id FROM pending)"
    )


def _select(selection: Selection) -> str:
    texts = [group_text(f"path_{place}") for place in range(len(selection.group_paths))]
    return (
        "SELECT event.time, event.source, event.event_id, event.subject,"
        f" ARRAY[{', '.join(texts)}]::text[] AS group_values, {AGGREGATIONS[selection.aggregation].value} AS value"
    )


def _where(selection: Selection) -> str:
    where = [
        _is_of_span(selection, "event"),
        "event.time >= span.low AND event.time < span.high",
        "event.type = %(type)s",
        *_filters(selection, lambda place: group_text(f"path_{place}")),
    ]
    if selection.bound is not None:
        where.append("event.batch_id <= %(bound)s")
    return f"WHERE {' AND '.join([*where, _is_not_void(selection)])}"


def _is_not_void(selection: Selection) -> str:
    known = "void.restored_batch_id IS NULL"
    if selection.bound is not None:
        known = f"void.voided_batch_id <= %(bound)s AND ({known} OR void.restored_batch_id > %(bound)s)"
    # OFFSET 0 makes it a look-up for each of a few events; for all events, a join is better.
    end = "" if selection.from_events_only else " OFFSET 0"
    return f"NOT EXISTS (SELECT 1 FROM metering_eventvoid void WHERE void.event_key = event.key AND {known}{end})"


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
    names = _names(selection)
    parts = [_parts_of_events(selection)]
    if not selection.from_events_only:
        parts += _parts_of_buckets(selection)
    return (
        f"SELECT {', '.join(names)}, sum(events)::bigint, sum(values)::bigint,"
        f" {AGGREGATIONS[selection.aggregation].total}, {_times(selection)}"
        f" FROM ({' UNION ALL '.join(parts)}) parts GROUP BY {', '.join(names)}"
    )


def _parts_of_events(selection: Selection) -> str:
    columns = _group_columns(selection, "event", _window(selection, "event.time"))
    return (
        f"SELECT {columns}, 1 AS events, (value IS NOT NULL)::int AS values,"
        f" {AGGREGATIONS[selection.aggregation].event_part} AS part, time AS first_at, time AS last_at FROM raw event"
    )


def _parts_of_buckets(selection: Selection) -> list[str]:
    days = "FROM metering_daybucket bucket WHERE bucket.series_id = series.id"
    quarters = f"FROM cut {_of_cut_day('true')} WHERE {_is_of_day(selection)}"
    parts = []
    for buckets, width, others, values in [
        (days, DAY_SQL, "cut", "metering_dayvalue"),
        (quarters, QUARTER_SQL, "rough", "metering_bucketvalue"),
    ]:
        read = (
            f"{buckets} AND {_overlaps_span(width)} AND {_IS_IN_SPAN} AND ({_place(selection)}) NOT IN (TABLE {others})"
        )
        parts.append(_folded(selection, read))
        if AGGREGATIONS[selection.aggregation].has_distinct_values:
            parts.append(_distinct(selection, read, values))
    return parts


def _folded(selection: Selection, read: str) -> str:
    # Each series by itself: its buckets come from one stretch of the index, and are not sorted by the texts of groups.
    folded = (
        f"CROSS JOIN LATERAL (SELECT {_window(selection, 'bucket.first_at')} AS window_number,"
        f" sum(events)::bigint AS events, sum(values)::bigint AS values,"
        f" {AGGREGATIONS[selection.aggregation].bucket_fold} AS part, {_times(selection)} {read} GROUP BY 1) folded"
    )
    columns = _group_columns(selection, "series", "folded.window_number")
    return f"SELECT {columns}, events, values, part, first_at, last_at {_series(selection, folded)}"


def _distinct(selection: Selection, read: str, values: str) -> str:
    found = (
        f"CROSS JOIN LATERAL (SELECT bucket.id, {_window(selection, 'bucket.first_at')} AS window_number,"
        f" first_at, last_at {read}) read JOIN {values} found ON found.bucket_id = read.id"
    )
    columns = _group_columns(selection, "series", "read.window_number")
    return f"SELECT {columns}, 0, 0, found.hash, first_at, last_at {_series(selection, found)}"


def _times(selection: Selection) -> str:
    if selection.edges is None:
        return "min(first_at) AS first_at, max(last_at) AS last_at"
    return "NULL::timestamptz AS first_at, NULL::timestamptz AS last_at"


def _names(selection: Selection) -> list[str]:
    return ["window_number", "subject", *(f"group_{number}" for number in range(len(selection.group_by)))]


def _group_columns(selection: Selection, table: str, window: str) -> str:
    columns = [
        f"{window} AS window_number",
        (f"{table}.subject" if selection.by_subject else "NULL::text") + " AS subject",
        *(f"{table}.group_values[{place + 1}] AS group_{number}" for number, place in enumerate(selection.group_by)),
    ]
    return ", ".join(columns)
