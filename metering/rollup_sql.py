"""Pure: the statements that keep the buckets of one meter version, and their parameters."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from metering.usage_sql import QUARTER_SQL, group_text

# As metering.identity.text_hash and series_hash.
_TEXT_HASH = "encode(substr(sha256(convert_to({text}, 'UTF8')), 1, 16), 'hex')::uuid"
_SERIES_TEXT = (
    "%(version)s::text || ':' || (SELECT string_agg(octet_length(part)::text || ':' || part, '' ORDER BY place)"
    " FROM unnest(subject || group_values) WITH ORDINALITY AS parts(part, place))"
)

# The roll-up lock is held, so no series can appear between the look and the insert. OFFSET 0 keeps look-ups by index.
_STATEMENT = """
WITH fresh AS MATERIALIZED (
    SELECT event.subject, {groups} AS group_values, date_bin({quarter}, event.time, '1970-01-01Z') AS start_at,
           count(*) AS events, count(value) AS values, coalesce(sum(value), 0) AS sum,
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
)
INSERT INTO metering_bucket AS bucket
    (series_id, start_at, events, values, sum, first_at, last_at, max_batch)
SELECT series.id, start_at, events, values, sum, first_at, last_at, max_batch
FROM fresh JOIN line USING (subject, group_values) JOIN series USING (hash)
ORDER BY series.id, start_at
ON CONFLICT (series_id, start_at) DO UPDATE SET
    events = bucket.events + excluded.events,
    values = bucket.values + excluded.values,
    sum = bucket.sum + excluded.sum,
    first_at = least(bucket.first_at, excluded.first_at),
    last_at = greatest(bucket.last_at, excluded.last_at),
    max_batch = greatest(bucket.max_batch, excluded.max_batch)
"""

_MARK_STALE = """
WITH line AS (
    SELECT DISTINCT start_at, {series_hash} AS hash FROM (
        SELECT event.subject, {groups} AS group_values,
               date_bin({quarter}, event.time, '1970-01-01Z') AS start_at
        FROM metering_event event WHERE event.key = ANY(%(keys)s) AND event.type = %(type)s
    ) touched
), held AS (
    SELECT bucket.id FROM line
    JOIN metering_series series ON series.hash = line.hash
    JOIN metering_bucket bucket ON bucket.series_id = series.id AND bucket.start_at = line.start_at
    WHERE NOT bucket.is_stale
    ORDER BY bucket.series_id, bucket.start_at FOR UPDATE OF bucket
)
UPDATE metering_bucket SET is_stale = true FROM held WHERE metering_bucket.id = held.id
"""


def rollup_statement(
    *,
    version_id: int,
    event_type: str,
    value_path: tuple[str, ...] | None,
    group_paths: Sequence[tuple[str, ...]],
    batch_ids: Sequence[int],
) -> tuple[str, dict[str, Any]]:
    """Return SQL and parameters; every event of the batches is added, so each batch may be given once only."""
    text = _STATEMENT.format(
        groups=_groups(group_paths),
        quarter=QUARTER_SQL,
        value="metering_value(event.data #> %(value_path)s::text[])" if value_path else "NULL::numeric",
        series_hash=_TEXT_HASH.format(text=_SERIES_TEXT),
        subject_hash=_TEXT_HASH.format(text="subject"),
    )
    parameters: dict[str, Any] = {
        "version": version_id,
        "type": event_type,
        "value_path": list(value_path or ()),
        "batches": list(batch_ids),
    }
    return text, parameters | _paths(group_paths)


def mark_stale_statement(
    *, version_id: int, event_type: str, group_paths: Sequence[tuple[str, ...]], event_keys: Sequence[UUID]
) -> tuple[str, dict[str, Any]]:
    """Return SQL and parameters that mark the buckets which hold these events."""
    text = _MARK_STALE.format(
        groups=_groups(group_paths), quarter=QUARTER_SQL, series_hash=_TEXT_HASH.format(text=_SERIES_TEXT)
    )
    parameters = {"version": version_id, "type": event_type, "keys": list(event_keys)}
    return text, parameters | _paths(group_paths)


def _groups(group_paths: Sequence[tuple[str, ...]]) -> str:
    return f"ARRAY[{', '.join(group_text(f'path_{place}') for place in range(len(group_paths)))}]::text[]"


def _paths(group_paths: Sequence[tuple[str, ...]]) -> dict[str, Any]:
    return {f"path_{place}": list(path) for place, path in enumerate(group_paths)}
