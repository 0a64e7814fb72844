"""The cursor list of events: `/api/v2/events`."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metering.event_sql import EventSelection
from metering.queries.events import cursor_of, page_of_events, place_of
from metering.services.customers import create_customer
from tests.factories import START, BatchFactory, EventFactory

pytestmark = pytest.mark.django_db
URL = "/api/v2/events"


def page(api, *, filter=None, **query):
    if filter is not None:
        query["filter"] = json.dumps(filter)
    answer = api.get(URL, query)
    assert answer.status_code == 200, answer.content
    return json.loads(answer.content)


def ids(api, **query):
    return [item["event"]["id"] for item in page(api, **query)["items"]]


def make(*names, **fields):
    """Events an hour apart, in the order of their names."""
    return [
        EventFactory(event_id=name, time=START + timedelta(hours=hour), **fields) for hour, name in enumerate(names)
    ]


def test_an_item_is_one_of_the_v1_list(api):
    make("1")
    [item] = page(api)["items"]
    assert item["event"]["id"] == "1"
    assert item["verdict"] == {"outcomes": ["no_meter", "no_customer"], "meters": []}
    assert [item] == json.loads(api.get("/api/v1/events", {"from": "2025-12-31T00:00:00Z"}).content)


def test_newest_come_first_and_only_a_full_page_has_a_cursor(api):
    make("a", "b", "c")
    first = page(api, limit=2)
    assert [item["event"]["id"] for item in first["items"]] == ["c", "b"]
    second = page(api, limit=2, cursor=first["nextCursor"])
    assert [item["event"]["id"] for item in second["items"]] == ["a"]
    assert "nextCursor" not in second
    third = page(api, limit=1, cursor=page(api, limit=3)["nextCursor"])
    assert third == {"items": []}


def test_events_of_one_instant_are_walked_once_each(api):
    names = {str(number) for number in range(7)}
    for name in names:
        EventFactory(event_id=name, time=START)
    found, cursor = [], None
    while True:
        got = page(api, limit=2, **({"cursor": cursor} if cursor else {}))
        found += [item["event"]["id"] for item in got["items"]]
        if (cursor := got.get("nextCursor")) is None:
            break
    assert (len(found), set(found)) == (7, names)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.lists(st.integers(0, 4), max_size=12),
    during=st.lists(st.lists(st.integers(0, 6), max_size=3), max_size=8),
    limit=st.integers(1, 4),
)
def test_walking_shows_each_older_event_once_while_new_ones_arrive(before, during, limit):
    older = {EventFactory(time=START + timedelta(seconds=second), subject="walk").pk for second in before}
    arriving = iter(during)
    selection = EventSelection(texts={})
    found, after = [], None
    while events := page_of_events(selection, limit=limit, after=after):
        found += [event.pk for event in events]
        after = place_of(cursor_of(events[-1]))
        for second in next(arriving, ()):
            EventFactory(time=START + timedelta(seconds=second), subject="walk")
    assert len(found) == len(set(found))
    assert older <= set(found)


def test_it_filters_by_each_text(api):
    make("a", "b", type="llm", source="gateway", subject="acme")
    make("c", type="disk", source="node", subject="globex")
    assert sorted(ids(api, filter={"id": {"$in": ["a", "c", "d"]}})) == ["a", "c"]
    assert ids(api, filter={"type": {"$eq": "llm"}}) == ["b", "a"]
    assert ids(api, filter={"source": {"$ne": "gateway"}}) == ["c"]
    assert ids(api, filter={"subject": {"$eq": "acme"}}) == ["b", "a"]
    assert ids(api, filter={"subject": {"$in": ["globex", "nobody"]}}) == ["c"]
    assert ids(api, filter={"subject": {"$like": "ac%"}}) == ["b", "a"]
    assert ids(api, filter={"type": {"$or": [{"$eq": "disk"}, {"$eq": "none"}]}}) == ["c"]
    assert ids(api, filter={"type": {"$eq": "llm"}, "id": {"$gt": "a"}}) == ["b"]
    assert ids(api, filter={}) == ids(api)


def test_it_filters_by_time_and_by_arrival(api):
    make("a", "b", "c")
    EventFactory(event_id="late", time=START, batch=BatchFactory(received_at=START + timedelta(days=1)))
    assert ids(api, filter={"time": {"$gte": "2026-01-01T01:00:00Z", "$lt": "2026-01-01T02:00:00Z"}}) == ["b"]
    assert ids(api, filter={"time": {"$or": [{"$gt": "2026-01-01T01:00:00Z"}, {"$lt": "2020-01-01T00:00:00Z"}]}}) == [
        "c"
    ]
    assert ids(api, filter={"ingestedAt": {"$gte": "2026-01-02T00:00:00Z"}}) == ["late"]
    assert ids(api, filter={"ingestedAt": {"$lt": "2026-01-02T00:00:00Z"}}) == ["c", "b", "a"]
    assert ids(api, filter={"ingestedAt": {"$gt": "2027-01-02T00:00:00Z"}}) == []


def test_it_filters_by_customers_and_walks_all_their_subjects(api):
    at = datetime(2026, 1, 1, tzinfo=UTC)
    acme = create_customer(name="Acme", key="acme", subject_keys=["acme-eu", "acme-us"], at=at)
    globex = create_customer(name="Globex", key="globex", at=at)
    for minute, subject in enumerate(["acme-eu", "globex", "acme-us", "nobody", "acme-eu"]):
        EventFactory(event_id=f"{minute}-{subject}", subject=subject, time=START + timedelta(minutes=minute))
    of_acme = {"customerId": {"$in": [acme.ulid]}}
    assert ids(api, filter=of_acme) == ["4-acme-eu", "2-acme-us", "0-acme-eu"]
    first = page(api, filter=of_acme, limit=2)
    assert [item["customerId"] for item in first["items"]] == [acme.ulid, acme.ulid]
    assert ids(api, filter=of_acme, limit=2, cursor=first["nextCursor"]) == ["0-acme-eu"]
    assert len(ids(api, filter={"customerId": {"$in": [acme.ulid, globex.ulid]}})) == 4
    assert ids(api, filter={**of_acme, "subject": {"$eq": "acme-us"}}) == ["2-acme-us"]
    assert ids(api, filter={**of_acme, "subject": {"$eq": "globex"}}) == []


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 101},
        {"cursor": "nonsense"},
        {"cursor": "MS54"},
        {"cursor": "ä"},
        {"filter": "{"},
        {"filter": "[]"},
        {"filter": '{"colour": {"$eq": "red"}}'},
        {"filter": '{"type": "llm"}'},
        {"filter": '{"type": {"$eq": ""}}'},
        {"filter": '{"type": {"$eq": "a", "$ne": "b"}}'},
        {"filter": '{"type": {"$and": [{"$or": [{"$eq": "a"}]}]}}'},
        {"filter": '{"subject": "acme"}'},
        {"filter": '{"subject": {"$in": [1]}}'},
        {"filter": '{"subject": {"$in": "acme"}}'},
        {"filter": '{"time": {"$gte": "yesterday"}}'},
        {"filter": '{"customerId": {"$in": ["nobody"]}}'},
        {"filter": '{"customerId": {"$eq": "nobody"}}'},
        {"filter": '{"customerId": null, "subject": [1]}'},
    ],
)
def test_it_refuses_what_it_cannot_list(api, query):
    answer = api.get(URL, query)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert json.loads(answer.content)["detail"].endswith(".")


@pytest.mark.parametrize("text", ["{bad", "[]", "null", "7", "{} {}"])
def test_it_says_that_the_filter_has_to_be_a_json_object(api, text):
    answer = api.get(URL, {"filter": text})
    assert answer.status_code == 400
    assert json.loads(answer.content)["detail"] == (
        'filter: Write it as a JSON object, such as {"type": {"$eq": "request"}}.'
    )


def test_a_page_of_any_length_takes_the_same_queries(api, django_assert_max_num_queries):
    create_customer(name="Acme", key="subject", at=START)
    make("a")
    page(api)
    with django_assert_max_num_queries(20) as few:
        page(api)
    make("b", "c", "d", "e")
    with django_assert_max_num_queries(len(few)):
        assert len(page(api)["items"]) == 5
    assert not [query["sql"] for query in few if "COUNT(" in query["sql"].upper()]


def test_reading_needs_the_read_scope(api, api_key):
    api_key.scopes = ["ingest"]
    api_key.save()
    assert api.get(URL).status_code == 403
