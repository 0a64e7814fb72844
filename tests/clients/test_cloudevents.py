"""The CloudEvents SDK: one event whole in the body is taken, its binary mode is refused."""

import json
from datetime import UTC, datetime

from cloudevents.conversion import to_binary, to_structured
from cloudevents.http import CloudEvent

from tests.clients.sdk import make_meter


def _event(name, tokens):
    attributes = {
        "id": f"{name}-{tokens}",
        "source": "tests/cloudevents",
        "type": name,
        "subject": "acme",
        "time": datetime(2026, 1, 15, 12, tzinfo=UTC).isoformat(),
        "datacontenttype": "application/json",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }
    return CloudEvent(attributes, {"tokens": tokens, "model": "large"})


def _post(live_billing, headers, body):
    return live_billing.request(
        "/api/v1/events", body, **{key.replace("-", "_"): text for key, text in headers.items()}
    )


def test_it_takes_a_structured_event(client, live_billing, name):
    make_meter(client, name)
    headers, body = to_structured(_event(name, 5))
    assert headers == {"content-type": "application/cloudevents+json"}
    assert _post(live_billing, headers, body).status == 204
    # The npm SDK of CloudEvents names the charset too.
    headers, body = to_structured(_event(name, 7))
    assert _post(live_billing, {"content-type": f"{headers['content-type']}; charset=utf-8"}, body).status == 204
    assert [row.value for row in client.meters.query_json(name).data] == [12]  # 5 + 7


def test_it_takes_an_array_of_structured_events_as_a_batch(client, live_billing, name):
    make_meter(client, name)
    bodies = [json.loads(to_structured(_event(name, tokens))[1]) for tokens in (1, 2, 4)]
    answer = _post(live_billing, {"content-type": "application/cloudevents-batch+json"}, json.dumps(bodies).encode())
    assert answer.status == 204
    assert [row.value for row in client.meters.query_json(name).data] == [7]  # 1 + 2 + 4


def test_it_refuses_a_binary_event(client, live_billing, name):
    make_meter(client, name)
    headers, body = to_binary(_event(name, 5))
    assert headers["ce-id"] == f"{name}-5"
    answer = _post(live_billing, headers, body)
    assert answer.status == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert client.meters.query_json(name).data == []
