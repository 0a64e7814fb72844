"""Whether buckets are what their raw events make, in both directions."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from metering.audit.report import Check, Finding, Scope, stream
from metering.models import Aggregation, MeterVersion

# Events and buckets of this much time are compared at once.
_SLICE = timedelta(days=30)


def buckets_equal_raw_events(scope: Scope) -> Iterator[Finding]:
    """
    Yield every quarter hour of a series whose bucket is missing, surplus, or not the sum of its rolled-up events.

    A bucket that is marked stale may differ from its events, which are read instead of it.
    """
    versions = list(MeterVersion.objects.select_related("meter").order_by("meter__slug", "number"))
    for version in versions:
        for start, end in time_slices():
            scope.progress(f"comparing buckets of {version} with raw events from {start:%Y-%m-%d}")
            yield from _compare(version, start, end)


def values_have_buckets(scope: Scope) -> Iterator[Finding]:
    """Yield buckets that distinct values name and that do not exist, or whose meter has no use for such values."""
    scope.progress("looking for the bucket of every distinct value")
    for bucket_id, values, slug in stream(_LOST_VALUES):
        what = "distinct values of a bucket that is missing" if slug is None else f"distinct values of {slug}"
        yield Finding(1, what, f"bucket {bucket_id}", "none", f"{values} values")


def _compare(version: MeterVersion, start: datetime, end: datetime) -> Iterator[Finding]:
    meter = version.meter
    paths = version.group_paths
    groups = ", ".join(f"coalesce(event.data #>> %(group_{place})s::text[], '')" for place in range(len(paths)))
    parameters: dict[str, object] = {f"group_{place}": list(path) for place, path in enumerate(paths)}
    parameters |= {
        "version": version.pk,
        "floor": version.floor_batch,
        "backfilled": version.floor_batch if version.backfilled_at else version.backfilled_batch,
        "type": meter.event_type,
        "value_path": list(meter.value_path),
        "start": start,
        "end": end,
    }
    statement = _statement(meter.aggregation, groups)
    for subject, group_values, at, expected, actual in stream(statement, parameters):
        named = dict(zip(version.group_keys, group_values, strict=True))
        offender = f"bucket of {version}, subject {subject!r}, {named}, {at:%Y-%m-%d %H:%M} UTC"
        yield Finding(1, _difference(expected, actual), offender, expected or "no bucket", actual or "no bucket")


def _difference(expected: str | None, actual: str | None) -> str:
    if actual is None:
        return "the bucket is missing"
    return "the bucket is surplus" if expected is None else "the bucket is not the sum of its events"


def time_slices() -> Iterator[tuple[datetime, datetime]]:
    """Yield ranges that together hold every event and bucket, leaping over time without any."""
    start = _first("-infinity")
    while start is not None:
        yield start, start + _SLICE
        start = _first((start + _SLICE).isoformat())


def _first(after: str) -> datetime | None:
    ((start,),) = stream(_FIRST, {"after": after})
    return start


# --- What a bucket should be, computed in another way than roll-up does --------------------------------------------


def _statement(aggregation: str, groups: str) -> str:
    value = _VALUES.get(Aggregation(aggregation), "metering_value(event.data #> %(value_path)s::text[])::text")
    kept = {name: _NOTHING[name] for name in _NOTHING} | _KEPT.get(Aggregation(aggregation), {})
    names = ", ".join(("events", "values", *kept, "first_at", "last_at", "max_batch"))
    return _BUCKETS.format(
        groups=groups,
        value=value,
        kept=", ".join(f"{expression} AS {name}" for name, expression in kept.items()),
        expected_row=", ".join(f"expected.{name}" for name in names.split(", ")),
        actual_row=", ".join(f"actual.{name}" for name in names.split(", ")),
        expected_text=_TEXT.format(side="expected"),
        actual_text=_TEXT.format(side="actual"),
    )


# The value of an event that counts, as text; null if it is bad.
_VALUES = {
    Aggregation.COUNT: "NULL::text",
    Aggregation.UNIQUE_COUNT: (
        "CASE WHEN jsonb_typeof(event.data #> %(value_path)s::text[]) IN ('string', 'number', 'boolean')"
        " THEN event.data #>> %(value_path)s::text[] END"
    ),
}
_NOTHING = {
    "sum": "0::numeric",
    "min": "NULL::numeric",
    "max": "NULL::numeric",
    "latest": "NULL::numeric",
    "latest_at": "NULL::timestamptz",
    "latest_source": "NULL::text",
    "latest_id": "NULL::text",
    "hashes": "NULL::uuid[]",
}
_LAST = "(array_agg({0} ORDER BY time DESC, source DESC, event_id DESC) FILTER (WHERE value IS NOT NULL))[1]"
_SUM = {"sum": "coalesce(sum(value::numeric), 0)"}
_KEPT = {
    Aggregation.SUM: _SUM,
    Aggregation.AVG: _SUM,
    Aggregation.MIN: {"min": "min(value::numeric)"},
    Aggregation.MAX: {"max": "max(value::numeric)"},
    Aggregation.LATEST: {
        "latest": _LAST.format("value::numeric"),
        "latest_at": _LAST.format("time"),
        "latest_source": _LAST.format("source"),
        "latest_id": _LAST.format("event_id"),
    },
    Aggregation.UNIQUE_COUNT: {
        "hashes": (
            "array_agg(DISTINCT encode(substring(sha256(convert_to(value, 'UTF8')) FOR 16), 'hex')::uuid)"
            " FILTER (WHERE value IS NOT NULL)"
        )
    },
}
_TEXT = """concat({side}.events, ' events, ', {side}.values, ' values, sum ', trim_scale({side}.sum), ', ',
    'min ' || trim_scale({side}.min) || ', ', 'max ' || trim_scale({side}.max) || ', ',
    'latest ' || trim_scale({side}.latest) || ' at ' || {side}.latest_at || ' of ' || {side}.latest_source || ' '
        || {side}.latest_id || ', ',
    cardinality({side}.hashes) || ' distinct values (' || md5({side}.hashes::text) || '), ',
    {side}.first_at, ' to ', {side}.last_at, ', batch ', {side}.max_batch)"""

_FIRST = """
    SELECT date_trunc('day', least(
        (SELECT min(time) FROM metering_event WHERE time >= %(after)s::timestamptz),
        (SELECT min(start_at) FROM metering_bucket WHERE start_at >= %(after)s::timestamptz),
        (SELECT min(start_at) FROM metering_daybucket WHERE start_at >= %(after)s::timestamptz)
    ), 'UTC')
