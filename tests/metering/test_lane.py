"""What the ingestion lane serves, and what it leaves to Django."""

import io
import json

import pytest

from metering.ingest.group_commit import WriterUnavailable
from metering.ingest.lane import PATH, IngestLane
from metering.models import Event
from tests.metering.doors import LANE, event, make_key, post


def call(lane, **environ):
    begun = []
    environ = {"PATH_INFO": PATH, "REQUEST_METHOD": "POST", "wsgi.input": io.BytesIO(b""), **environ}
    body = b"".join(lane(environ, lambda status, headers: begun.append((status, dict(headers)))))
    return *begun[0], body


def django(environ, start_response):
    start_response("200 OK", [("X-Served-By", "django")])
    return [b"django"]


class Failing:
    def __init__(self, error):
        self._error = error

    def write(self, events, *, at, size):
        raise self._error


@pytest.mark.parametrize(
    "environ",
    [
        {"REQUEST_METHOD": "GET"},
        {"REQUEST_METHOD": "OPTIONS"},
        {"PATH_INFO": "/api/v1/events/"},
        {"PATH_INFO": "/api/v1/meters"},
        {"HTTP_PREFER": "return=representation"},
    ],
)
def test_it_passes_on_everything_but_a_plain_post_of_events(environ):
    assert call(IngestLane(django), **environ)[1] == {"X-Served-By": "django"}


def _posting(**environ):
    body = json.dumps(event()).encode()
    return {
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": "application/json",
        "HTTP_AUTHORIZATION": "Bearer bil_secret_of_the_tests",
        **environ,
    }


@pytest.mark.django_db
def test_it_says_when_to_come_back_while_events_cannot_be_stored():
    make_key()
    status, headers, body = call(IngestLane(django, Failing(WriterUnavailable("Come back."))), **_posting())
    assert (status, headers["Retry-After"]) == ("503 Service Unavailable", "2")
    assert headers["Content-Type"] == "application/problem+json"
    assert b"Come back." in body


@pytest.mark.django_db
def test_it_tells_nothing_of_an_unexpected_error_but_logs_it(caplog):
    make_key()
    status, headers, body = call(IngestLane(django, Failing(ZeroDivisionError("secret"))), **_posting())
    assert (status, headers["Content-Type"]) == ("500 Internal Server Error", "application/problem+json")
    assert b"secret" not in body
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_it_reads_a_body_of_unknown_length():
    make_key()
    assert post("lane", event("1")).status == 204
    status, _, _ = call(LANE, **_posting(CONTENT_LENGTH=""))
    assert status == "204 No Content"
    assert Event.objects.count() == 1
