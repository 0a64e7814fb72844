"""Pure: the statements that keep the buckets of one meter version, and their parameters."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from metering.aggregation_sql import AGGREGATIONS, TEXT_HASH, AggregationSql
from metering.usage_sql import DAY_SQL, QUARTER_SQL, group_text

# As metering.identity.series_hash.
_SERIES_TEXT = (
    "%(version)s::text || ':' || (SELECT string_agg(octet_length(part)::text || ':' || part, '' ORDER BY place)"
    " FROM unnest(subject || group_values) WITH ORDINALITY AS parts(part, place))"
)
_SERIES_HASH = TEXT_HASH.format(text=_SERIES_TEXT)
_SUBJECT_HASH = TEXT_HASH.format(text="subject")
_START_AT = f"date_bin({QUARTER_SQL}, event.time, '1970-01-01Z')"
_DAY_AT = f"date_bin({DAY_SQL}, start_at, '1970-01-01Z')"


@dataclass(frozen=True, slots=True)
class Line:
    """What one meter version counts, and how."""

    version_id: int
    aggregation: str
    event_type: str
    value_path: tuple[str, ...]
    group_paths: tuple[tuple[str, ...], ...]


def rollup_statement(line: Line, *, batch_ids: Sequence[int]) -> tuple[str, dict[str, Any]]:
    """Return SQL and parameters that add every event of the batches, so each batch may be given once only."""
    text = _filled(_FRESH + (_KEEP_VALUES if AGGREGATIONS[line.aggregation].has_distinct_values else _KEEP), line)
    return text, _parameters(line) | {"batches": list(batch_ids)}


def rebuild_statement(line: Line, *, bucket_ids: Sequence[int]) -> tuple[str, dict[str, Any]]:
    """Return SQL and parameters that build quarter hours anew from their rolled-up events, stale no more."""
    aggregation = AGGREGATIONS[line.aggregation]
    text = _filled(_REBUILT, line)
    if aggregation.has_distinct_values:
        text += _REBUILD_VALUES
    text += _REBUILD.format(table="metering_bucket", columns=_columns("{column} = fresh.{column}, ", aggregation))
    return text, _parameters(line) | {"buckets": list(bucket_ids)}


def rebuild_days_statement(line: Line, *, bucket_ids: Sequence[int]) -> tuple[str, dict[str, Any]]:
    """Return SQL and parameters that build the days of these quarter hours anew, unless others in them are stale."""
    aggregation = AGGREGATIONS[line.aggregation]
    text = _filled(_REBUILT_DAYS, line)
    if aggregation.has_distinct_values:
        text += _REBUILD_DAY_VALUES
    text += _REBUILD.format(table="metering_daybucket", columns=_columns("{column} = fresh.{column}, ", aggregation))
    return text, {"buckets": list(bucket_ids)}


def mark_stale_statement(line: Line, *, event_keys: Sequence[UUID]) -> tuple[str, dict[str, Any]]:
    """Return SQL and parameters that mark the quarter hours and days which hold these events."""
    return _filled(_MARK_STALE, line), _parameters(line) | {"keys": list(event_keys)}


def _filled(text: str, line: Line) -> str:
    aggregation = AGGREGATIONS[line.aggregation]
    folds = _columns("{fold} AS {column}, ", aggregation)
    if aggregation.has_distinct_values:
        folds += "array_agg(DISTINCT value) FILTER (WHERE value IS NOT NULL) AS hashes, "
    return text.format(
        groups=f"ARRAY[{', '.join(group_text(f'path_{place}') for place in range(len(line.group_paths)))}]::text[]",
        start_at=_START_AT,
        day_at=_DAY_AT,
        quarter=QUARTER_SQL,
        day=DAY_SQL,
        value=aggregation.value,
        folds=folds,
        together=_columns("{together} AS {column}, ", aggregation),
        quarters=_keep("metering_bucket", "quarter", aggregation),
        days=_keep("metering_daybucket", "day", aggregation),
        series_hash=_SERIES_HASH,
        subject_hash=_SUBJECT_HASH,
    )


def _columns(template: str, aggregation: AggregationSql) -> str:
    return "".join(
        template.format(column=kept.column, fold=kept.fold, together=kept.together, merge=kept.merge)
        for kept in aggregation.kept
    )


def _keep(table: str, source: str, aggregation: AggregationSql) -> str:
    columns, merges = _columns("{column}, ", aggregation), _columns("{column} = {merge}, ", aggregation)
    return _INSERT.format(table=table, source=source, columns=columns, merges=merges)


def _parameters(line: Line) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "version": line.version_id,
        "type": line.event_type,
        "value_path": list(line.value_path),
    }
    return parameters | {f"path_{place}": list(path) for place, path in enumerate(line.group_paths)}


# The roll-up lock is held, so no series can appear between the look and the insert. OFFSET 0 keeps look-ups by index.
_FRESH = """
WITH fresh AS MATERIALIZED (
    SELECT event.subject, {groups} AS group_values, {start_at} AS start_at,
           count(*) AS events, count(value) AS values, {folds}
           min(event.time) AS first_at, max(event.time) AS last_at, max(event.batch_id) AS max_batch
    FROM unnest(%(batches)s::bigint[]) AS batch(id)
    CROSS JOIN LATERAL (SELECT * FROM metering_event WHERE batch_id = batch.id OFFSET 0) event
    CROSS JOIN LATERAL (SELECT {value} AS value) valued
    WHERE event.type = %(type)s
    GROUP BY 1, 2, 3
), line AS MATERIALIZED (
    SELECT subject, group_values, {series_hash} AS hash
    FROM (SELECT DISTINCT subject, group_values FROM fresh) distinct_line
), known AS MATERIALIZED (
    SELECT line.hash, found.id FROM line LEFT JOIN LATERAL
        (SELECT id FROM metering_series WHERE metering_series.hash = line.hash OFFSET 0) found ON true
), made AS (
    INSERT INTO metering_series (hash, meter_version_id, subject, subject_hash, group_values)
    SELECT hash, %(version)s, subject, {subject_hash}, group_values FROM line JOIN known USING (hash)
    WHERE known.id IS NULL
    RETURNING id, hash
), series AS (
    SELECT id, hash FROM made UNION ALL SELECT id, hash FROM known WHERE id IS NOT NULL
), quarter AS MATERIALIZED (
    SELECT series.id AS series_id, fresh.*
    FROM fresh JOIN line USING (subject, group_values) JOIN series USING (hash)
), day AS (
    SELECT series_id, {day_at} AS start_at, sum(events)::bigint AS events, sum(values)::bigint AS values, {together}
           min(first_at) AS first_at, max(last_at) AS last_at, max(max_batch) AS max_batch
    FROM quarter GROUP BY 1, 2
), kept AS (
    {quarters} RETURNING id, series_id, start_at
)
"""
_KEEP = "{days}"
_INSERT = """
INSERT INTO {table} AS bucket
    (series_id, start_at, events, values, {columns} first_at, last_at, max_batch)
