"""Stale buckets: a void or restore marks what holds the event, and roll-up builds it anew."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from metering.identity import event_key
from metering.models import Batch, Bucket, MeterVersion
from metering.queries.usage import query_usage, total_usage
from metering.services.rollups import advance_rollups, lock_rollups, mark_stale
from tests.metering.doors import event
from tests.metering.voided import findings, make_meter, restore, store, void

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
pytestmark = pytest.mark.django_db


def roll_up():
    while advance_rollups():
        pass


def stale():
    found = Bucket.objects.filter(is_stale=True).order_by("series__meter_version", "series__group_values", "start_at")
    return list(found.values_list("series__meter_version", "series__group_values", "start_at__minute"))


def usage(version, **query):
    return total_usage(version=version, **{"start": None, "end": None, **query})


def test_it_marks_the_buckets_of_every_version_that_hold_the_events():
    first, second = make_meter(group_by={"model": "$.model"}), make_meter("COUNT")
    store(
        event("1", data={"tokens": 1, "model": "a"}),
        event("2", data={"tokens": 1, "model": "b"}),
        event("3", data={"tokens": 1, "model": "a"}, time="2026-01-05T12:15:00Z"),
        event("4", data={"tokens": 1, "model": "a"}, subject="globex"),
        event("5", type="other"),
    )
    roll_up()
    lock_rollups()
    mark_stale(event_keys=[event_key("tests", number) for number in ("2", "3", "5", "never sent")])
    assert stale() == [(first.pk, ["a"], 15), (first.pk, ["b"], 0), (second.pk, [], 0), (second.pk, [], 15)]


def test_events_that_no_bucket_holds_yet_are_built_anew_once_they_get_there():
    version = make_meter()
    store(event("1", data={"tokens": 1}), event("2", data={"tokens": 2}))
    void("1")
    last = restore("1")
    assert stale() == []
    # One batch, and the bucket that it makes stale.
    assert advance_rollups() == 2
    assert stale() == []
    bucket = Bucket.objects.get()
    assert (bucket.sum, bucket.max_batch) == (3, last)
    assert [usage(version, bound=last - number) for number in range(4)] == [3, 2, 3, 0]
    assert findings() == []


def test_a_back_fill_marks_what_is_void_for_its_version_alone():
    old = make_meter()
    store(event("1", data={"tokens": 1}), event("2", data={"tokens": 2}))
    roll_up()
    void("1")
    roll_up()
    new = make_meter("COUNT")
    Bucket.objects.filter(series__meter_version=old).update(max_batch=4711)
    roll_up()
    assert (usage(old), usage(new)) == (2, 1)
    # The old one was not touched again.
    assert Bucket.objects.get(series__meter_version=old).max_batch == 4711


def test_a_bucket_whose_events_are_all_void_knows_when_they_were_so_again():
    version = make_meter()
    batch = store(event("1", data={"tokens": 5}))
    roll_up()
    voided = void("1")
    assert usage(version) == 0
    roll_up()
    bucket = Bucket.objects.get()
    assert (bucket.events, bucket.sum, bucket.first_at, bucket.last_at, bucket.max_batch) == (0, 0, None, None, voided)
    assert usage(version) == 0
    assert query_usage(version=version, start=None, end=None) == []
    assert usage(version, bound=batch) == 5
    # What came then is outside the bucket's own times, which are none.
    assert usage(version, bound=batch, start=NOON - QUARTER, end=NOON + QUARTER) == 5
    restore("1")
    assert usage(version) == 5
    roll_up()
    assert Bucket.objects.get().first_at == NOON


def test_an_event_at_the_edge_of_a_bucket_that_was_voided_counts_at_an_earlier_bound():
    version = make_meter()
    store(event("1", data={"tokens": 1}), event("2", data={"tokens": 2}, time="2026-01-05T12:14:00Z"))
    bound = Batch.objects.latest("pk").pk
    roll_up()
    void("2")
    # The bucket ends at 12:00 for what counts now; at the bound, it ended at 12:14.
    for _ in range(2):
        late = {"start": NOON + timedelta(minutes=10), "end": NOON + QUARTER}
        assert (usage(version, **late), usage(version, **late, bound=bound)) == (0, 2)
        roll_up()


def test_it_builds_about_as_many_events_anew_as_it_is_told():
    make_meter()
    numbers = range(1, 7)
    for number in numbers:
        time = (NOON + number * QUARTER).isoformat()
        store(*(event(f"{number}{part}", time=time, data={"tokens": 1}) for part in "abc"))
    roll_up()
    void(*(f"{number}a" for number in numbers))
    # Buckets of three events: two of them fit into seven.
    assert [advance_rollups(limit=7) for _ in range(4)] == [2, 2, 2, 0]
    assert [bucket.sum for bucket in Bucket.objects.all()] == [Decimal(2)] * 6


def test_a_version_that_is_being_back_filled_builds_anew_what_it_has():
    for number in range(4):
        store(event(str(number), data={"tokens": 10**number}))
    roll_up()
    version = make_meter()
    while MeterVersion.objects.get().backfilled_at is None:
        assert usage(version) in (1111, 1110)
        if Bucket.objects.exists() and usage(version) == 1111:
            void("0")
        advance_rollups(limit=1)
        assert findings() == []
    roll_up()
    assert Bucket.objects.get().sum == 1110
