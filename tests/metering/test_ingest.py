"""Posting events, through the lane and through its twin."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from metering.identity import event_key
from metering.ingest.decode import event_key_hex
from metering.models import Batch, Event
from tests.metering.doors import DOORS, EITHER, MANY, ONE, event, make_key, post

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.parametrize("door", DOORS)]


def test_it_answers_204_with_nothing_once_the_event_is_stored(door):
    key = make_key()
    answer = post(door, event("42", time="2026-01-05T12:00:00.123456+01:00"), ONE)
    assert (answer.status, answer.body) == (204, b"")
    assert "Content-Type" not in answer.headers
    stored = Event.objects.get()
    assert (stored.key, stored.source, stored.event_id) == (event_key("tests", "42"), "tests", "42")
    assert (stored.type, stored.subject, stored.data) == ("tokens", "acme", {"tokens": 10})
    assert (stored.time, stored.time_was_sent) == (datetime(2026, 1, 5, 11, 0, 0, 123456, tzinfo=UTC), True)
    assert stored.api_key_id == key.pk
    assert (stored.batch.kind, stored.batch.accepted, stored.batch.is_rolled_up) == ("events", 1, False)


@pytest.mark.parametrize(
    ("content_type", "body", "count"),
    [
        (ONE, event(), 1),
        (MANY, [event("1"), event("2")], 2),
        (EITHER, event(), 1),
        (EITHER, [event("1"), event("2")], 2),
        ("application/cloudevents+json; charset=utf-8", event(), 1),
        ('Application/JSON;charset="UTF-8"', event(), 1),
    ],
)
def test_it_takes_the_content_types_of_cloudevents(door, content_type, body, count):
    make_key()
    assert post(door, body, content_type).status == 204
    assert Event.objects.count() == count


def test_it_stores_an_array_as_one_batch(door):
    make_key()
    assert post(door, [event(str(number)) for number in range(1000)], MANY).status == 204
    assert Batch.objects.get().accepted == 1000
    assert Event.objects.values("batch").distinct().count() == 1


@pytest.mark.parametrize("time", [None, "null"])
def test_it_takes_an_event_without_time_as_of_now(door, time, time_machine):
    make_key()
    time_machine.move_to(datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC), tick=False)
    body = json.dumps(event(time=time)).replace('"null"', "null").encode()
    assert post(door, body).status == 204
    stored = Event.objects.get()
    assert (stored.time, stored.time_was_sent) == (datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC), False)


def test_it_keeps_every_digit_of_a_number(door):
    make_key()
    numbers = b'{"a": 0.1000000000000000055, "b": 123456789012345678901234567890, "c": 1e-30}'
    body = json.dumps(event(data={})).encode().replace(b'"data": {}', b'"data": ' + numbers)
    assert post(door, body).status == 204
    assert Event.objects.get().data == {
        "a": Decimal("0.1000000000000000055"),
        "b": 123456789012345678901234567890,
        "c": Decimal("1e-30"),
    }


@pytest.mark.parametrize("data", [None, {}, {"tokens": None}, {"deep": {"er": [1, "x", {"ü": "日本"}]}}])
def test_it_takes_any_object_or_nothing_as_data(door, data):
    make_key()
    assert post(door, event(data=data)).status == 204
    assert Event.objects.get().data == data


def test_it_drops_attributes_it_does_not_know(door):
    make_key()
    assert post(door, event(dataschema="https://schema.example/1", traceparent="00-1")).status == 204
    assert Event.objects.get().data == {"tokens": 10}


def test_it_stores_events_without_an_api_key_where_keys_are_off(door, settings):
    settings.API_AUTH = "off"
    assert post(door, event(), key=None).status == 204
    assert Event.objects.get().api_key_id is None


def test_its_fast_key_is_the_identity_of_the_event(door):
    for source, event_id in [("a", "bc"), ("ab", "c"), ("ü", "日本"), ("x" * 5000, "y")]:
        assert UUID(event_key_hex(source, event_id)) == event_key(source, event_id)
