"""Load by wrk: events a second that were answered, each after its commit."""

import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from billing_site.bench.installation import BenchFailed, Installation, environment_for, free_port, running

_SCRIPT = Path(__file__).parent / "post_events.lua"
_START_SECONDS = 20
PATH = "/api/v1/events"


def require_wrk() -> None:
    """
    Pass if wrk is there.

    :raises BenchFailed: if it is not.
    """
    if shutil.which("wrk") is None:
        raise BenchFailed("The bench needs wrk. Install it, on Debian by: apt-get install wrk.")


def post(url: str, *, key: str, seconds: int, connections: int, size: int = 1, way: str = "lane") -> float:
    """
    Return events a second, posted `size` at a time by one thread of wrk.

    :raises BenchFailed: if a request was refused or lost.
    """
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", str(_SCRIPT), url + PATH]
    run = uuid.uuid4().hex[:12]
    done = subprocess.run([*command, "--", key, run, str(size), way], capture_output=True, text=True, check=True)
    [line] = [line for line in done.stdout.splitlines() if line.startswith("result ")]
    requests, microseconds, errors = (int(word) for word in line.split()[1:])
    if errors or not requests:
        raise BenchFailed(f"{errors} of {requests} requests failed:\n{done.stdout}")
    return requests * size / (microseconds / 1_000_000)


@contextmanager
def noop_server(installation: Installation, threads: int) -> Iterator[str]:
    """Serve the no-op application as `serve` serves the real one, and return its address."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "granian", "billing_site.bench.noop:application", "--interface", "wsgi"),
        *("--http", "1", "--no-ws", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
        *("--blocking-threads", str(threads), "--log-level", "error"),
    ]
    with running(command, environment_for(installation.data_dir)):
        url = f"http://127.0.0.1:{port}"
        _wait_for(url)
        yield url


def _wait_for(url: str) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        try:
            opener.open(url, timeout=1).close()
            return
        except (OSError, urllib.error.URLError):
            time.sleep(0.1)
    raise BenchFailed("The no-op server did not start.")
