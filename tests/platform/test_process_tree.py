"""`serve` ends with everything it started, however it is asked to, and comes back after a crash."""

import os
import signal
from pathlib import Path

import pytest

from tests.live_server import LiveServer, processes_of, wait_for

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks processes up in /proc")


@pytest.fixture
def server(spare_data_dir):
    started = LiveServer(spare_data_dir).start()
    yield started
    started.stop()


def parent_of(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def child_running(server, word):
    for pid in processes_of(server.data_dir):
        if parent_of(pid) == server.pid and word in command_of(pid):
            return pid
    return None


def command_of(pid):
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


@pytest.mark.parametrize(
    ("_case", "signal_number", "send"),
    [
        ("a service manager's stop", signal.SIGTERM, os.kill),
        ("a stop of the whole group", signal.SIGTERM, os.killpg),
        ("Ctrl-C", signal.SIGINT, os.killpg),
    ],
)
def test_it_leaves_no_process_behind(server, _case, signal_number, send):
    assert len(processes_of(server.data_dir)) >= 5  # serve, web, worker, keeper, postgres at least
    send(server.pid, signal_number)
    assert server.process.wait(30) == 0
    assert processes_of(server.data_dir) == []


def test_it_leaves_no_process_behind_when_it_is_stopped_while_it_starts(data_dir):
    server = LiveServer(data_dir)
    server.launch()
    # The database is up by now, and migrations have begun or are about to.
    assert wait_for(lambda: (data_dir / "postgres" / "postmaster.pid").exists())
    os.kill(server.pid, signal.SIGTERM)
    assert server.process.wait(30) == 0
    assert server.process.stdout.read() == b""
    server.process.stdout.close()
    assert processes_of(data_dir) == []


def test_it_starts_at_once_after_it_was_killed_and_has_kept_what_was_stored(server):
    key = server.api_key
    # The database may be taken over, as it holds nobody's port and nothing half done.
    children = {pid for pid in processes_of(server.data_dir) if "postgres" not in command_of(pid)}
    os.kill(server.pid, signal.SIGKILL)
    server.process.wait()
    again = LiveServer(server.data_dir, port=server.port).start()
    try:
        assert again.request("/health", key="").status == 200
        assert again.request("/api/v1/events", b"{}", key=key, Content_Type="application/json").status == 400
        assert wait_for(lambda: not children & set(processes_of(server.data_dir)))
    finally:
        again.stop()
    assert processes_of(server.data_dir) == []


def test_its_children_end_by_themselves_when_it_was_killed_and_nobody_starts_it_again(server):
    os.kill(server.pid, signal.SIGKILL)
    server.process.wait()
    assert wait_for(lambda: processes_of(server.data_dir) == [])


@pytest.mark.parametrize(("_case", "word"), [("the web server", "granian"), ("the worker", "manage.py work")])
def test_it_starts_a_child_again_that_died(server, _case, word):
    old = child_running(server, word)
    os.kill(old, signal.SIGKILL)
    assert wait_for(lambda: child_running(server, word) not in {None, old})
    assert wait_for(lambda: is_healthy(server))
    assert "ended unexpectedly (exit code -9); starting it again" in server.log


def test_it_starts_the_database_again_when_that_died(server):
    keeper = child_running(server, "postgres_keeper")
    os.kill(keeper, signal.SIGKILL)
    assert wait_for(lambda: child_running(server, "postgres_keeper") not in {None, keeper})
    assert wait_for(lambda: is_healthy(server))
    assert server.request("/api/v1/events", b"{}", Content_Type="application/json").status == 400


def is_healthy(server):
    try:
        return server.request("/health", key="").status == 200
    except OSError:
        return False
