# ruff: noqa: S608 (only texts of this module are put together; every value is a parameter)
"""Whether days are what their quarter hours make, in both directions."""

from collections.abc import Iterator

from metering.audit.buckets import time_slices
from metering.audit.report import Check, Finding, Scope, stream


def days_equal_their_quarter_hours(scope: Scope) -> Iterator[Finding]:
    """
    Yield every day of a series whose bucket is missing, surplus, or not the sum of its quarter hours.

    A day is stale where one of its quarter hours is, and nowhere else; then they are read instead of it.
    """
    for start, end in time_slices():
        scope.progress(f"comparing days with quarter hours from {start:%Y-%m-%d}")
        parameters = {"start": start, "end": end}
        for version, subject, groups, at, what, expected, actual in stream(_DAYS, parameters):
            offender = f"day of {version}, subject {subject!r}, {groups}, {at:%Y-%m-%d} UTC"
            yield Finding(1, what, offender, expected or "no bucket", actual or "no bucket")


def values_have_days(scope: Scope) -> Iterator[Finding]:
    """Yield days that distinct values name and that do not exist."""
    scope.progress("looking for the day of every distinct value")
    for day_id, values in stream(_LOST_VALUES):
        yield Finding(1, "distinct values of a day that is missing", f"day {day_id}", "none", f"{values} values")


_COLUMNS = "events, values, sum, min, max, latest, latest_at, latest_source, latest_id, first_at, last_at, max_batch"
_ROW = ", ".join(f"{{side}}.{column}" for column in (*_COLUMNS.split(", "), "hashes"))
_TEXT = """CASE WHEN {side}.events IS NOT NULL THEN concat({side}.events, ' events, ', {side}.values, ' values, sum ',
    trim_scale({side}.sum), ', ', 'min ' || trim_scale({side}.min) || ', ', 'max ' || trim_scale({side}.max) || ', ',
    'latest ' || trim_scale({side}.latest) || ' at ' || {side}.latest_at || ' of ' || {side}.latest_source || ' '
        || {side}.latest_id || ', ',
    cardinality({side}.hashes) || ' distinct values (' || md5({side}.hashes::text) || '), ',
    {side}.first_at, ' to ', {side}.last_at, ', batch ', {side}.max_batch, CASE WHEN {side}.is_stale THEN ', stale' END)
    END"""
_LATEST = """(array_agg({0} ORDER BY latest_at DESC, latest_source DESC, latest_id DESC)
    FILTER (WHERE latest_at IS NOT NULL))[1]"""
_DAYS = """
    WITH quarter AS MATERIALIZED (
        SELECT *, date_trunc('day', start_at, 'UTC') AS day_at FROM metering_bucket
        WHERE start_at >= %(start)s AND start_at < %(end)s
    ), expected AS (
        SELECT series_id, day_at AS start_at, sum(events) AS events, sum(values) AS values, sum(sum) AS sum,
               min(min) AS min, max(max) AS max, {latest} AS latest, {latest_at} AS latest_at,
               {latest_source} AS latest_source, {latest_id} AS latest_id, min(first_at) AS first_at,
               max(last_at) AS last_at, max(max_batch) AS max_batch, bool_or(is_stale) AS is_stale
        FROM quarter GROUP BY 1, 2
    ), expected_hashes AS (
        SELECT series_id, day_at AS start_at, array_agg(DISTINCT value.hash ORDER BY value.hash) AS hashes
        FROM quarter JOIN metering_bucketvalue value ON value.bucket_id = quarter.id GROUP BY 1, 2
    ), whole AS (
        SELECT * FROM expected LEFT JOIN expected_hashes USING (series_id, start_at)
    ), actual AS (
        SELECT day.*, (SELECT array_agg(hash ORDER BY hash) FROM metering_dayvalue WHERE bucket_id = day.id) AS hashes
        FROM metering_daybucket day WHERE start_at >= %(start)s AND start_at < %(end)s
    )
    SELECT meter.slug || ' v' || version.number, series.subject, series.group_values, start_at AT TIME ZONE 'UTC',
           CASE WHEN actual.events IS NULL THEN 'the day is missing'
                WHEN whole.events IS NULL THEN 'the day is surplus'
                WHEN actual.is_stale AND NOT whole.is_stale THEN 'the day is stale, and no quarter hour of it is'
                WHEN whole.is_stale AND NOT actual.is_stale THEN 'the day is not stale, and a quarter hour of it is'
                ELSE 'the day is not the sum of its quarter hours' END,
           {expected_text}, {actual_text}
    FROM whole FULL JOIN actual USING (series_id, start_at)
    LEFT JOIN metering_series series ON series.id = series_id
    LEFT JOIN metering_meterversion version ON version.id = series.meter_version_id
    LEFT JOIN metering_meter meter ON meter.id = version.meter_id
    WHERE whole.is_stale IS DISTINCT FROM actual.is_stale
          OR NOT actual.is_stale AND ({expected_row}) IS DISTINCT FROM ({actual_row})
    ORDER BY start_at, series_id
""".format(
    **{name: _LATEST.format(name) for name in ("latest", "latest_at", "latest_source", "latest_id")},
    expected_text=_TEXT.format(side="whole"),
    actual_text=_TEXT.format(side="actual"),
    expected_row=_ROW.format(side="whole"),
    actual_row=_ROW.format(side="actual"),
)
_LOST_VALUES = """
    SELECT value.bucket_id, count(*) FROM metering_dayvalue value
    LEFT JOIN metering_daybucket day ON day.id = value.bucket_id
    WHERE day.id IS NULL GROUP BY value.bucket_id ORDER BY value.bucket_id
"""

CHECKS = (
    Check(1, "Every day equals its quarter hours", days_equal_their_quarter_hours),
    Check(1, "Distinct values of days are those of existing days", values_have_days),
)
