"""kill -9 in the middle of an ingest: what was acknowledged is there, and sending everything again makes it whole."""

import json
import os
import signal
import threading
import urllib.error
from http.client import HTTPException

import pytest

from tests.live_server import LiveServer, processes_of
from tests.metering.doors import MANY, event

BATCHES = 48
SIZE = 200
SENDERS = 4


def body_of(batch):
    # The subject names the batch, so that usage by subject tells how much of it there is.
    events = [event(f"{batch}-{number}", subject=f"batch-{batch}") for number in range(SIZE)]
    return json.dumps(events).encode()


def send(server, batches, acknowledged, enough):
    """Send batches until the server is gone; `enough` is set once the given number is acknowledged."""
    for batch in batches:
        try:
            answer = server.request("/api/v1/events", body_of(batch), Content_Type=MANY)
        except (OSError, urllib.error.URLError, HTTPException):
            return
        if answer.status == 204:
            acknowledged.add(batch)
        if len(acknowledged) >= BATCHES // 3:
            enough.set()


def send_all(server, acknowledged, enough):
    threads = [
        threading.Thread(target=send, args=(server, range(first, BATCHES, SENDERS), acknowledged, enough))
        for first in range(SENDERS)
    ]
    for thread in threads:
        thread.start()
    return threads


def stored(server):
    rows = server.request("/api/v1/meters/sent/query?groupBy=subject").json()["data"]
    return {row["subject"]: row["value"] for row in rows}


def kill_serve_alone(server):
    os.kill(server.pid, signal.SIGKILL)


def kill_everything(server):
    for pid in processes_of(server.data_dir):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("kill", [kill_serve_alone, kill_everything])
def test_every_event_is_there_once_after_kill_9_and_sending_again(data_dir, kill):
    server = LiveServer(data_dir)
    try:
        server.start()
        meter = {"slug": "sent", "eventType": "tokens", "aggregation": "COUNT"}
        made = server.request("/api/v1/meters", json.dumps(meter).encode(), Content_Type="application/json")
        assert made.status == 201, made.body
        acknowledged, enough = set(), threading.Event()
        senders = send_all(server, acknowledged, enough)
        assert enough.wait(60)
        kill(server)
        server.process.wait(30)
        server.process.stdout.close()
        # At once, while the others still notice.
        server.start()
        for sender in senders:
            sender.join(60)
        found = stored(server)
        assert set(found.values()) <= {SIZE}
        assert {f"batch-{batch}" for batch in acknowledged} <= set(found)
        for sender in send_all(server, set(), threading.Event()):
            sender.join(60)
        # 48 batches of 200
        assert stored(server) == {f"batch-{batch}": SIZE for batch in range(BATCHES)}
    finally:
        server.stop()