SELECT series_id, start_at, events, values, {columns} first_at, last_at, max_batch
FROM {source}
ORDER BY series_id, start_at
ON CONFLICT (series_id, start_at) DO UPDATE SET
    events = bucket.events + excluded.events,
    values = bucket.values + excluded.values,
    {merges}
    first_at = least(bucket.first_at, excluded.first_at),
    last_at = greatest(bucket.last_at, excluded.last_at),
    max_batch = greatest(bucket.max_batch, excluded.max_batch)
"""
_KEEP_VALUES = """
, kept_day AS (
    {days} RETURNING id, series_id, start_at
), value AS MATERIALIZED (
    SELECT series_id, start_at, {day_at} AS day_at, value.hash
    FROM quarter CROSS JOIN unnest(quarter.hashes) AS value(hash)
), kept_value AS (
    INSERT INTO metering_bucketvalue (bucket_id, hash)
    SELECT kept.id, value.hash FROM kept JOIN value USING (series_id, start_at) ORDER BY kept.id, value.hash
    ON CONFLICT DO NOTHING
)
INSERT INTO metering_dayvalue (bucket_id, hash)
SELECT DISTINCT kept_day.id, value.hash
FROM value JOIN kept_day ON kept_day.series_id = value.series_id AND kept_day.start_at = value.day_at
ORDER BY kept_day.id, value.hash
ON CONFLICT DO NOTHING
"""

# The roll-up lock is held, so nobody else changes buckets. OFFSET 0 and the array keep look-ups by index: many events
# would otherwise be joined to all buckets there are.
_MARK_STALE = """
WITH line AS MATERIALIZED (
    SELECT DISTINCT start_at, {series_hash} AS hash FROM (
        SELECT event.subject, {groups} AS group_values, {start_at} AS start_at
        FROM metering_event event WHERE event.key = ANY(%(keys)s) AND event.type = %(type)s
    ) touched
), held AS MATERIALIZED (
    SELECT bucket.id, series.id AS series_id, {day_at} AS day_at FROM line
    CROSS JOIN LATERAL (SELECT id FROM metering_series WHERE metering_series.hash = line.hash OFFSET 0) series
    CROSS JOIN LATERAL (
        SELECT id FROM metering_bucket
        WHERE series_id = series.id AND metering_bucket.start_at = line.start_at AND NOT is_stale OFFSET 0
    ) bucket
), held_day AS MATERIALIZED (
    SELECT day.id FROM (SELECT DISTINCT series_id, day_at FROM held) held
    CROSS JOIN LATERAL (
        SELECT id FROM metering_daybucket
        WHERE series_id = held.series_id AND start_at = held.day_at AND NOT is_stale OFFSET 0
    ) day
), stale_day AS (
    UPDATE metering_daybucket SET is_stale = true WHERE id = ANY(ARRAY(SELECT id FROM held_day))
)
UPDATE metering_bucket SET is_stale = true WHERE id = ANY(ARRAY(SELECT id FROM held))
"""

# What a batch brings is in the buckets of a version once it is rolled up, or for older batches once it is back-filled.
_REBUILT = """
WITH stale AS MATERIALIZED (
    SELECT bucket.id, bucket.start_at, series.subject, series.group_values
    FROM metering_bucket bucket JOIN metering_series series ON series.id = bucket.series_id
    WHERE bucket.id = ANY(%(buckets)s)
), place AS MATERIALIZED (
    SELECT DISTINCT subject, start_at FROM stale
), held AS (
    SELECT stale.id AS bucket_id, event.time, event.source, event.event_id, void.is_void,
           greatest(event.batch_id, void.batch_id) AS batch_id, CASE WHEN NOT void.is_void THEN {value} END AS value
    FROM place
    CROSS JOIN LATERAL (
        SELECT * FROM metering_event
        WHERE hashtextextended(subject, 0) = hashtextextended(place.subject, 0)
              AND time >= place.start_at AND time < place.start_at + {quarter} OFFSET 0
    ) event
    JOIN stale ON stale.start_at = place.start_at AND stale.subject = place.subject AND stale.group_values = {groups}
    JOIN metering_batch batch ON batch.id = event.batch_id
    JOIN metering_meterversion version ON version.id = %(version)s
    CROSS JOIN LATERAL (
        SELECT count(*) > count(restored_batch_id) AS is_void,
               max(greatest(voided_batch_id, restored_batch_id)) AS batch_id
        FROM metering_eventvoid WHERE event_key = event.key
    ) void
    WHERE event.type = %(type)s AND event.subject = place.subject AND CASE
        WHEN batch.id > version.floor_batch THEN batch.is_rolled_up
        ELSE version.backfilled_at IS NOT NULL OR batch.id <= version.backfilled_batch
    END
), fresh AS MATERIALIZED (
    SELECT stale.id, count(*) FILTER (WHERE NOT is_void) AS events, count(value) AS values, {folds}
           min(time) FILTER (WHERE NOT is_void) AS first_at, max(time) FILTER (WHERE NOT is_void) AS last_at,
           max(batch_id) AS max_batch
    FROM stale LEFT JOIN held event ON event.bucket_id = stale.id
    GROUP BY stale.id
)
"""
_REBUILD_VALUES = """
, gone AS (
    DELETE FROM metering_bucketvalue value USING fresh
    WHERE value.bucket_id = fresh.id AND value.hash <> ALL(coalesce(fresh.hashes, '{}'))
), made AS (
    INSERT INTO metering_bucketvalue (bucket_id, hash)
    SELECT fresh.id, value.hash FROM fresh CROSS JOIN unnest(fresh.hashes) AS value(hash)
    ORDER BY fresh.id, value.hash
    ON CONFLICT DO NOTHING
)
"""
_REBUILD = """
UPDATE {table} bucket SET
    events = fresh.events, values = fresh.values, {columns} first_at = fresh.first_at, last_at = fresh.last_at,
    max_batch = coalesce(fresh.max_batch, bucket.max_batch), is_stale = false
