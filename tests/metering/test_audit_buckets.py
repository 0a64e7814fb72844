"""The audit names what is wrong with buckets of every aggregation, and with voids; each corruption is raw SQL."""

import json
from datetime import UTC, datetime

import pytest
from django.db import connection

from metering.audit import CHECKS, Scope
from metering.identity import event_key
from metering.ingest.decode import decode_events
from metering.ingest.writer import store_events
from metering.models import Aggregation, Batch, BatchKind, Bucket, EventVoid
from metering.services.meters import create_meter
from metering.services.rollups import advance_rollups, lock_rollups, mark_stale
from tests.metering.doors import event

AT = datetime(2026, 1, 5, tzinfo=UTC)
NUMBERS = [value for value in Aggregation.values if value != Aggregation.COUNT]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _world():
    """Two events of a quarter hour that count, one that is void, one that was; a meter of each aggregation."""
    for aggregation in Aggregation.values:
        path = "" if aggregation == Aggregation.COUNT else "$.tokens"
        create_meter(slug=aggregation.lower(), event_type="tokens", aggregation=aggregation, value_property=path, at=AT)
    store(*(event(str(tokens), data={"tokens": tokens}) for tokens in (3, 5, 7)))
    store(event("9", data={"tokens": 9}, time="2026-01-05T12:20:00Z"))
    change("7", BatchKind.VOID)
    change("9", BatchKind.VOID)
    change("9", BatchKind.RESTORE)
    while advance_rollups():
        pass


def store(*events):
    body = json.dumps(list(events)).encode()
    return store_events(decode_events(body, "application/json", at=AT, api_key_id=None), at=AT).batch_id


def change(event_id, kind):
    lock_rollups()
    batch = Batch.objects.create(kind=kind, received_at=AT, is_rolled_up=True)
    key = event_key("tests", event_id)
    if kind == BatchKind.VOID:
        EventVoid.objects.create(event_key=key, voided_batch=batch)
    else:
        EventVoid.objects.filter(event_key=key, restored_batch=None).update(restored_batch=batch)
    mark_stale(event_keys=[key])


def findings():
    return [str(finding) for check in CHECKS for finding in check.find(Scope(at=AT))]


def corrupt(statement):
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement)
        assert cursor.rowcount > 0
        cursor.execute("SET session_replication_role = origin")


def bucket_of(aggregation, minute="00"):
    return (
        f"SELECT bucket.id FROM metering_bucket bucket JOIN metering_series series ON series.id = bucket.series_id"
        f" JOIN metering_meterversion version ON version.id = series.meter_version_id"
        f" JOIN metering_meter meter ON meter.id = version.meter_id"
        f" WHERE meter.aggregation = '{aggregation}' AND bucket.start_at = '2026-01-05T12:{minute}Z'"
    )


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
    (found,) = findings()
    assert "the bucket is not the sum of its events" in found
    assert expected in found.partition("found")[2]
    corrupt(f"UPDATE metering_bucket SET is_stale = true WHERE id = ({bucket_of(aggregation)})")
    assert findings() == []
    assert advance_rollups() == 1
    assert findings() == []


def test_it_names_what_a_meter_has_no_use_for():
    corrupt(f"UPDATE metering_bucket SET min = 1 WHERE id = ({bucket_of(Aggregation.AVG)})")
    corrupt(f"UPDATE metering_bucket SET sum = 8 WHERE id = ({bucket_of(Aggregation.COUNT)})")
    assert len(findings()) == 2


@pytest.mark.parametrize(
    "statement",
    [
        f"DELETE FROM metering_bucketvalue WHERE bucket_id = ({bucket_of('UNIQUE_COUNT', '15')})",
        f"UPDATE metering_bucketvalue SET hash = gen_random_uuid() WHERE bucket_id = ({bucket_of('UNIQUE_COUNT', '15')})",
        f"INSERT INTO metering_bucketvalue (bucket_id, hash) VALUES (({bucket_of('UNIQUE_COUNT')}), gen_random_uuid())",
    ],
)
def test_it_names_a_bucket_with_other_distinct_values(statement):
    corrupt(statement)
    (found,) = findings()
    assert "the bucket is not the sum of its events" in found
    corrupt(f"UPDATE metering_bucket SET is_stale = true WHERE id IN ({bucket_of('UNIQUE_COUNT', '15')}) OR id IN"
            f" ({bucket_of('UNIQUE_COUNT')})")  # fmt: skip
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


VOID = "(SELECT min(id) FROM metering_eventvoid)"


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (f"UPDATE metering_eventvoid SET event_key = gen_random_uuid() WHERE id = {VOID}", "no such event is stored"),
        (
            "UPDATE metering_event SET batch_id = (SELECT max(id) FROM metering_batch) WHERE event_id = '7'",
            "it is older than the event",
        ),
        ("UPDATE metering_batch SET kind = 'link' WHERE kind = 'void'", "found link, then restore"),
        ("UPDATE metering_batch SET kind = 'void' WHERE kind = 'events'", "a batch of kind void brought events"),
        (
            "INSERT INTO metering_eventvoid (event_key, voided_batch_id, restored_batch_id) SELECT event_key,"
            " voided_batch_id - 1, NULL FROM metering_eventvoid WHERE restored_batch_id IS NOT NULL",
            "it begins before the event was restored",
        ),
    ],
)
def test_it_names_a_wrong_void(statement, expected):
    corrupt(statement)
    assert any(expected in found for found in findings())
