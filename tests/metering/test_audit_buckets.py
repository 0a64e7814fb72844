"""The audit names what is wrong with buckets of every aggregation; each corruption is raw SQL."""

import pytest

from metering.models import Aggregation, Bucket
from metering.services.rollups import advance_rollups
from tests.metering.voided import corrupt, findings, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _world():
    make_world()


def bucket_of(aggregation, minute="00"):
    return (
        f"SELECT bucket.id FROM metering_bucket bucket JOIN metering_series series ON series.id = bucket.series_id"
        f" JOIN metering_meterversion version ON version.id = series.meter_version_id"
        f" JOIN metering_meter meter ON meter.id = version.meter_id"
        f" WHERE meter.aggregation = '{aggregation}' AND bucket.start_at = '2026-01-05T12:{minute}Z'"
    )


USERS = bucket_of(Aggregation.UNIQUE_COUNT, "15")


def test_it_finds_nothing_where_all_is_well():
    assert not Bucket.objects.filter(is_stale=True).exists()
    # 3 + 5; 7 is void
    assert Bucket.objects.filter(series__meter_version__meter__slug="sum", events=2, sum=8).exists()
    assert findings() == []


@pytest.mark.parametrize(
    ("aggregation", "change", "expected"),
    [
        (Aggregation.SUM, "sum = sum + 7", "sum 15"),
        (Aggregation.AVG, "sum = sum + 7", "sum 15"),
        (Aggregation.COUNT, "events = 3", "3 events"),
        (Aggregation.MIN, "min = 2", "min 2"),
        (Aggregation.MAX, "max = 7", "max 7"),
        (Aggregation.LATEST, "latest = 7", "latest 7"),
        (Aggregation.LATEST, "latest_at = latest_at + interval '1 second'", "12:00:01"),
        (Aggregation.LATEST, "latest_source = 'a'", "of a 5"),
        (Aggregation.LATEST, "latest_id = '7'", "of tests 7"),
        (Aggregation.UNIQUE_COUNT, "values = 1", "1 values"),
        (Aggregation.SUM, "max_batch = 1", "batch 1"),
    ],
)
def test_it_names_a_wrong_bucket_unless_it_is_stale(aggregation, change, expected):
    corrupt(f"UPDATE metering_bucket SET {change} WHERE id = ({bucket_of(aggregation)})")
    found = findings()[0]
    assert "the bucket is not the sum of its events" in found
    assert expected in found.partition("found")[2]
    corrupt(f"UPDATE metering_bucket SET is_stale = true WHERE id = ({bucket_of(aggregation)})")
    corrupt("UPDATE metering_daybucket SET is_stale = true WHERE series_id IN"
            " (SELECT series_id FROM metering_bucket WHERE is_stale)")  # fmt: skip
    assert findings() == []
    assert advance_rollups() == 1
    assert findings() == []


@pytest.mark.parametrize(
    ("aggregation", "change", "expected"),
    [
        (Aggregation.SUM, "sum = sum + 7", "the day is not the sum of its quarter hours"),
        (Aggregation.COUNT, "events = 99", "the day is not the sum of its quarter hours"),
        (Aggregation.MIN, "min = -2", "the day is not the sum of its quarter hours"),
        (Aggregation.LATEST, "latest_id = 'a'", "the day is not the sum of its quarter hours"),
        (Aggregation.MAX, "max_batch = 1", "the day is not the sum of its quarter hours"),
        (Aggregation.SUM, "is_stale = true", "the day is stale, and no quarter hour of it is"),
    ],
)
def test_it_names_a_wrong_day(aggregation, change, expected):
    series = f"SELECT series_id FROM metering_bucket WHERE id = ({bucket_of(aggregation)})"
    corrupt(f"UPDATE metering_daybucket SET {change} WHERE series_id = ({series})")
    (found,) = findings()
    assert expected in found
    assert "2026-01-05 UTC" in found


def test_it_names_days_that_are_missing_surplus_or_hide_a_stale_quarter_hour():
    corrupt("DELETE FROM metering_daybucket WHERE id = (SELECT min(id) FROM metering_daybucket)")
    corrupt("UPDATE metering_daybucket SET start_at = start_at + interval '1 day'"
            " WHERE id = (SELECT min(id) FROM metering_daybucket)")  # fmt: skip
    corrupt("UPDATE metering_bucket SET is_stale = true WHERE series_id = (SELECT max(series_id) FROM metering_bucket)")
    found = "".join(findings())
    assert found.count("the day is missing") == 2
    assert found.count("the day is surplus") == 1
    assert found.count("the day is not stale, and a quarter hour of it is") == 1


def test_it_names_a_day_with_other_distinct_values_and_rebuilds_them():
    corrupt("UPDATE metering_dayvalue SET hash = gen_random_uuid()")
    (found,) = findings()
    assert "the day is not the sum of its quarter hours" in found
    corrupt("INSERT INTO metering_dayvalue (bucket_id, hash) VALUES (4711, gen_random_uuid())")
    assert findings()[-1] == "day 4711: distinct values of a day that is missing; expected none, found 1 values"
    corrupt("DELETE FROM metering_dayvalue WHERE bucket_id = 4711")
    corrupt(f"UPDATE metering_bucket SET is_stale = true WHERE id = ({USERS})")
    advance_rollups()
    assert findings() == []


def test_it_names_what_a_meter_has_no_use_for():
    corrupt(f"UPDATE metering_bucket SET min = 1 WHERE id = ({bucket_of(Aggregation.AVG)})")
    corrupt(f"UPDATE metering_bucket SET sum = 8 WHERE id = ({bucket_of(Aggregation.COUNT)})")
    # Each in its quarter hour and in its day.
    assert len(findings()) == 4


@pytest.mark.parametrize(
    "statement",
    [
        f"DELETE FROM metering_bucketvalue WHERE bucket_id = ({USERS})",
        f"UPDATE metering_bucketvalue SET hash = gen_random_uuid() WHERE bucket_id = ({USERS})",
        f"INSERT INTO metering_bucketvalue (bucket_id, hash) VALUES (({USERS}), gen_random_uuid())",
    ],
)
def test_it_names_a_bucket_with_other_distinct_values(statement):
    corrupt(statement)
    assert "the bucket is not the sum of its events" in findings()[0]
    corrupt(f"UPDATE metering_bucket SET is_stale = true WHERE id = ({USERS})")
    advance_rollups()
    assert findings() == []


def test_it_names_distinct_values_of_no_use():
    corrupt("INSERT INTO metering_bucketvalue (bucket_id, hash) VALUES (4711, gen_random_uuid())")
    assert findings() == ["bucket 4711: distinct values of a bucket that is missing; expected none, found 1 values"]


def test_it_names_a_stale_bucket_without_events():
    corrupt("DELETE FROM metering_event WHERE event_id = '9'")
    corrupt("UPDATE metering_bucket SET is_stale = true WHERE start_at = '2026-01-05T12:15Z'")
    found = findings()
    assert sum("the bucket is surplus" in each for each in found) == len(Aggregation.values)
    assert advance_rollups() == len(Aggregation.values)
    assert advance_rollups() == 0
