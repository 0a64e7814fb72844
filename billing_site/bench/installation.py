"""A fresh installation in a temporary folder, started as `manage.py serve` starts one."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
_STOP_SECONDS = 60


class BenchFailed(Exception):
    """A part of the bench cannot run; the message says why."""


@dataclass(frozen=True)
class Installation:
    """A server that answers on `url`, its data folder, an admin key, and the process that started all of it."""

    data_dir: Path
    url: str
    api_key: str
    pid: int


@contextmanager
def data_folder() -> Iterator[Path]:
    """Make a data folder that root's database user may enter, and remove it afterwards."""
    parent = Path(tempfile.mkdtemp(prefix="billing-bench-"))
    parent.chmod(0o711)
    try:
        yield parent / "data"
    finally:
        shutil.rmtree(parent, ignore_errors=True)


def environment_for(data_dir: Path, **variables: str) -> dict[str, str]:
    """Return this environment without the settings of the installation that the bench is started from."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BILLING_", "DATABASE_URL"))}
    return {**kept, "BILLING_DATA_DIR": str(data_dir), **variables}


@contextmanager
def serving(data_dir: Path) -> Iterator[Installation]:
    """Run `manage.py serve` on a free port."""
    port = free_port()
    command = [sys.executable, str(ROOT / "manage.py"), "serve", "--port", str(port)]
    with running(command, environment_for(data_dir)) as server:
        line = server.stdout.readline().decode() if server.stdout else ""
        if not line.startswith("ready "):
            raise BenchFailed("The server did not start; what it said is above.")
        key = manage(data_dir, "create_api_key", "bench", "--scope", "admin").strip()
        yield Installation(data_dir, f"http://127.0.0.1:{port}", key, server.pid)


@contextmanager
def running(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process, and end it as a service manager would."""
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd=ROOT, start_new_session=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(_STOP_SECONDS)


def manage(data_dir: Path, *arguments: str) -> str:
    """Return what a management command of the installation prints."""
    return _output([sys.executable, str(ROOT / "manage.py"), *arguments], data_dir)


def module(data_dir: Path, *arguments: str) -> str:
    """Return what a module prints that runs with the settings of the installation."""
    return _output([sys.executable, "-m", *arguments], data_dir)


def _output(command: list[str], data_dir: Path) -> str:
    done = subprocess.run(command, env=environment_for(data_dir), stdout=subprocess.PIPE, text=True, cwd=ROOT)
    if done.returncode:
        raise BenchFailed(f"{' '.join(command[1:3])} failed; what it said is above.")
    return done.stdout


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
