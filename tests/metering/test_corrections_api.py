"""Corrections over the API."""

import pytest

from metering.history import actor, changes_of
from metering.models import Batch, Correction, Event, EventVoid
from metering.queries.event_filter import EventFilter
from metering.services.corrections import void_events
from metering.services.customers import create_customer
from tests.factories import ApiKeyFactory
from tests.metering.corrected import AT, store, tokens, tokens_meter, usage

pytestmark = pytest.mark.django_db
URL = "/api/v1/events"
WHY = "Sent by mistake"


def post(api, path, body, **headers):
    return api.post(f"{URL}/{path}", body, format="json", headers=headers)


def refused(response, status, says):
    assert response["Content-Type"] == "application/problem+json"
    assert response.status_code == status
    assert says in response.json()["detail"]


def test_a_dry_run_says_what_would_happen_and_changes_nothing(api):
    meter = tokens_meter()
    acme = create_customer(name="Acme", key="acme", at=AT)
    store(tokens(1, 10), tokens(2, "20.5"), tokens(3, 40, subject="nobody", time="2026-01-05T13:00:00Z"))
    post(api, "void", {"events": [{"source": "tests", "id": "1"}], "reason": WHY})
    before = (Batch.objects.count(), Correction.objects.count(), EventVoid.objects.count())
    response = post(api, "void", {"filter": {"type": "tokens"}, "dryRun": True})
    assert response.status_code == 200
    assert response.json() == {
        "dryRun": True,
        "matched": 3,
        "alreadyVoid": 1,
        "firstEventAt": "2026-01-05T12:00:00Z",
        "lastEventAt": "2026-01-05T13:00:00Z",
        "types": [{"type": "tokens", "events": 3}],
        "subjectCount": 2,
        "subjects": [{"subject": "acme", "events": 2}, {"subject": "nobody", "events": 1}],
        "customers": [
            # Of acme's two, one is void already.
            {"customerId": acme.ulid, "customerKey": "acme", "events": 1},
            {"customerId": None, "customerKey": None, "events": 1},
        ],
        # 20.5 + 40; the first is void already.
        "meters": [{"meterSlug": meter.slug, "events": 2, "quantity": 60.5}],
    }
    assert (Batch.objects.count(), Correction.objects.count(), EventVoid.objects.count()) == before
    assert usage(meter) == 20.5 + 40


def test_it_voids_at_once_and_shows_the_correction(api):
    meter = tokens_meter()
    store(tokens(1, 10), tokens(2, 20))
    body = {"filter": {"subject": "acme", "to": "2026-01-06T00:00:00+01:00", "id": "2"}, "reason": WHY}
    response = post(api, "void", body)
    assert response.status_code == 200
    made = response.json()
    assert (made["kind"], made["status"], made["reason"]) == ("void", "done", WHY)
    assert made["filter"] == {"subject": "acme", "id": "2", "to": "2026-01-05T23:00:00Z"}
    assert made["progress"] == {"matched": 1, "done": 1, "voided": 1, "restored": 0, "percent": 100}
    assert api.get(f"{URL}/corrections/{made['id']}").json() == made
    assert usage(meter) == 10
    undone = post(api, f"corrections/{made['id']}/undo", {"reason": "It was right"}).json()
    assert (undone["status"], undone["undoReason"], undone["progress"]["restored"]) == ("undone", "It was right", 1)
    assert usage(meter) == 30
    refused(
        post(api, f"corrections/{made['id']}/undo", {"reason": "Again"}), 409, f"Void {made['id']} is undone already"
    )


def test_it_lists_corrections_newest_first(api):
    store(tokens(1, 10), tokens(2, 20), tokens(3, 30))
    ids = [post(api, "void", {"filter": {"id": str(n)}, "reason": WHY}).json()["id"] for n in (1, 2, 3)]
    page = api.get(f"{URL}/corrections", {"page": 2, "pageSize": 2}).json()
    assert (page["page"], page["pageSize"], page["totalCount"]) == (2, 2, 3)
    assert [item["id"] for item in page["items"]] == ids[:1]


def test_a_repeated_request_with_its_key_is_one_correction(api):
    store(tokens(1, 10))
    body = {"filter": {"id": "1"}, "reason": WHY}
    first, again = (post(api, "void", body, **{"Idempotency-Key": "once"}) for _ in range(2))
    assert (first.json(), Correction.objects.count()) == (again.json(), 1)


