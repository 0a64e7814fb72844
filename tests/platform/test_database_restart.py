"""PostgreSQL stops and starts while events and questions come in: whoever waits is told, and all recovers by itself."""

import json
import os
import signal
import threading
import urllib.error
from http.client import HTTPException

import pytest

from billing_site.postgres_cluster import server_pid
from tests.live_server import LiveServer, wait_for
from tests.metering.doors import MANY, event

SENDERS = 4
BATCHES_EACH = 60
SIZE = 20
RESTARTS = 2


@pytest.fixture
def server(spare_data_dir):
    server = LiveServer(spare_data_dir).start()
    yield server
    server.stop()


class Sender(threading.Thread):
    """Sends batches one after the other, each again until it is acknowledged, and keeps what it was told meanwhile."""

    def __init__(self, server, name, *, door):
        super().__init__()
        self._server = server
        self._subject = name
        self._headers = {"Content_Type": MANY, **({"Prefer": "return=minimal"} if door == "twin" else {})}
        self.acknowledged = 0
        self.refusals = []

    def run(self):
        for batch in range(BATCHES_EACH):
            events = [
                event(f"{self._subject}-{batch}-{place}", type="restarts", subject=self._subject)
                for place in range(SIZE)
            ]
            assert wait_for(lambda: self._is_taken(json.dumps(events).encode()), 60)  # noqa: B023 (called at once)
            self.acknowledged += 1

    def _is_taken(self, body):
        try:
            answer = self._server.request("/api/v1/events", body, **self._headers)
        except (urllib.error.URLError, HTTPException, ConnectionError) as error:
            self.refusals.append((type(error), None))
            return False
        if answer.status not in {200, 204}:
            self.refusals.append((answer.status, answer.headers["Retry-After"]))
        return answer.status in {200, 204}


def usage(server, slug):
    """Return usage by subject, None while the database is away; nothing but 503 may say so."""
    answer = server.request(f"/api/v1/meters/{slug}/query?groupBy=subject")
    if answer.status == 503:
        assert answer.headers["Retry-After"] == "2"
        return None
    assert answer.status == 200, answer.body
    return {row["subject"]: row["value"] for row in answer.json()["data"]}


def restart_database(server):
    old = server_pid(server.data_dir / "postgres")
    # As `pg_ctl stop -m fast` does; `serve` starts it again.
    os.kill(old, signal.SIGINT)
    assert wait_for(lambda: server_pid(server.data_dir / "postgres") not in {None, old}, 60)


@pytest.mark.timeout(300)
def test_nothing_acknowledged_is_lost_or_counted_twice_when_the_database_restarts(server):
    meter = json.dumps({"slug": "restarts", "eventType": "restarts", "aggregation": "COUNT"}).encode()
    assert server.request("/api/v1/meters", meter, Content_Type="application/json").status == 201
    senders = [Sender(server, f"sender-{number}", door="twin" if number == 3 else "lane") for number in range(SENDERS)]
    for sender in senders:
        sender.start()
    for turn in range(RESTARTS):
        # In the middle of their work: after a quarter, and after a half.
        reached = BATCHES_EACH * (turn + 1) // 4
        assert wait_for(lambda: min(sender.acknowledged for sender in senders[:3]) >= reached, 60)  # noqa: B023
        restart_database(server)
    for sender in senders:
        sender.join(120)
    assert [sender.acknowledged for sender in senders] == [BATCHES_EACH] * SENDERS
    refusals = [refusal for sender in senders for refusal in sender.refusals]
    # None is a refusal without a reason, an error, or a lost connection.
    assert set(refusals) <= {(503, "2")}
    assert wait_for(lambda: usage(server, "restarts") is not None)
    # 60 batches of 20
    assert usage(server, "restarts") == {f"sender-{number}": 1_200 for number in range(SENDERS)}
    # Roll-up goes on by itself as well, and all that it carried is right.
    assert wait_for(lambda: pending(server) == "0\n", 60)
    audit = server.manage("audit")
    assert audit.returncode == 0, audit.stdout + audit.stderr


def pending(server):
    return server.manage(
        "shell", "-v0", "-c", "from metering.models import Batch; print(Batch.objects.pending().count())"
    ).stdout
