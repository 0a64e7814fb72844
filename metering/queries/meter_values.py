# ruff: noqa: S608 (only texts of this module are put together; every value is a parameter)
"""Which subjects a meter has seen, and which values of a group: from its series, exact at every moment."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from metering.jsonpath import parse_path
from metering.models import Meter, MeterVersion
from metering.spans import later
from metering.usage_sql import QUARTER_SQL, group_text

_QUARTER = timedelta(minutes=15)
_IS_COUNTED = """
    event.type = %(type)s AND event.time >= %(low)s AND event.time < %(high)s
    AND NOT EXISTS (
        SELECT 1 FROM metering_eventvoid void WHERE void.event_key = event.key AND void.restored_batch_id IS NULL)
"""
_FROM_EVENTS = f"SELECT DISTINCT {{of_event}} FROM metering_event event WHERE {_IS_COUNTED}"
# A bucket states the times of its first and its last event, and a range of a quarter hour or more that has any of the
# bucket's events has one of these two. OFFSET 0 makes each subquery a look-up by index.
_FROM_SERIES = f"""
WITH pending AS MATERIALIZED (
    SELECT id FROM metering_batch WHERE NOT is_rolled_up AND id > %(floor)s
), stale AS MATERIALIZED (
    SELECT DISTINCT bucket.start_at
    FROM metering_bucket bucket JOIN metering_series series ON series.id = bucket.series_id
    WHERE bucket.is_stale AND series.meter_version_id = %(version)s
      AND bucket.start_at > %(low)s::timestamptz - {QUARTER_SQL} AND bucket.start_at < %(high)s
)
SELECT {{of_series}} FROM metering_series series
WHERE series.meter_version_id = %(version)s AND EXISTS (
    SELECT 1 FROM metering_bucket bucket
    WHERE bucket.series_id = series.id AND NOT bucket.is_stale
      AND bucket.start_at > %(low)s::timestamptz - {QUARTER_SQL} AND bucket.start_at < %(high)s
      AND (bucket.first_at >= %(low)s AND bucket.first_at < %(high)s
           OR bucket.last_at >= %(low)s AND bucket.last_at < %(high)s)
    OFFSET 0)
UNION
SELECT {{of_event}} FROM pending CROSS JOIN LATERAL
    (SELECT * FROM metering_event WHERE batch_id = pending.id OFFSET 0) event
WHERE {_IS_COUNTED}
UNION
SELECT {{of_event}} FROM stale CROSS JOIN LATERAL
    (SELECT * FROM metering_event WHERE time >= stale.start_at AND time < stale.start_at + {QUARTER_SQL} OFFSET 0) event
WHERE {_IS_COUNTED}
"""


def subjects_of(*, meter: Meter, start: datetime | None, end: datetime | None) -> list[str]:
    """Return the subjects with events in [start, end) that the meter counts, good values or not, by code point."""
    filled = meter.versions.exclude(backfilled_at=None).order_by("-number").first()
    return _distinct(meter, filled, start, end, of_series="series.subject", of_event="event.subject")


def group_values_of(*, version: MeterVersion, key: str, start: datetime | None, end: datetime | None) -> list[str]:
    """Return the values of one of a version's groups in [start, end), as `subjects_of` does; what lacks it is empty."""
    path = version.group_by[key]
    versions = version.meter.versions.exclude(backfilled_at=None).order_by("-number")
    filled = next((found for found in versions if found.group_by.get(key) == path), None)
    place = 1 + filled.group_keys.index(key) if filled else 0
    return _distinct(
        version.meter,
        filled,
        start,
        end,
        of_series=f"series.group_values[{place}]",
        of_event=group_text("path"),
        path=list(parse_path(path)),
    )


def _distinct(
    meter: Meter,
    filled: MeterVersion | None,
    start: datetime | None,
    end: datetime | None,
    *,
    of_series: str,
    of_event: str,
    **parameters: Any,
) -> list[str]:
    """Read from the series of a version that is filled, if there is one."""
    low = later(start, meter.event_from)
    parameters |= {"type": meter.event_type, "low": low or "-infinity", "high": end or "infinity"}
    if filled is None or (low and end and end - low < _QUARTER):
        text = _FROM_EVENTS.format(of_event=of_event)
    else:
        text = _FROM_SERIES.format(of_series=of_series, of_event=of_event)
        parameters |= {"version": filled.pk, "floor": filled.floor_batch}
    with connection.cursor() as cursor:
        cursor.execute(text, parameters)
        return sorted(row[0] for row in cursor.fetchall())
