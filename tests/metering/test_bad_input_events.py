"""What is wrong with events is told in one sentence, and nothing of the request is stored."""

import json

import pytest

from metering.models import Batch, Event
from tests.metering.doors import DOORS, EITHER, MANY, ONE, event, make_key, post

pytestmark = [pytest.mark.django_db, pytest.mark.parametrize("door", DOORS)]


def with_data(text):
    return json.dumps(event(data={})).encode().replace(b'"data": {}', b'"data": ' + text)


def refused(door, body, content_type=EITHER, status=400, **how):
    make_key()
    answer = post(door, body, content_type, **how)
    assert answer.status == status
    assert (Event.objects.count(), Batch.objects.count()) == (0, 0)
    detail = answer.problem["detail"]
    assert detail.endswith(".")
    return detail


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b" ", "cannot be read as JSON"),
        (b"{", "cannot be read as JSON"),
        (b'{"id": "1",}', "trailing comma"),
        (with_data(b"{}") + b" x", "trailing characters"),
        (b"\xef\xbb\xbf{}", "cannot be read as JSON"),
        (b'{"id": "\xff"}', "not UTF-8 at byte 8"),
        (with_data(b'{"x": "\xff"}'), "not UTF-8"),
        (with_data(b'{"x": NaN}'), "cannot be read as JSON"),
        (with_data(b'{"x": "\\ud800"}'), "half a surrogate pair"),
        (with_data(b'{"x": "\\udc00\\ud83d"}'), "surrogate pair"),
        (with_data(b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"), "nested too deeply"),
        (b"7", "not a JSON object"),
        (b"[]", "at least one event"),
        (b"[7]", "Event 0 (counted from 0) is not a JSON object"),
    ],
)
def test_it_refuses_a_body_that_holds_no_events(door, body, says):
    assert says in refused(door, body)


@pytest.mark.parametrize("field", ["id", "source", "type", "subject"])
@pytest.mark.parametrize(
    ("value", "says"), [(None, "is missing"), ("", "is wrong"), (7, "is wrong"), ("a\0b", "\\u0000")]
)
def test_it_names_the_event_and_the_field_that_is_missing_or_wrong(door, field, value, says):
    detail = refused(door, [event("1"), event("2", **{field: value})])
    assert detail.startswith(f"Event 1 (counted from 0): {field} {says}" if says != "\\u0000" else "Event 1")
    assert says in detail


@pytest.mark.parametrize(
    "time",
    [
        "2026-01-05",
        "2026-01-05T12:00:00",
        "2026-01-05T12:00Z",
        "20260105T120000Z",
        "2026-13-05T12:00:00Z",
        "2026-01-05T24:00:00Z",
        "2026-01-05T12:00:60Z",
        "2026-01-05T12:00:00+25:00",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "٢٠٢٦-01-05T12:00:00Z",
        "",
        1767614400,
    ],
)
def test_it_refuses_a_time_that_is_no_instant(door, time):
    assert "an RFC 3339 time with an offset" in refused(door, event(time=time))


@pytest.mark.parametrize("data", [[1], "text", 7, True])
def test_it_refuses_data_that_is_no_object(door, data):
    assert "data is wrong: send a JSON object, or null" in refused(door, event(data=data))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b'{"x": "a\\u0000b"}', "\\u0000"),
        (b'{"a\\u0000": 1}', "\\u0000"),
        (b'{"x": 1e200000}', "16,383 digits"),
        (b'{"x": 1e-20000}', "16,383 digits"),
        (b'{"x": -1.5E+131072}', "16,383 digits"),
        (b'{"x": 1e99999999999999999999}', "16,383 digits"),
        (b'{"x": ' + b"9" * 200_000 + b"}", "16,383 digits"),
    ],
)
def test_it_refuses_data_that_the_database_cannot_hold(door, text, says):
    assert says in refused(door, with_data(text))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"specversion": "0.3"}, 'specversion is wrong: send the string "1.0"'),
        ({"specversion": 1.0}, "specversion is wrong"),
        ({"datacontenttype": "application/xml"}, "datacontenttype is wrong"),
        ({"data": None, "data_base64": "AAAA"}, "send data as a JSON object"),
    ],
)
def test_it_refuses_what_it_would_not_understand(door, change, says):
    assert says in refused(door, event(**change))


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/xml", "application/x-www-form-urlencoded"])
def test_it_says_which_content_types_it_takes(door, content_type):
    assert "application/cloudevents+json" in refused(door, event(), content_type)


def test_it_wants_the_content_type_that_fits_the_body(door):
    assert "application/cloudevents-batch+json" in refused(door, [event()], ONE)
    assert "application/cloudevents+json" in post(door, event(), MANY).problem["detail"]


def test_it_takes_utf_8_alone(door):
    assert "UTF-8" in refused(door, event(), "application/json; charset=latin-1")


def test_it_takes_at_most_ten_thousand_events(door):
    detail = refused(door, [event(str(number)) for number in range(10_001)], MANY)
    assert detail == "Send at most 10,000 events in one request; this one has 10,001."


@pytest.mark.parametrize("key", [None, "bil_unknown"])
def test_it_refuses_callers_without_a_good_key(door, key):
    make_key()
    answer = post(door, event(), key=key)
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert "API key" in answer.problem["detail"]
    assert Event.objects.count() == 0


def test_it_refuses_a_key_without_the_ingest_scope(door):
    make_key(scopes=["read"])
    answer = post(door, event())
    assert answer.status == 403
    assert "ingest" in answer.problem["detail"]


def test_it_names_the_field_by_path_for_programs(door):
    make_key()
    [issue] = post(door, [event("1"), event("2", subject="")]).problem["extensions"]["validationErrors"]
    assert issue["field"] == "$[1].subject"
