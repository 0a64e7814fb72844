import os
import signal
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from django.db import connection

from metering.models import Batch, Event, EventImport
from metering.services import imports
from tests.live_server import ROOT, environment, wait_for
from tests.metering.imports import HEADER, ROWS, counts, run, write

BAD = "never,acme,1"


class Killed(BaseException):
    """What no code catches, as a killed process runs none."""


def kill_in_batch(monkeypatch, number):
    """Stop the import after the rejected rows of its n-th batch are written, before that is committed."""
    write_rejected, calls = imports.RejectedRows.add, []

    def add(self, *args, **kwargs):
        position = write_rejected(self, *args, **kwargs)
        calls.append(position)
        if len(calls) == number:
            raise Killed
        return position

    monkeypatch.setattr(imports.RejectedRows, "add", add)


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(imports, "MAX_EVENTS", 2)


@pytest.mark.django_db
@pytest.mark.parametrize("batch", [1, 2, 3])
def test_it_goes_on_where_it_was_killed(tmp_path, monkeypatch, small_batches, batch):
    path = write(tmp_path, ROWS[0], BAD, BAD, ROWS[1], ROWS[2], BAD)
    with monkeypatch.context() as patch:
        kill_in_batch(patch, batch)
        with pytest.raises(Killed):
            run(path)
    assert Event.objects.count() == batch - 1
    done = run(path)
    assert ("Goes on after line" in done.out) == (batch > 1)
    assert done.out.splitlines()[-1] == counts(accepted=3, rejected=3)
    rejected = (tmp_path / "usage.rejected.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rejected] == ["rejected_line", "3", "4", "7"]
    assert (Event.objects.count(), Batch.objects.count()) == (3, 3)


@pytest.mark.django_db
def test_it_refuses_rows_that_another_process_has_taken_meanwhile(tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "store_events", lambda events, at: pytest.fail("It stored rows twice."))
    found = EventImport.objects.create(
        hash=b"1", name="x", size=9, position=5, created_at=datetime.now(UTC), updated_at=datetime.now(UTC)
    )
    read = imports.RowsRead(start=0, end=9, last_line=2, events=(), rejected=())
    with pytest.raises(imports.ImportIsRunning, match="Another process has imported these rows"):
        imports.store_rows(import_id=found.pk, read=read, rejected=None, at=datetime.now(UTC))


@pytest.mark.django_db(transaction=True)
def test_it_lets_one_process_at_a_time_import_a_content(tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "_LOCK_PATIENCE", "10ms")
    path = write(tmp_path)
    with path.open("rb") as file:
        content = imports.hash_content(file, say=lambda size: None)
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [int(content.hash[:15], 16)])
        assert str(run(path).error).startswith("Another process is importing this file.")
        assert not Event.objects.exists()
    finally:
        other.close()
    assert run(path).out.splitlines()[-1] == counts(accepted=3)
    assert not _session_locks()


@pytest.mark.django_db
def test_it_stops_when_the_file_changes_meanwhile(tmp_path, monkeypatch, small_batches):
    path = write(tmp_path)
    store = imports.store_rows

    def store_and_append(**arguments):
        path.write_text(path.read_text() + "2026-01-05,acme,1\n")
        return store(**arguments)

    monkeypatch.setattr("billing_site.management.commands.import_events.store_rows", store_and_append)
    assert str(run(path).error).startswith("The file has changed while it was read.")
    assert Event.objects.count() == 2


@pytest.mark.timeout(240)
def test_every_row_counts_once_after_kill_9(live_billing, tmp_path):
    path = tmp_path / "usage.csv"
    rows = [f"{1767614400 + number},resumed,{number}" if number % 1000 else BAD for number in range(60_000)]
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    arguments = [sys.executable, str(ROOT / "manage.py"), "import_events", str(path), "--type", "resumed"]
    process = subprocess.Popen(arguments, env=environment(live_billing.data_dir), stdout=subprocess.DEVNULL)
    rejected = tmp_path / "usage.rejected.csv"
    assert wait_for(lambda: rejected.exists() or process.poll() is not None)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    done = live_billing.manage(*arguments[2:])
    assert done.returncode == 3, done.stderr
    assert done.stdout.splitlines()[-1] == counts(accepted=59_940, rejected=60)
    assert [row.split(",")[0] for row in rejected.read_text().splitlines()] == [
        "rejected_line",
        *(str(number + 2) for number in range(0, 60_000, 1000)),
    ]


def _session_locks():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
        return cursor.fetchone()[0]