FROM fresh WHERE bucket.id = fresh.id
"""

_REBUILT_DAYS = """
WITH touched AS MATERIALIZED (
    SELECT DISTINCT series_id, {day_at} AS day_at FROM metering_bucket WHERE id = ANY(%(buckets)s)
), whole AS MATERIALIZED (
    SELECT day.id AS day_id, touched.series_id, touched.day_at
    FROM touched
    CROSS JOIN LATERAL (
        SELECT id FROM metering_daybucket WHERE series_id = touched.series_id AND start_at = touched.day_at OFFSET 0
    ) day
    WHERE NOT EXISTS (
        SELECT FROM metering_bucket
        WHERE series_id = touched.series_id AND start_at >= touched.day_at AND start_at < touched.day_at + {day}
              AND is_stale OFFSET 0)
), quarter AS MATERIALIZED (
    SELECT whole.day_id, bucket.* FROM whole CROSS JOIN LATERAL (
        SELECT * FROM metering_bucket
        WHERE series_id = whole.series_id AND start_at >= whole.day_at AND start_at < whole.day_at + {day} OFFSET 0
    ) bucket
), fresh AS MATERIALIZED (
    SELECT day_id AS id, sum(events)::bigint AS events, sum(values)::bigint AS values, {together}
           min(first_at) AS first_at, max(last_at) AS last_at, max(max_batch) AS max_batch
    FROM quarter GROUP BY day_id
)
"""
_REBUILD_DAY_VALUES = """
, value AS MATERIALIZED (
    SELECT DISTINCT quarter.day_id, value.hash
    FROM quarter JOIN metering_bucketvalue value ON value.bucket_id = quarter.id
), gone AS (
    DELETE FROM metering_dayvalue value USING fresh
    WHERE value.bucket_id = fresh.id AND (value.bucket_id, value.hash) NOT IN (SELECT day_id, hash FROM value)
), made AS (
    INSERT INTO metering_dayvalue (bucket_id, hash)
    SELECT day_id, hash FROM value ORDER BY day_id, hash
    ON CONFLICT DO NOTHING
)
"""
