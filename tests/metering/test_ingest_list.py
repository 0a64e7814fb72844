"""Listing events: what was sent, when it came, and whose it is."""

import json
from datetime import UTC, datetime

import pytest
from django.db import connection

from metering.ingest.decode import decode_events
from metering.ingest.writer import write_events
from metering.services.customers import create_customer
from tests.factories import MeterVersionFactory
from tests.metering.doors import event

AT = datetime(2026, 1, 6, 8, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(time_machine):
    time_machine.move_to(AT, tick=False)


def store(*events, at=AT):
    decoded = decode_events(json.dumps(list(events)).encode(), "application/json", at=at, api_key_id=None)
    with connection.cursor() as cursor:
        write_events(cursor, decoded, at=at)


def listed(api, **query):
    answer = api.get("/api/v1/events", query)
    assert answer.status_code == 200, answer.content
    return json.loads(answer.content)


def ids(api, **query):
    return [row["event"]["id"] for row in listed(api, **query)]


def test_it_shows_what_was_sent_and_when_it_came(api):
    store(event("1", time="2026-01-05T13:00:00.5+01:00", data={"tokens": 10, "cost": 0.25}))
    [row] = listed(api)
    assert row == {
        "event": {
            "id": "1",
            "source": "tests",
            "specversion": "1.0",
            "type": "tokens",
            "subject": "acme",
            "time": "2026-01-05T12:00:00.500000Z",
            "data": {"tokens": 10, "cost": 0.25},
        },
        "ingestedAt": "2026-01-06T08:00:00Z",
        "storedAt": "2026-01-06T08:00:00Z",
        "validationError": "no meter found for event type: tokens\nno customer found for event subject: acme",
        "verdict": {"outcomes": ["no_meter", "no_customer"], "meters": []},
    }


def test_it_shows_every_digit(api):
    body = json.dumps(event(data={})).encode().replace(b'"data": {}', b'"data": {"cost": 0.1000000000000000055}')
    with connection.cursor() as cursor:
        write_events(cursor, decode_events(body, "application/json", at=AT, api_key_id=None), at=AT)
    assert b'"cost":0.1000000000000000055' in api.get("/api/v1/events").content


def test_it_leaves_out_data_that_was_not_sent(api):
    store(event(data=None))
    assert "data" not in listed(api)[0]["event"]


def test_newest_come_first_and_from_is_in_to_is_not(api):
    store(*(event(str(hour), time=f"2026-01-05T{hour:02}:00:00Z") for hour in (10, 12, 11)))
    assert ids(api) == ["12", "11", "10"]
    assert ids(api, **{"from": "2026-01-05T11:00:00Z", "to": "2026-01-05T12:00:00Z"}) == ["11"]
    assert ids(api, limit=2) == ["12", "11"]


def test_without_from_it_goes_back_32_days(api):
    store(event("old", time="2025-12-05T07:59:59Z"), event("just", time="2025-12-05T08:00:00Z"))
    assert ids(api) == ["just"]
    assert ids(api, **{"from": "2025-01-01T00:00:00Z"}) == ["just", "old"]


def test_it_filters_by_subject_part_of_id_and_time_of_arrival(api):
    store(event("abc"), event("abd", subject="globex"))
    store(event("late"), at=datetime(2026, 1, 6, 9, tzinfo=UTC))
    assert ids(api, subject="globex") == ["abd"]
    assert sorted(ids(api, id="ab")) == ["abc", "abd"]
    assert ids(api, ingestedAtFrom="2026-01-06T08:30:00Z") == ["late"]
    assert sorted(ids(api, ingestedAtTo="2026-01-06T08:30:00Z")) == ["abc", "abd"]


def test_it_names_the_customer_and_filters_by_customer(api):
    customer = create_customer(name="Acme", key="acme", subject_keys=["acme-eu"], at=AT)
    store(event("1"), event("2", subject="acme-eu"), event("3", subject="globex"))
    found = {row["event"]["id"]: row.get("customerId") for row in listed(api)}
    assert found == {"1": customer.ulid, "2": customer.ulid, "3": None}
    assert sorted(ids(api, customerId=customer.ulid)) == ["1", "2"]


def test_it_filters_by_several_customers(api):
    one, other, _ = (create_customer(name=name, key=name, at=AT) for name in ("acme", "globex", "initech"))
    store(event("1"), event("2", subject="globex"), event("3", subject="initech"), event("4", subject="nobody"))
    assert sorted(ids(api, customerId=[one.ulid, other.ulid])) == ["1", "2"]
    assert ids(api, customerId=[one.ulid, other.ulid], subject="globex") == ["2"]
    assert ids(api, customerId=one.ulid, subject="globex") == []


def test_a_part_of_an_id_means_itself(api):
    store(event("100%"), event("1000"), event("a_b"), event("axb"), event("back\\slash"))
    assert ids(api, id="0%") == ["100%"]
    assert ids(api, id="a_") == ["a_b"]
    assert ids(api, id="k\\s") == ["back\\slash"]


def test_it_takes_the_id_of_the_client_and_says_which_customer_it_does_not_know(api):
    assert listed(api, clientId="browser-1") == []
    answer = api.get("/api/v1/events", {"customerId": "nobody"})
    assert json.loads(answer.content)["detail"] == "There is no customer with the id nobody."


def test_it_says_what_became_of_each_event(api):
    MeterVersionFactory(meter__slug="tokens", meter__event_type="tokens")
    MeterVersionFactory(
        meter__slug="models", meter__event_type="tokens", meter__aggregation="UNIQUE_COUNT", group_by={}
    )
    create_customer(name="Acme", key="acme", at=AT)
    store(event("bad", data={"tokens": None}), event("good", data={"tokens": 0.1, "model": "large"}))
    found = {row["event"]["id"]: row for row in listed(api)}
    assert found["bad"]["validationError"] == "invalid event: value cannot be null"
    assert "validationError" not in found["good"]
    assert found["good"]["verdict"] == {
        "outcomes": ["counted"],
        "meters": [
            {"meterSlug": "models", "aggregation": "UNIQUE_COUNT", "groupBy": {}, "value": "0.1"},
            {"meterSlug": "tokens", "aggregation": "SUM", "groupBy": {"model": "large"}, "value": 0.1},
        ],
        "bills": [{"state": "no_price"}],
    }


def test_it_shows_numbers_as_long_as_the_database_takes(api):
    body = json.dumps(event(data={})).encode().replace(b'"data": {}', b'"data": {"n": 1e5000}')
    with connection.cursor() as cursor:
        write_events(cursor, decode_events(body, "application/json", at=AT, api_key_id=None), at=AT)
    assert b'"n":1' + b"0" * 5000 in api.get("/api/v1/events").content


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 101}, {"limit": "many"}, {"from": "yesterday"}, {"customerId": "nobody"}]
)
def test_it_refuses_what_it_cannot_list(api, query):
    answer = api.get("/api/v1/events", query)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(("start", "end"), [("from", "to"), ("ingestedAtFrom", "ingestedAtTo")])
def test_it_refuses_a_range_that_holds_no_time(api, start, end):
    answer = api.get("/api/v1/events", {start: "2026-01-06T00:00:00Z", end: "2026-01-05T00:00:00Z"})
    assert answer.status_code == 400
    assert answer.json()["detail"] == f"{end}: The end has to be after the start in {start}."


def test_reading_needs_the_read_scope(api, api_key):
    api_key.scopes = ["ingest"]
    api_key.save()
    assert api.get("/api/v1/events").status_code == 403