"""
# What a batch brings is in the buckets of a version once it is rolled up, or for older batches once it is back-filled.
_BUCKETS = """
    WITH raw AS (
        SELECT event.subject, ARRAY[{groups}]::text[] AS group_values,
               date_bin('15 minutes', event.time, 'epoch'::timestamptz) AS start_at, event.source, event.event_id,
               CASE WHEN NOT coalesce(void.is_open, false) THEN event.time END AS time,
               greatest(event.batch_id, void.last_batch) AS batch_id,
               CASE WHEN NOT coalesce(void.is_open, false) THEN {value} END AS value
        FROM metering_event event JOIN metering_batch batch ON batch.id = event.batch_id
        LEFT JOIN (
            SELECT event_key, bool_or(restored_batch_id IS NULL) AS is_open,
                   max(coalesce(restored_batch_id, voided_batch_id)) AS last_batch
            FROM metering_eventvoid GROUP BY event_key
        ) void ON void.event_key = event.key
        WHERE event.type = %(type)s AND event.time >= %(start)s AND event.time < %(end)s
              AND CASE WHEN batch.id > %(floor)s THEN batch.is_rolled_up ELSE batch.id <= %(backfilled)s END
    ), expected AS (
        SELECT subject, group_values, start_at, count(time) AS events, count(value) AS values, {kept},
               min(time) AS first_at, max(time) AS last_at, max(batch_id) AS max_batch
        FROM raw GROUP BY subject, group_values, start_at
    ), actual AS (
        SELECT bucket.*, series.subject, series.group_values,
               (SELECT array_agg(hash ORDER BY hash) FROM metering_bucketvalue WHERE bucket_id = bucket.id) AS hashes
        FROM metering_series series JOIN metering_bucket bucket ON bucket.series_id = series.id
        WHERE series.meter_version_id = %(version)s AND bucket.start_at >= %(start)s AND bucket.start_at < %(end)s
    )
    SELECT subject, group_values, start_at AT TIME ZONE 'UTC',
           CASE WHEN expected.events IS NOT NULL THEN {expected_text} END,
           CASE WHEN actual.id IS NOT NULL THEN {actual_text} END
    FROM expected FULL JOIN actual USING (subject, group_values, start_at)
    WHERE ({expected_row}) IS DISTINCT FROM ({actual_row})
          AND NOT (expected.events IS NOT NULL AND coalesce(actual.is_stale, false))
    ORDER BY start_at, subject, group_values
"""
_LOST_VALUES = """
    SELECT value.bucket_id, count(*), meter.slug
    FROM metering_bucketvalue value
    LEFT JOIN metering_bucket bucket ON bucket.id = value.bucket_id
    LEFT JOIN metering_series series ON series.id = bucket.series_id
    LEFT JOIN metering_meterversion version ON version.id = series.meter_version_id
    LEFT JOIN metering_meter meter ON meter.id = version.meter_id
    WHERE meter.aggregation IS DISTINCT FROM 'UNIQUE_COUNT'
    GROUP BY value.bucket_id, meter.slug ORDER BY value.bucket_id
"""

CHECKS = (
    Check(1, "Every bucket equals its raw events, and no event lacks one", buckets_equal_raw_events),
    Check(1, "Distinct values are those of existing buckets that count them", values_have_buckets),
)
