"""Several web processes on one port: each takes events, every event counts once, and one that dies is replaced."""

import json
import os
import signal
import threading
import urllib.error
from http.client import HTTPException
from pathlib import Path

import pytest

from billing_site.embedded_postgres import DATABASE, EmbeddedPostgres
from tests.live_server import LiveServer, processes_of, wait_for
from tests.metering.doors import MANY, event

SENDERS = 8


@pytest.fixture
def server(spare_data_dir):
    server = LiveServer(spare_data_dir, variables={"BILLING_WEB_PROCESSES": "2"}).start()
    yield server
    server.stop()


def post(server, *events):
    """Send events once more as long as a web process ends under them; each has to be answered in the end."""
    body = json.dumps(events).encode()

    def is_stored():
        try:
            return server.request("/api/v1/events", body, Content_Type=MANY).status == 204
        except (urllib.error.URLError, HTTPException, ConnectionError):
            return False

    assert wait_for(is_stored, 60)


def writers(server):
    """Return how many web processes have written events."""
    with EmbeddedPostgres(server.data_dir).connect(DATABASE) as database:
        return database.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ingest'").fetchone()[0]


def web_processes(server):
    """Return the processes that serve: the children of the web server's own."""
    parents = {pid: parent_of(pid) for pid in processes_of(server.data_dir)}
    named = {pid for pid in parents if "granian" in Path(f"/proc/{pid}/cmdline").read_text()}
    [main] = [pid for pid in named if parents[pid] == server.pid]
    return {pid for pid in parents if parents[pid] == main and is_serving(pid)}


def parent_of(pid):
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return None


def is_serving(pid):
    # The other child is multiprocessing's tracker of resources.
    return "resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_text()


def send_everything(server):
    """Eight senders: of 100 events each, half are the next sender's as well."""
    crowd = [threading.Thread(target=send, args=(server, number)) for number in range(SENDERS)]
    for sender in crowd:
        sender.start()
    return crowd


def send(server, number):
    for place in range(100):
        of = number if place < 50 else (number + 1) % SENDERS
        post(server, event(f"crowd-{of}-{place % 50}", type="crowd", subject=f"crowd-{of}"))


@pytest.mark.timeout(300)
def test_two_web_processes_take_events_at_once_and_one_that_dies_is_replaced(server):
    meter = json.dumps({"slug": "crowd", "eventType": "crowd", "aggregation": "COUNT"}).encode()
    assert server.request("/api/v1/meters", meter, Content_Type="application/json").status == 201
    old = web_processes(server)
    assert len(old) == 2
    crowd = send_everything(server)
    assert wait_for(lambda: writers(server) == 2, 60)
    os.kill(min(old), signal.SIGKILL)
    for sender in crowd:
        sender.join(120)
    answer = server.request("/api/v1/meters/crowd/query?groupBy=subject")
    # Each of 8 subjects has 50 events, sent by two.
    assert {row["subject"]: row["value"] for row in answer.json()["data"]} == {
        f"crowd-{of}": 50 for of in range(SENDERS)
    }
    assert wait_for(lambda: len(web_processes(server) - {min(old)}) == 2, 60)
