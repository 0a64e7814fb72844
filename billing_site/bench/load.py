"""Load by wrk: events a second that were answered, each after its commit."""

import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from billing_site.bench.installation import BenchFailed, Installation, environment_for, free_port, running

_FOLDER = Path(__file__).parent
_ARRIVING_CONNECTIONS = 16
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
    with _running(url, "post_events.lua", seconds, connections, key, size, way) as wrk:
        return _rate(wrk, size)


@contextmanager
def arriving(
    installation: Installation, *, rate: int, seconds: int, size: int, kind: str, subjects: int
) -> Iterator[Callable[[], float]]:
    """
    Post `rate` events a second for so long, at an even pace; what it yields waits for the end and returns the rate.

    :raises BenchFailed: if a request was refused or lost.
    """
    words = (installation.api_key, size, rate // size, kind, subjects)
    with _running(installation.url, "arrivals.lua", seconds, _ARRIVING_CONNECTIONS, *words) as wrk:
        yield lambda: _rate(wrk, size)


@contextmanager
def _running(
    url: str, script: str, seconds: int, connections: int, key: str, *words: object
) -> Iterator["subprocess.Popen[str]"]:
    # Ids that no other run uses.
    run = uuid.uuid4().hex[:12]
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s"]
    command += ["-s", str(_FOLDER / script), url + PATH, "--", key, run, *(str(word) for word in words)]
    wrk = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield wrk
    finally:
        if wrk.poll() is None:
            wrk.terminate()
        wrk.wait()


def _rate(wrk: "subprocess.Popen[str]", size: int) -> float:
    text, _ = wrk.communicate()
    found = [line for line in text.splitlines() if line.startswith("result ")]
    requests, microseconds, errors = (int(word) for word in found[0].split()[1:]) if found else (0, 1, 0)
    if errors or not requests:
        raise BenchFailed(f"{errors} of {requests} requests failed:\n{text}")
    return requests * size / (microseconds / 1_000_000)


@contextmanager
def noop_server(installation: Installation) -> Iterator[str]:
    """Serve the no-op application as `serve` serves the real one, and return its address."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "granian", "billing_site.bench.noop:application", "--interface", "rsgi"),
        *("--http", "1", "--no-ws", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
        *("--log-level", "error"),
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
