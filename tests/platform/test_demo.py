"""`manage.py demo` as somebody runs it: a company is built, served and kept moving, in a folder of its own."""

import http.server
import re
import signal
import subprocess
import sys
import threading

import pytest

from billing_site.demo import client as demo_client
from billing_site.demo.client import ApiClient
from billing_site.embedded_postgres import EmbeddedPostgres
from tests.live_server import ROOT, environment, free_port, processes_of, wait_for

MARKER = "made-by-demo"


def launch(folder, *arguments, **variables):
    return subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "demo", *arguments],
        env=environment(folder.parent / "other", BILLING_DEMO_DIR=str(folder), **variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def refusal_of(folder, *arguments, **variables):
    out, error = launch(folder, *arguments, **variables).communicate(timeout=60)
    assert out == ""
    assert len(error.strip().splitlines()) == 1, error
    return error


@pytest.fixture(scope="module")
def demo(spare_data_dir):
    """A small demo that serves: its folder, its process and what it printed until it was ready."""
    folder = spare_data_dir.parent / "demo"
    process = launch(folder, "--port", str(free_port()), "--customers", "3", "--days", "40")
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("ready "):
            break
    assert lines[-1].startswith("ready "), process.stderr.read()
    yield folder, process, "".join(lines)
    assert stopped_by(signal.SIGTERM, process) == (0, "")
    assert wait_for(lambda: not processes_of(folder))


def stopped_by(signum, process):
    """Send a signal; return the exit code and what was written to standard error."""
    process.send_signal(signum)
    _, error = process.communicate(timeout=60)
    return process.returncode, error


def test_it_prints_what_it_made_and_what_to_try(demo):
    _, _, text = demo
    # The customers asked for, and the one with a test clock.
    assert re.search(r"9 customers, [\d,]+ events posted over HTTP, [1-9]\d* invoices issued", text)
    for part in ("/admin/", "sign in as operator@", "sign in as billing@", "curl -i http", "from openmeter import"):
        assert part in text


def test_its_curl_line_posts_an_event(demo):
    _, _, text = demo
    line = re.search(r"^  curl -i .*?^$", text, re.DOTALL | re.MULTILINE)[0]
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("HTTP/1.1 204"), done.stderr


def test_its_invoices_pass_the_audit(demo):
    folder, _, _ = demo
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "audit"], env=environment(folder), capture_output=True, timeout=120
    )
    assert done.returncode == 0, done.stdout


def test_it_leaves_a_demo_alone_that_runs_in_its_folder(demo):
    folder, process, _ = demo
    before = sorted(path.name for path in folder.iterdir())
    assert f"A demo is running in {folder}. Stop it" in refusal_of(folder, "--port", str(free_port()))
    assert sorted(path.name for path in folder.iterdir()) == before
    assert process.poll() is None


def test_it_starts_clean_and_leaves_no_process_when_it_is_interrupted(data_dir):
    folder = data_dir.parent / "demo"
    folder.mkdir()
    (folder / MARKER).touch()
    (folder / "leftover").touch()
    process = launch(folder, "--port", str(free_port()), "--customers", "2", "--days", "2")
    assert wait_for(lambda: EmbeddedPostgres(folder).is_running(), 60)
    assert not (folder / "leftover").exists()
    assert stopped_by(signal.SIGINT, process) == (0, "")
    assert wait_for(lambda: not processes_of(folder))


def test_of_two_that_start_at_once_in_one_folder_one_is_refused(data_dir):
    folder = data_dir.parent / "demo"
    both = [launch(folder, "--port", str(free_port()), "--customers", "2", "--days", "2") for _ in range(2)]
    assert wait_for(lambda: any(process.poll() is not None for process in both), 60)
    [refused] = [process for process in both if process.poll() is not None]
    [other] = [process for process in both if process is not refused]
    assert f"A demo is running in {folder}. Stop it" in refused.communicate(timeout=60)[1]
    assert wait_for(lambda: EmbeddedPostgres(folder).is_running(), 60)
    assert stopped_by(signal.SIGTERM, other) == (0, "")
    assert wait_for(lambda: not processes_of(folder))


def test_it_leaves_no_process_when_it_is_killed(data_dir):
    folder = data_dir.parent / "demo"
    process = launch(folder, "--port", str(free_port()), "--customers", "2", "--days", "2")
    assert wait_for(lambda: EmbeddedPostgres(folder).is_running(), 60)
    process.kill()
    process.communicate(timeout=60)
    assert wait_for(lambda: not processes_of(folder), 60)


def test_it_refuses_a_database_that_is_not_its_own(data_dir):
    assert "Unset DATABASE_URL" in refusal_of(data_dir / "demo", DATABASE_URL="postgres://127.0.0.1:1/none")


def test_it_refuses_a_folder_that_no_demo_made(data_dir):
    data_dir.mkdir()
    (data_dir / "books.csv").touch()
    assert "holds something that no demo made" in refusal_of(data_dir, "--port", str(free_port()))
    assert (data_dir / "books.csv").exists()


class _ClosesIdle(http.server.BaseHTTPRequestHandler):
    """Keeps a connection for a tenth of a second; like the real server it says nothing when it closes it."""

    protocol_version = "HTTP/1.1"
    timeout = 0.1

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def finish(self):
        super().finish()
        self.server.closed.set()

    def log_message(self, *_):
        pass


def test_its_client_goes_on_after_a_pause_in_which_the_server_hung_up(monkeypatch):
    monkeypatch.setattr(demo_client, "_LONGEST_IDLE_SECONDS", 0)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _ClosesIdle) as server:
        server.closed = threading.Event()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        client = ApiClient(host="127.0.0.1", port=server.server_port, api_key="k")
        assert client.post("/", {}) == {}
        assert server.closed.wait(10)
        assert client.post("/", {}) == {}
        server.shutdown()
