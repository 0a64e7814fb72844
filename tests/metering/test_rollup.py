"""Roll-up: events get into buckets once, whatever happens in between."""

import json
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction

from metering.identity import series_hash, text_hash
from metering.ingest.decode import decode_events
from metering.ingest.writer import store_events
from metering.models import Batch, Bucket, MeterVersion, Series
from metering.queries.usage import query_usage, total_usage
from metering.services.meters import change_meter, create_meter
from metering.services.rollups import advance_rollups
from metering.values import VALUE_SQL_FUNCTION
from tests.metering.doors import event

AT = datetime(2026, 1, 5, tzinfo=UTC)
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def store(*events):
    body = json.dumps(list(events)).encode()
    return store_events(decode_events(body, "application/json", at=AT, api_key_id=None), at=AT).batch_id


def tokens_meter(**changes):
    fields = {"aggregation": "SUM", "value_property": "$.tokens", "group_by": {"model": "$.model"}, **changes}
    return create_meter(slug=fields.pop("slug", "tokens"), event_type="tokens", at=AT, **fields)


def usage(meter):
    return total_usage(version=meter.current_version, start=None, end=None)


def test_it_adds_events_to_quarter_hours_and_marks_their_batch():
    meter = tokens_meter()
    store(
        event("1", time="2026-01-05T12:00:00Z", data={"tokens": 10, "model": "a"}),
        event("2", time="2026-01-05T12:14:59.999999Z", data={"tokens": "2.5", "model": "a"}),
        event("3", time="2026-01-05T12:14:00Z", data={"tokens": "many", "model": "a"}),
        event("4", time="2026-01-05T12:15:00Z", data={"tokens": 4, "model": "a"}),
        event("5", time="2026-01-05T12:00:00Z", data={"tokens": 5}),
        event("6", type="other"),
    )
    assert advance_rollups() == 1
    found = Bucket.objects.order_by("series__group_values", "start_at").values_list(
        "series__group_values", "start_at", "events", "values", "sum", "first_at", "last_at"
    )
    quarter = NOON + timedelta(minutes=15)
    assert list(found) == [
        ([""], NOON, 1, 1, Decimal(5), NOON, NOON),
        # 10 + 2.5; "many" is an event without a value.
        (["a"], NOON, 3, 2, Decimal("12.5"), NOON, quarter - timedelta(microseconds=1)),
        (["a"], quarter, 1, 1, Decimal(4), quarter, quarter),
    ]
    assert not Batch.objects.pending().exists()
    # 10 + 2.5 + 4 + 5
    assert usage(meter) == Decimal("21.5")
    assert advance_rollups() == 0


def test_a_late_event_is_added_to_its_bucket():
    meter = tokens_meter()
    for number in range(3):
        store(event(str(number), data={"tokens": 10**number}))
        advance_rollups()
    bucket = Bucket.objects.get()
    assert (bucket.events, bucket.sum, bucket.max_batch) == (3, Decimal(111), Batch.objects.latest("pk").pk)
    assert usage(meter) == Decimal(111)


def test_a_series_is_found_by_the_hash_that_python_computes_too():
    meter = tokens_meter()
    store(event("1", subject="ü" * 4000, data={"tokens": 1, "model": "日本"}))
    advance_rollups()
    series = Series.objects.get()
    assert series.hash == series_hash(meter.current_version.pk, "ü" * 4000, ["日本"])
    assert series.subject_hash == text_hash("ü" * 4000)


def test_it_takes_about_as_many_events_as_it_is_told():
    tokens_meter()
    for number in range(5):
        store(event(f"{number}a"), event(f"{number}b"))
    # Whole batches of two: two of them fit into five events.
    assert [advance_rollups(limit=5) for _ in range(4)] == [2, 2, 1, 0]
    assert sum(Bucket.objects.values_list("events", flat=True)) == 10


def test_a_new_meter_counts_old_events_at_once_and_is_back_filled_in_steps():
    for number in range(4):
        store(event(f"{number}a", data={"tokens": 1}), event(f"{number}b", data={"tokens": 1}))
    advance_rollups()
    meter = tokens_meter()
    store(event("new", data={"tokens": 100}))
    version = meter.current_version
    assert (version.backfilled_at, version.floor_batch) == (None, Batch.objects.latest("pk").pk - 1)
    while MeterVersion.objects.get().backfilled_at is None:
        # 4 x 2 x 1 + 100, before, between and after
        assert usage(meter) == Decimal(108)
        assert advance_rollups(limit=2) > 0
    assert usage(meter) == Decimal(108)
    assert sum(Bucket.objects.values_list("events", flat=True)) == 9
    assert advance_rollups() == 0


def test_other_groups_make_a_new_version_and_the_old_one_goes_on():
    meter = tokens_meter()
    old = meter.current_version
    store(event("1", data={"tokens": 1, "model": "a", "region": "eu"}))
    advance_rollups()
    change_meter(meter_id=meter.pk, at=AT, group_by={"region": "$.region"})
    store(event("2", data={"tokens": 2, "model": "b", "region": "us"}))
    while advance_rollups():
        pass
    new = meter.current_version
    assert new.number == 2
    found = {
        version.number: {
            row.group[key]: row.value for row in query_usage(version=version, start=None, end=None, group_by=[key])
        }
        for version, key in [(old, "model"), (new, "region")]
    }
    assert found == {1: {"a": 1, "b": 2}, 2: {"eu": 1, "us": 2}}


def test_its_grammar_of_values_is_that_of_python():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef('metering_value'::regproc)")
        migrated = cursor.fetchone()[0]
        cursor.execute(VALUE_SQL_FUNCTION)
        cursor.execute("SELECT pg_get_functiondef('metering_value'::regproc)")
        assert cursor.fetchone()[0] == migrated


@pytest.mark.django_db(transaction=True)
def test_two_at_once_count_each_event_once():
    meter = tokens_meter()
    for number in range(40):
        store(event(str(number), data={"tokens": 1}))

    def work():
        while advance_rollups(limit=3):
            pass
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(Bucket.objects.values_list("events", flat=True)) == 40
    assert usage(meter) == Decimal(40)


@pytest.mark.django_db(transaction=True)
def test_a_roll_up_that_fails_leaves_nothing_half_done():
    meter = tokens_meter()
    store(event("1", data={"tokens": 1}))
    with pytest.raises(RuntimeError), transaction.atomic():
        advance_rollups()
        raise RuntimeError
    assert not Bucket.objects.exists()
    assert Batch.objects.pending().exists()
    assert usage(meter) == Decimal(1)
