"""Whether buckets are what their raw events make, in both directions."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from metering.audit.report import Check, Finding, Scope, stream
from metering.jsonpath import parse_path
from metering.models import MeterVersion

# Events and buckets of this much time are compared at once.
_SLICE = timedelta(days=30)


def buckets_equal_raw_events(scope: Scope) -> Iterator[Finding]:
    """Yield every quarter hour of a series whose bucket is missing, surplus, or not the sum of its rolled-up events."""
    versions = list(MeterVersion.objects.select_related("meter").order_by("meter__slug", "number"))
    for version in versions:
        for start, end in _slices():
            scope.progress(f"comparing buckets of {version} with raw events from {start:%Y-%m-%d}")
            yield from _compare(version, start, end)


def _compare(version: MeterVersion, start: datetime, end: datetime) -> Iterator[Finding]:
    meter = version.meter
    paths = [parse_path(version.group_by[key]) for key in version.group_keys]
    groups = ", ".join(f"coalesce(event.data #>> %(group_{place})s::text[], '')" for place in range(len(paths)))
    parameters: dict[str, object] = {f"group_{place}": list(path) for place, path in enumerate(paths)}
    parameters |= {
        "version": version.pk,
        "floor": version.floor_batch,
        "backfilled": version.floor_batch if version.backfilled_at else version.backfilled_batch,
        "type": meter.event_type,
        "value_path": list(parse_path(meter.value_property)) if meter.value_property else [],
        "start": start,
        "end": end,
    }
    value = "metering_value(event.data #> %(value_path)s::text[])" if meter.value_property else "NULL::numeric"
    for subject, group_values, at, expected, actual in stream(_BUCKETS.format(groups=groups, value=value), parameters):
        named = dict(zip(version.group_keys, group_values, strict=True))
        offender = f"bucket of {version}, subject {subject!r}, {named}, {at:%Y-%m-%d %H:%M} UTC"
        yield Finding(1, _difference(expected, actual), offender, expected or "no bucket", actual or "no bucket")


def _difference(expected: str | None, actual: str | None) -> str:
    if actual is None:
        return "the bucket is missing"
    return "the bucket is surplus" if expected is None else "the bucket is not the sum of its events"


def _slices() -> Iterator[tuple[datetime, datetime]]:
    """Yield ranges that together hold every event and bucket, leaping over time without any."""
    start = _first("-infinity")
    while start is not None:
        yield start, start + _SLICE
        start = _first((start + _SLICE).isoformat())


def _first(after: str) -> datetime | None:
    ((start,),) = stream(_FIRST, {"after": after})
    return start


_FIRST = """
    SELECT date_trunc('day', least(
        (SELECT min(time) FROM metering_event WHERE time >= %(after)s::timestamptz),
        (SELECT min(start_at) FROM metering_bucket WHERE start_at >= %(after)s::timestamptz)
    ), 'UTC')
"""
# What a batch brings is in the buckets of a version once it is rolled up, or for older batches once it is back-filled.
_BUCKETS = """
    WITH raw AS (
        SELECT event.subject, ARRAY[{groups}]::text[] AS group_values,
               date_bin('15 minutes', event.time, 'epoch'::timestamptz) AS start_at,
               event.time, event.batch_id, {value} AS value
        FROM metering_event event JOIN metering_batch batch ON batch.id = event.batch_id
        WHERE event.type = %(type)s AND event.time >= %(start)s AND event.time < %(end)s
              AND CASE WHEN batch.id > %(floor)s THEN batch.is_rolled_up ELSE batch.id <= %(backfilled)s END
    ), expected AS (
        SELECT subject, group_values, start_at, count(*) AS events, count(value) AS values,
               coalesce(sum(value), 0) AS sum, min(time) AS first_at, max(time) AS last_at, max(batch_id) AS max_batch
        FROM raw GROUP BY subject, group_values, start_at
    ), actual AS (
        SELECT series.subject, series.group_values, bucket.start_at, bucket.events, bucket.values, bucket.sum,
               bucket.first_at, bucket.last_at, bucket.max_batch
        FROM metering_series series JOIN metering_bucket bucket ON bucket.series_id = series.id
        WHERE series.meter_version_id = %(version)s AND bucket.start_at >= %(start)s AND bucket.start_at < %(end)s
    ), text AS (
        SELECT subject, group_values, start_at,
               concat(expected.events, ' events, ', expected.values, ' values, sum ', trim_scale(expected.sum), ', ',
                      expected.first_at, ' to ', expected.last_at, ', batch ', expected.max_batch) AS expected,
               concat(actual.events, ' events, ', actual.values, ' values, sum ', trim_scale(actual.sum), ', ',
                      actual.first_at, ' to ', actual.last_at, ', batch ', actual.max_batch) AS actual,
               expected.events IS NULL AS is_surplus, actual.events IS NULL AS is_missing
        FROM expected FULL JOIN actual USING (subject, group_values, start_at)
        WHERE (expected.events, expected.values, expected.sum, expected.first_at, expected.last_at, expected.max_batch)
              IS DISTINCT FROM
              (actual.events, actual.values, actual.sum, actual.first_at, actual.last_at, actual.max_batch)
    )
    SELECT subject, group_values, start_at AT TIME ZONE 'UTC',
           CASE WHEN NOT is_surplus THEN expected END, CASE WHEN NOT is_missing THEN actual END
    FROM text ORDER BY start_at, subject, group_values
"""

CHECKS = (Check(1, "Every bucket equals its raw events, and no event lacks one", buckets_equal_raw_events),)
