"""An event counts once for ever: by source and id, whatever else is in it."""

import json

import pytest

from metering.models import Batch, Event
from tests.metering.doors import DOORS, event, make_key, post

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.parametrize("door", DOORS)]


@pytest.fixture(autouse=True)
def _key(db):
    make_key()


def counts():
    return list(Batch.objects.order_by("pk").values_list("accepted", "duplicate", "conflict"))


def test_it_answers_a_repeated_event_like_the_first_and_counts_it_as_duplicate(door):
    assert [post(door, event()).status, post(door, event()).status] == [204, 204]
    assert counts() == [(1, 0, 0), (0, 1, 0)]
    assert Event.objects.count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"type": "other"},
        {"subject": "globex"},
        {"data": {"tokens": 11}},
        {"data": None},
        {"time": "2026-01-05T12:00:01Z"},
    ],
)
def test_it_counts_the_same_identity_with_another_content_as_conflict_and_keeps_the_first(door, change):
    post(door, event())
    assert post(door, event(**change)).status == 204
    assert counts() == [(1, 0, 0), (0, 0, 1)]
    stored = Event.objects.get()
    assert (stored.type, stored.subject, stored.data) == ("tokens", "acme", {"tokens": 10})


@pytest.mark.parametrize(
    "again",
    [
        {"time": "2026-01-05T13:00:00+01:00"},
        {"data": {"tokens": 10.0}},
        {"specversion": None},
    ],
)
def test_it_counts_another_spelling_of_the_same_event_as_duplicate(door, again):
    post(door, event())
    post(door, event(**again))
    assert counts()[1] == (0, 1, 0)


def test_a_repeat_without_time_is_no_conflict(door):
    post(door, event(time=None))
    post(door, event(time=None))
    assert counts() == [(1, 0, 0), (0, 1, 0)]


def test_the_first_of_one_request_wins(door):
    body = [event("1", data={"tokens": 1}), event("2"), event("1", data={"tokens": 2}), event("2")]
    assert post(door, body).status == 204
    assert counts() == [(2, 1, 1)]
    assert Event.objects.get(event_id="1").data == {"tokens": 1}


def test_the_same_id_from_another_source_is_another_event(door):
    post(door, [event("1"), event("1", source="elsewhere")])
    assert counts() == [(2, 0, 0)]


def test_it_finds_a_duplicate_whatever_the_order_of_keys_and_spaces(door):
    post(door, event(data={"a": 1, "b": [1, 2]}))
    spaced = json.dumps(event(data={"b": [1, 2], "a": 1}), indent=3).encode()
    post(door, spaced)
    assert counts()[1] == (0, 1, 0)
