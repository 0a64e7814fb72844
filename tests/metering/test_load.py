"""Four writing and two rolling-up processes at once, also while PostgreSQL stops and starts: exact counts."""

import json
import subprocess
import sys
from collections import defaultdict

import pytest

from billing_site.embedded_postgres import DATABASE, EmbeddedPostgres
from tests.live_server import ROOT, environment, make_data_dir, remove_data_dir
from tests.metering.load_process import UNIQUE, WRITERS, event

# Nothing here is about what a disk keeps when the machine stops.
FAST = {"fsync": "off", "full_page_writes": "off", "log_min_messages": "fatal"}


@pytest.fixture(scope="module")
def server():
    folder = make_data_dir()
    database = EmbeddedPostgres(folder, settings=FAST)
    try:
        with database.running():
            subprocess.run([sys.executable, ROOT / "manage.py", "migrate", "-v0"], env=environment(folder), check=True)
            yield database
    finally:
        remove_data_dir(folder)


def process(server, *arguments):
    command = [sys.executable, "-m", "tests.metering.load_process", *map(str, arguments)]
    return subprocess.Popen(
        command,
        env=environment(server.data_dir, DJANGO_SETTINGS_MODULE="billing_site.settings"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def said(started):
    """End a process by closing its standard input, and return what it said before it was done."""
    text, _ = started.communicate(timeout=120)
    assert started.returncode == 0
    *lines, last = text.splitlines()
    assert last == "done"
    return lines


def write_and_roll_up(server, event_type, *, restarts):
    writers = [process(server, "writer", event_type, number) for number in range(WRITERS)]
    rolling_up = [process(server, "rollup") for _ in range(2)]
    try:
        for writer in writers:
            assert writer.stdout.readline() == "sending\n"
        for _ in range(restarts):
            server.stop()
            server.start()
        for started in (*writers, *rolling_up):
            said(started)
    finally:
        for started in (*writers, *rolling_up):
            started.kill()
            started.wait()


def expected():
    """Brute force: count and sum of each subject over the 160,000 different events."""
    found = defaultdict(lambda: [0, 0])
    for number in range(WRITERS * UNIQUE):
        sent = event(number, "load")
        found[sent["subject"]][0] += 1
        found[sent["subject"]][1] += sent["data"]["value"]
    return dict(found)


def duplicates(server):
    with server.connect(DATABASE) as database:
        return database.execute("SELECT coalesce(sum(duplicate), 0) FROM metering_batch").fetchone()[0]


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("event_type", "restarts"), [("steady", 0), ("restarted", 2)])
def test_every_event_counts_once_whoever_writes_and_rolls_up_at_once(server, event_type, restarts):
    said(process(server, "meters", event_type))
    known = duplicates(server)
    write_and_roll_up(server, event_type, restarts=restarts)
    assert json.loads(said(process(server, "usage", event_type))[0]) == expected()
    with server.connect(DATABASE) as database:
        of_type = f"FROM metering_event WHERE type = '{event_type}'"
        assert database.execute(f"SELECT count(*) {of_type}").fetchone()[0] == 160_000
        batches = f"FROM metering_batch WHERE id IN (SELECT batch_id {of_type})"
        assert database.execute(f"SELECT sum(accepted), bool_and(is_rolled_up) {batches}").fetchone() == (160_000, True)
        assert database.execute("SELECT sum(conflict) FROM metering_batch").fetchone()[0] == 0
        if not restarts:
            # 200,000 sent, 160,000 different; after a restart, what was not acknowledged is sent again
            assert duplicates(server) - known == 40_000
    audit = subprocess.run(
        [sys.executable, ROOT / "manage.py", "audit", "--invariant", "1"],
        env=environment(server.data_dir),
        capture_output=True,
        text=True,
        check=False,
    )
    assert audit.returncode == 0, audit.stdout + audit.stderr