def test_it_amends_with_all_digits_and_the_fields_that_are_left_out(api, api_key):
    meter = tokens_meter()
    store(tokens(1, 10, subject="globex"))
    quantity = "12345678901234567890.123456789"
    body = f'{{"source":"tests","id":"1","replacement":{{"data":{{"tokens":{quantity}}}}},"reason":"{WHY}"}}'
    response = api.post(f"{URL}/amend", body, content_type="application/json")
    assert response.status_code == 200
    assert response.json()["filter"]["replacement"] == {"source": "tests", "id": "1/amended-1"}
    new = Event.objects.get(event_id="1/amended-1")
    assert (new.subject, new.type, str(new.data["tokens"]), new.api_key) == ("globex", "tokens", quantity, api_key)
    assert str(usage(meter)) == quantity


def test_the_history_names_the_key_and_the_reason_of_the_body_or_the_header(api):
    store(tokens(1, 10), tokens(2, 20))
    post(api, "void", {"filter": {"id": "1"}, "reason": WHY})
    post(api, "void", {"filter": {"id": "2"}, "reason": WHY}, **{"X-Reason": "Ticket 7"})
    found = [changes_of(correction)[-1] for correction in Correction.objects.order_by("pk")]
    assert [(change.actor, change.reason) for change in found] == [("tests", WHY), ("tests", "Ticket 7")]


def test_it_says_who_asked_for_each_in_as_many_queries_for_a_page_of_any_length(api, django_assert_max_num_queries):
    store(tokens(1, 10), tokens(2, 20))
    made = post(api, "void", {"filter": {"id": "1"}, "reason": WHY}).json()
    assert made["createdBy"] == api.get(f"{URL}/corrections/{made['id']}").json()["createdBy"] == "tests"
    with django_assert_max_num_queries(20) as few:
        api.get(f"{URL}/corrections")
    with actor(kind="operator", name="Ada", reason=WHY):
        void_events(events=EventFilter(id="2"), reason=WHY, at=AT)
    with django_assert_max_num_queries(len(few)):
        items = api.get(f"{URL}/corrections").json()["items"]
    assert [item["createdBy"] for item in items] == ["Ada", "tests"]


REFUSALS = [
    ("void", {}, 400, "Name the events"),
    ("void", {"filter": {}, "reason": WHY}, 400, "Name the events"),
    ("void", {"filter": {"typ": "tokens"}, "reason": WHY}, 400, "filter.typ: There is no such field"),
    ("void", {"filter": {"id": "1"}, "reason": WHY, "dryrun": True}, 400, "dryrun: There is no such field"),
    ("void", {"filter": {"from": "2026-01-01"}, "reason": WHY}, 400, "filter.from: Write the time with an offset"),
    ("void", {"filter": {"id": "1"}}, 400, "Say why"),
    ("void", {"events": [{"source": "tests", "id": "9"}], "reason": WHY}, 404, "no event '9' of source 'tests'"),
    ("void", {"filter": {"id": "9"}, "reason": WHY}, 409, "No stored event matches"),
    ("amend", {"source": "tests", "id": "1", "replacement": {"time": "noon"}, "reason": WHY}, 400, "time is wrong"),
    ("amend", {"source": "tests", "id": "1", "replacement": {"value": 1}, "reason": WHY}, 400, "no field value"),
    ("amend", {"source": "tests", "id": "1", "replacement": {}}, 400, "reason: This field is required"),
    ("corrections/01J0000000000000000000000/undo", {"reason": WHY}, 404, "There is no correction"),
]


@pytest.mark.parametrize(("path", "body", "status", "says"), REFUSALS)
def test_it_refuses_with_a_problem_and_changes_nothing(api, path, body, status, says):
    store(tokens(1, 10))
    refused(post(api, path, body), status, says)
    assert (Correction.objects.count(), EventVoid.objects.count(), Event.objects.count()) == (0, 0, 1)


def test_it_asks_for_the_scope_to_write(api):
    ApiKeyFactory(secret="bil_reader", scopes=["read", "ingest"])
    api.credentials(HTTP_AUTHORIZATION="Bearer bil_reader")
    refused(post(api, "void", {"filter": {"id": "1"}, "reason": WHY}), 403, "lacks the scope write")
    assert api.get(f"{URL}/corrections").status_code == 200
