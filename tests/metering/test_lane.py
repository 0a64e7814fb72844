"""What the ingestion lane serves, what it leaves to Django, and what it says when storing fails."""

import json

import pytest

from metering.ingest.group_commit import WriterUnavailable
from metering.ingest.lane import PATH, IngestLane, serves
from metering.models import ApiKey, Event
from tests.event_loop import in_loop, start
from tests.metering.doors import EITHER, LANE, event, make_key, post

BEARER = "Bearer bil_secret_of_the_tests"
WAITING = """
    SELECT count(*) FROM pg_locks
    WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
pytestmark = pytest.mark.django_db(transaction=True)


class Failing:
    def __init__(self, error):
        self._error = error

    async def write(self, events, *, at, size):
        raise self._error


def posted(lane, body=None, authorization=BEARER):
    body = json.dumps(event()).encode() if body is None else body
    return lane.answer(body, content_type=EITHER, authorization=authorization, remote_addr="127.0.0.1")


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", PATH, {}),
        ("OPTIONS", PATH, {}),
        ("POST", PATH + "/", {}),
        ("POST", "/api/v1/meters", {}),
        ("POST", PATH, {"prefer": "return=representation"}),
    ],
)
def test_it_leaves_everything_but_a_plain_post_of_events_to_django(method, path, headers):
    assert serves("POST", PATH, {"content-type": EITHER})
    assert not serves(method, path, headers)


def test_it_says_when_to_come_back_while_events_cannot_be_stored():
    make_key()
    answer = in_loop(posted(IngestLane(Failing(WriterUnavailable("Come back.")))))
    headers = dict(answer.headers)
    assert (answer.status, headers["Retry-After"]) == (503, "2")
    assert headers["Content-Type"] == "application/problem+json"
    assert b"Come back." in answer.body


def test_it_tells_nothing_of_an_unexpected_error_but_logs_it(caplog):
    make_key()
    answer = in_loop(posted(IngestLane(Failing(ZeroDivisionError("secret")))))
    assert (answer.status, dict(answer.headers)["Content-Type"]) == (500, "application/problem+json")
    assert b"secret" not in answer.body
    assert "ZeroDivisionError" in caplog.text


def test_it_asks_the_database_for_a_key_once_however_many_requests_wait_for_it(outsider):
    key = make_key()
    # Nobody can read the key until all requests are there.
    outsider.execute("BEGIN")
    outsider.execute("LOCK TABLE metering_apikey IN ACCESS EXCLUSIVE MODE")
    asked = [start(posted(LANE, json.dumps(event(str(number))).encode())) for number in range(50)]
    in_loop(_has_asked(LANE, BEARER))
    assert outsider.execute(WAITING).fetchone()[0] <= 1
    outsider.execute("COMMIT")
    assert {found.result(60).status for found in asked} == {204}
    assert Event.objects.count() == 50
    assert ApiKey.objects.get(pk=key.pk).last_used_at is not None


async def _has_asked(lane, authorization):
    # Runs after the requests before it have got to their first wait.
    assert list(lane._looking_up) == [authorization]


def test_it_reads_a_large_body_as_well_as_a_small_one():
    make_key()
    events = [event(str(number), data={"text": "x" * 1_000}) for number in range(100)]
    assert in_loop(posted(LANE, json.dumps(events).encode())).status == 204
    assert Event.objects.count() == 100


def test_its_twin_refuses_a_body_over_the_limit(settings):
    # In front of the lane, the web process's reader of bodies does.
    settings.MAX_BODY_BYTES = settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    make_key()
    answer = post("twin", event(data={"x": "y" * 1000}))
    assert (answer.status, Event.objects.count()) == (413, 0)
    assert "in smaller parts" in answer.problem["detail"]
