"""`Prefer: return=representation` and the lists over real HTTP, where the lane stands before the view."""

import json

from tests.metering.doors import MANY, PATH, event


def post(live_billing, *events, **headers):
    body = json.dumps(list(events)).encode()
    return live_billing.request(PATH, body, Content_Type=MANY, **headers)


def test_who_asks_for_it_is_told_what_came_of_each_event(live_billing):
    first = event("1", source="represented", type="represented")
    assert post(live_billing, first).status == 204
    answer = post(
        live_billing,
        first,
        {**first, "data": {"tokens": 11}},
        event("2", source="represented", type="represented"),
        Prefer="return=representation",
    )
    assert (answer.status, answer.headers["Preference-Applied"]) == (200, "return=representation")
    found = json.loads(answer.body)
    assert [row["result"] for row in found] == ["duplicate", "conflict", "stored"]
    assert found[1]["differences"] == [{"field": "data", "sent": {"tokens": 11}, "stored": {"tokens": 10}}]
    assert "no meter found for event type: represented" in found[2]["validationError"]


def test_a_stored_event_is_in_the_next_list(live_billing):
    assert post(live_billing, event("a/b c", source="listed", type="listed")).status == 204
    listed = live_billing.request("/api/v2/events?filter=%7B%22source%22%3A%7B%22%24eq%22%3A%22listed%22%7D%7D")
    assert listed.status == 200
    assert [item["event"]["id"] for item in json.loads(listed.body)["items"]] == ["a/b c"]
    parts = live_billing.request("/api/v1/events?id=b%20c&from=2026-01-01T00:00:00Z")
    assert [item["event"]["id"] for item in json.loads(parts.body)] == ["a/b c"]
