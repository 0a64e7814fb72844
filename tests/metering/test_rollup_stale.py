"""Stale buckets: a void or restore marks what holds the event, and roll-up builds it anew."""

import json
from datetime import UTC, datetime

import pytest

from metering.identity import event_key
from metering.ingest.decode import decode_events
from metering.ingest.writer import store_events
from metering.models import Bucket
from metering.services.meters import create_meter
from metering.services.rollups import advance_rollups, lock_rollups, mark_stale
from tests.metering.doors import event

AT = datetime(2026, 1, 5, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def store(*events):
    body = json.dumps(list(events)).encode()
    return store_events(decode_events(body, "application/json", at=AT, api_key_id=None), at=AT).batch_id


def meter(slug="tokens", **changes):
    fields = {"aggregation": "SUM", "value_property": "$.tokens", "group_by": {"model": "$.model"}, **changes}
    return create_meter(slug=slug, event_type="tokens", at=AT, **fields).current_version


def stale():
    found = Bucket.objects.filter(is_stale=True).order_by("series__meter_version", "series__group_values", "start_at")
    return list(found.values_list("series__meter_version", "series__group_values", "start_at__minute"))


def test_it_marks_the_buckets_of_every_version_that_hold_the_events():
    first, second = meter(), meter("all", group_by={}, aggregation="COUNT", value_property="")
    store(
        event("1", data={"tokens": 1, "model": "a"}),
        event("2", data={"tokens": 1, "model": "b"}),
        event("3", data={"tokens": 1, "model": "a"}, time="2026-01-05T12:15:00Z"),
        event("4", data={"tokens": 1, "model": "a"}, subject="globex"),
        event("5", type="other"),
    )
    advance_rollups()
    lock_rollups()
    mark_stale(event_keys=[event_key("tests", number) for number in ("2", "3", "5", "never sent")])
    assert stale() == [(first.pk, ["a"], 15), (first.pk, ["b"], 0), (second.pk, [], 0), (second.pk, [], 15)]


def test_events_that_no_bucket_holds_yet_mark_nothing():
    meter()
    store(event("1"))
    lock_rollups()
    mark_stale(event_keys=[event_key("tests", "1")])
    assert stale() == []
