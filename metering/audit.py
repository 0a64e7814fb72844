"""Checks of metering's data on the live database, and the words in which every app's checks report."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from metering.jsonpath import parse_path
from metering.models import MeterVersion

# Events and buckets of this much time are compared at once.
_SLICE = timedelta(days=30)


@dataclass(frozen=True)
class Finding:
    """One offender against an invariant: what is wrong with it, what it should be and what it is."""

    invariant: int
    what: str
    offender: str
    expected: str
    actual: str

    def __str__(self) -> str:
        return f"{self.offender}: {self.what}; expected {self.expected}, found {self.actual}"


@dataclass(frozen=True)
class Scope:
    """What a check gets: the time of the audit, and where to say how far it is."""

    at: datetime
    progress: Callable[[str], None] = lambda text: None


@dataclass(frozen=True)
class Check:
    """One invariant, or a part of it, and the function that yields every offender."""

    invariant: int
    title: str
    find: Callable[[Scope], Iterator[Finding]]


def stream(sql: str, parameters: Any = None) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a query without holding them all; run it inside a transaction."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, parameters)
        yield from cursor


def batches_hold_their_events(scope: Scope) -> Iterator[Finding]:
    """Yield batches whose count of accepted events is not that of their events, and batches that do not exist."""
    scope.progress("counting the events of every batch")
    for batch_id, kind, accepted, events, example in stream(_BATCHES):
        if kind is None:
            yield Finding(
                1,
                f"the events of a batch, such as {example}, name one that is missing",
                f"batch {batch_id}",
                "an existing batch",
                f"{events} events of no batch",
            )
        else:
            yield Finding(
                1,
                "the batch counts other events than it holds",
                f"batch {batch_id}",
                f"{accepted} accepted",
                f"{events} events",
            )


def events_have_existing_keys(scope: Scope) -> Iterator[Finding]:
    """Yield API keys that events name and that do not exist."""
    scope.progress("looking for the API key of every event")
    for api_key_id, events, example in stream(_API_KEYS):
        what = f"events, such as {example}, were posted with a key that does not exist"
        yield Finding(1, what, f"API key {api_key_id}", "an existing key", f"{events} events of no key")


def series_are_found_by_subject(scope: Scope) -> Iterator[Finding]:
    """Yield series whose hash is not that of their subject, so that queries for the subject miss them."""
    for series_id, slug, subject, expected, actual in stream(_SERIES):
        yield Finding(
            1,
            "the hash is not that of the subject",
            f"series {series_id} of {slug}, subject {subject!r}",
            str(expected),
            str(actual),
        )


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


_BATCHES = """
    SELECT coalesce(batch.id, held.batch_id), batch.kind, batch.accepted, coalesce(held.events, 0),
           (SELECT source || ' ' || event_id FROM metering_event WHERE batch_id = held.batch_id LIMIT 1)
    FROM (SELECT batch_id, count(*) AS events FROM metering_event GROUP BY batch_id) held
    FULL JOIN metering_batch batch ON batch.id = held.batch_id
    WHERE batch.id IS NULL OR batch.accepted <> coalesce(held.events, 0)
    ORDER BY 1
"""
_API_KEYS = """
    SELECT used.api_key_id, used.events,
           (SELECT source || ' ' || event_id FROM metering_event WHERE api_key_id = used.api_key_id LIMIT 1)
    FROM (
        SELECT api_key_id, count(*) AS events FROM metering_event WHERE api_key_id IS NOT NULL GROUP BY api_key_id
    ) used
    WHERE used.api_key_id NOT IN (SELECT id FROM metering_apikey)
    ORDER BY 1
"""
_SERIES = """
    SELECT series.id, meter.slug, series.subject, hash.expected, series.subject_hash
    FROM metering_series series
    JOIN metering_meterversion version ON version.id = series.meter_version_id
    JOIN metering_meter meter ON meter.id = version.meter_id
    CROSS JOIN LATERAL (
        SELECT encode(substring(sha256(convert_to(series.subject, 'UTF8')) FOR 16), 'hex')::uuid AS expected
    ) hash
    WHERE series.subject_hash <> hash.expected
    ORDER BY 1
"""
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

CHECKS = (
    Check(1, "Every event is in one existing batch, and batches count their events", batches_hold_their_events),
    Check(1, "Every event names an existing API key", events_have_existing_keys),
    Check(1, "Every series is found by its subject", series_are_found_by_subject),
    Check(1, "Every bucket equals its raw events, and no event lacks one", buckets_equal_raw_events),
)
