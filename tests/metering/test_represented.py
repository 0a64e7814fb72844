"""`Prefer: return=representation`: what came of each event of a request, in its order."""

import json
from datetime import UTC, datetime

import pytest

from metering.authentication import forget_api_keys
from metering.ingest.decode import MAX_EVENTS
from metering.models import Batch, Event
from metering.services.customers import create_customer
from tests.factories import START, MeterVersionFactory
from tests.metering.doors import MANY, ONE, PATH, event

AT = datetime(2026, 1, 6, 8, tzinfo=UTC)
RETURN = "return=representation"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(time_machine):
    time_machine.move_to(AT, tick=False)


def post(api, body, content_type=MANY, prefer=RETURN):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return api.generic("POST", PATH, data, content_type=content_type, HTTP_PREFER=prefer)


def answered(api, *events):
    answer = post(api, list(events))
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (200, RETURN), answer.content
    assert answer.headers["Content-Type"] == "application/json"
    return json.loads(answer.content)


def test_a_stored_event_comes_with_its_customer_and_the_value_of_each_meter(api):
    customer = create_customer(name="Acme", key="acme", at=START)
    MeterVersionFactory(meter__slug="tokens", meter__event_type="tokens")
    sent = event("1", data={"tokens": 10, "model": "large"})
    assert answered(api, sent) == [
        {
            "result": "stored",
            "event": sent,
            "ingestedAt": "2026-01-06T08:00:00Z",
            "storedAt": "2026-01-06T08:00:00Z",
            "customerId": customer.ulid,
            "verdict": {
                "outcomes": ["counted"],
                "meters": [
                    {"meterSlug": "tokens", "aggregation": "SUM", "groupBy": {"model": "large"}, "value": 10},
                ],
                # No plan of the customer prices it.
                "bills": [{"state": "no_price"}],
            },
        }
    ]
    assert Event.objects.count() == 1


def test_problems_and_what_was_meant_come_with_an_event(api):
    MeterVersionFactory(meter__slug="tokens", meter__event_type="tokens")
    unknown, bad = answered(api, event("1", type="token"), event("2", data={"tokens": "Inf"}))
    assert unknown["validationError"] == (
        "no meter found for event type: token\nno customer found for event subject: acme"
    )
    assert unknown["verdict"]["didYouMean"] == {"types": ["tokens"]}
    assert bad["validationError"] == (
        "invalid event: value cannot be infinity\nno customer found for event subject: acme"
    )
    assert bad["verdict"]["meters"][0]["problem"] == "value cannot be infinity"
    assert "value" not in bad["verdict"]["meters"][0]


def test_a_second_sending_is_a_duplicate_or_a_conflict_that_says_what_differs(api):
    assert [found["result"] for found in answered(api, event("1"), event("2"), event("3"))] == ["stored"] * 3
    same, other, new = answered(
        api,
        event("1", data={"tokens": 10.0}),
        event("2", type="disk", subject="globex", time="2026-01-05T13:00:00Z", data={"tokens": 11}),
        event("4"),
    )
    assert (same["result"], new["result"]) == ("duplicate", "stored")
    assert other["result"] == "conflict"
    assert other["event"] == event("2")
    assert other["differences"] == [
        {"field": "type", "sent": "disk", "stored": "tokens"},
        {"field": "subject", "sent": "globex", "stored": "acme"},
        {"field": "time", "sent": "2026-01-05T13:00:00Z", "stored": "2026-01-05T12:00:00Z"},
        {"field": "data", "sent": {"tokens": 11}, "stored": {"tokens": 10}},
    ]


def test_within_one_request_the_first_is_stored(api):
    found = answered(api, event("1"), event("1"), event("1", data={"tokens": 11}), event("1", time=None))
    assert [row["result"] for row in found] == ["stored", "duplicate", "conflict", "duplicate"]
    batch = Batch.objects.latest("pk")
    assert (batch.accepted, batch.duplicate, batch.conflict) == (1, 2, 1)


def test_true_is_not_one_and_order_of_keys_does_not_matter(api):
    answered(api, event("1", data={"a": 1, "b": 2}))
    found = answered(api, event("1", data={"b": 2, "a": 1}), event("1", data={"a": True, "b": 2}))
    assert [row["result"] for row in found] == ["duplicate", "conflict"]


def test_a_conflict_shows_numbers_of_any_length(api):
    answered(api, event("1"))
    long = b"1" * 5000
    sent = json.dumps([event("1", data={})]).encode().replace(b'"data": {}', b'"data": {"tokens": ' + long + b"}")
    assert b'"sent":{"tokens":' + long + b"}" in post(api, sent).content


def test_a_single_event_is_answered_as_a_list_of_one(api):
    answer = post(api, event("1"), ONE)
    assert [row["result"] for row in json.loads(answer.content)] == ["stored"]


def test_a_key_that_may_not_read_sees_nothing_of_what_was_stored_before(api, api_key):
    answered(api, event("1"))
    api_key.scopes = ["ingest"]
    api_key.save()
    forget_api_keys()
    [stored] = answered(api, event("2"))
    assert stored["event"]["data"] == {"tokens": 10}
    [conflict] = answered(api, event("1", data={"guess": 1}))
    assert conflict == {
        "result": "conflict",
        "differences": [{"field": "data", "sent": {"guess": 1}}],
        "event": {"id": "1", "source": "tests"},
    }


@pytest.mark.parametrize(
    ("prefer", "applied"),
    [
        ("return=representation", RETURN),
        ("respond-async, return=representation; foo=bar", RETURN),
        ('Return = "representation"', RETURN),
        ("return=minimal", "return=minimal"),
        ("respond-async", None),
        ("return=representations", None),
        ("noreturn=representation", None),
    ],
)
def test_it_reads_the_header_as_rfc_7240_writes_it(api, prefer, applied):
    answer = post(api, [event("1")], prefer=prefer)
    assert answer.status_code == (200 if applied == RETURN else 204)
    assert answer.headers.get("Preference-Applied") == applied
    assert Event.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "content_type"), [(b"[]", MANY), (b"{", ONE), (b"[{}]", MANY), (b"[1]", "text/plain")]
)
def test_it_refuses_what_the_other_way_in_refuses(api, body, content_type):
    answer = post(api, body, content_type)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert (Event.objects.count(), Batch.objects.count()) == (0, 0)


def test_as_many_events_as_fit_take_as_many_queries_as_one(api, django_assert_max_num_queries):
    create_customer(name="Acme", key="acme", at=START)
    MeterVersionFactory(meter__event_type="tokens")
    with django_assert_max_num_queries(30) as one:
        answered(api, event("one"), event("one"), event("odd", type="odd", subject="Acme"))
    many = [event(str(number), type=f"t{number % 7}", subject=f"s{number % 900}") for number in range(MAX_EVENTS - 1)]
    with django_assert_max_num_queries(len(one) + 4):
        found = answered(api, *many, many[0])
    assert [row["result"] for row in found] == ["stored"] * (MAX_EVENTS - 1) + ["duplicate"]
