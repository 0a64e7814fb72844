"""
Pure: how each aggregation is kept in buckets and put together from parts, in SQL.

A part is a bucket or a single event. Parts of any aggregation come together in any order, and give what all their
events would give at once.
"""

from dataclasses import dataclass

# As metering.identity.text_hash.
TEXT_HASH = "encode(substr(sha256(convert_to({text}, 'UTF8')), 1, 16), 'hex')::uuid"

_RAW = "event.data #> %(value_path)s::text[]"
_NUMBER = f"metering_value({_RAW})"
_DISTINCT = (
    f"CASE WHEN jsonb_typeof({_RAW}) IN ('string', 'number', 'boolean')"
    f" THEN {TEXT_HASH.format(text='event.data #>> %(value_path)s::text[]')} END"
)
# Arrays of text compare like their first texts that differ, by code point: by time, then source, then id. All years
# have four digits.
_LATEST = (
    "CASE WHEN {value} IS NOT NULL THEN ARRAY[to_char({at} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'),"
    ' {source}, {id}, {value}::text] COLLATE "C" END'
)
_LATEST_EVENT = _LATEST.format(value="value", at="event.time", source="event.source", id="event.event_id")
_LATEST_BUCKET = _LATEST.format(value="latest", at="latest_at", source="latest_source", id="latest_id")
_IS_LATER = (
    "bucket.latest_at IS NULL OR (excluded.latest_at, excluded.latest_source, excluded.latest_id)"
    " > (bucket.latest_at, bucket.latest_source, bucket.latest_id)"
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A column of a bucket: what it is of several `event` rows with their `value`, of several buckets, and of two."""

    column: str
    fold: str
    together: str
    merge: str


@dataclass(frozen=True, slots=True)
class AggregationSql:
    """
    One aggregation: the good value of an event (else null), several buckets and an event as a part, the total of parts.

    Where `has_distinct_values`, a bucket has a part for each of its rows of values besides.
    """

    value: str
    bucket_fold: str
    event_part: str
    total: str
    kept: tuple[Kept, ...] = ()
    has_distinct_values: bool = False


_SUM = AggregationSql(
    value=_NUMBER,
    bucket_fold="sum(sum)",
    event_part="value",
    total="coalesce(sum(part), 0)",
    kept=(Kept("sum", "coalesce(sum(value), 0)", "sum(sum)", "bucket.sum + excluded.sum"),),
)
AGGREGATIONS = {
    "SUM": _SUM,
    # The average is that of the total and the number of good values.
    "AVG": _SUM,
    "COUNT": AggregationSql("NULL::numeric", "NULL::numeric", "NULL::numeric", "sum(events)"),
    "MIN": AggregationSql(
        value=_NUMBER,
        bucket_fold="min(min)",
        event_part="value",
        total="min(part)",
        kept=(Kept("min", "min(value)", "min(min)", "least(bucket.min, excluded.min)"),),
    ),
    "MAX": AggregationSql(
        value=_NUMBER,
        bucket_fold="max(max)",
        event_part="value",
        total="max(part)",
        kept=(Kept("max", "max(value)", "max(max)", "greatest(bucket.max, excluded.max)"),),
    ),
    "LATEST": AggregationSql(
        value=_NUMBER,
        bucket_fold=f"max({_LATEST_BUCKET})",
        event_part=_LATEST_EVENT,
        total='(max(part COLLATE "C"))[4]::numeric',
        kept=tuple(
            Kept(
                column,
                part.format(f"(max({_LATEST_EVENT}))"),
                part.format(f"(max({_LATEST_BUCKET}))"),
                f"CASE WHEN {_IS_LATER} THEN excluded.{column} ELSE bucket.{column} END",
            )
            for column, part in [
                ("latest", "{}[4]::numeric"),
                ("latest_at", "{}[1]::timestamp AT TIME ZONE 'UTC'"),
                ("latest_source", "{}[2]"),
                ("latest_id", "{}[3]"),
            ]
        ),
    ),
    "UNIQUE_COUNT": AggregationSql(
        value=_DISTINCT,
        bucket_fold="NULL::uuid",
        event_part="value",
        total="count(DISTINCT part)::numeric",
        has_distinct_values=True,
    ),
}
