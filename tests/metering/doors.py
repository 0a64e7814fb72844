"""The two ways in for events: the ingestion lane and its DRF twin. What is tested here is tested through both."""

import json
from contextlib import suppress
from dataclasses import dataclass

from django.test import Client

from metering.authentication import authenticate_header
from metering.errors import DomainError
from metering.ingest.lane import PATH, IngestLane
from tests.event_loop import in_loop
from tests.factories import ApiKeyFactory

DOORS = ["lane", "twin"]
ONE = "application/cloudevents+json"
MANY = "application/cloudevents-batch+json"
EITHER = "application/json"


@dataclass
class Answer:
    status: int
    headers: dict
    body: bytes

    @property
    def problem(self):
        assert self.headers["Content-Type"] == "application/problem+json"
        found = json.loads(self.body)
        assert found["status"] == self.status
        return found


LANE = IngestLane()


def event(event_id="1", **changes):
    """A valid event; a change to None leaves the field out."""
    fields = {
        "specversion": "1.0",
        "id": event_id,
        "source": "tests",
        "type": "tokens",
        "subject": "acme",
        "time": "2026-01-05T12:00:00Z",
        "data": {"tokens": 10},
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not None}


def make_key(**changes):
    return ApiKeyFactory(**{"secret": "bil_secret_of_the_tests", **changes})


def post(door, body, content_type=EITHER, *, key="bil_secret_of_the_tests"):
    """Post to /api/v1/events through a door; a body that is not bytes is written as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"HTTP_AUTHORIZATION": f"Bearer {key}"} if key else {}
    if door == "lane":
        return _through_lane(data, content_type, headers)
    response = Client(raise_request_exception=False).generic("POST", PATH, data, content_type, **headers)
    return Answer(response.status_code, dict(response.headers), response.content)


def _through_lane(data, content_type, headers):
    authorization = headers.get("HTTP_AUTHORIZATION")
    # The lane would ask in a thread of its own, which sees nothing of a test's open transaction.
    with suppress(DomainError):
        authenticate_header(authorization, remote_addr="127.0.0.1")
    answer = in_loop(LANE.answer(data, content_type=content_type, authorization=authorization, remote_addr="127.0.0.1"))
    return Answer(int(answer.status), dict(answer.headers), answer.body)
