"""The demo's own data folder and server process."""

import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from billing_site.data_dir import socket_dir
from billing_site.embedded_postgres import EmbeddedPostgres
from billing_site.processes import FileLock, die_with_parent

_MARKER = "made-by-demo"
_START_SECONDS = 90
_STOP_SECONDS = 30


class CannotStart(Exception):
    """The demo refuses, or its server did; the message says what to change."""


def clean_folder(folder: Path) -> None:
    """
    Empty the demo's folder, and make it if it is missing.

    :raises CannotStart: if a demo runs in it, if it holds anything that a demo did not make, or can't be emptied.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARKER).exists():
        raise CannotStart(
            f"{folder} holds something that no demo made. Move it away, or name another BILLING_DEMO_DIR."
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _claim(folder)
        if folder.exists():
            shutil.rmtree(folder)
        shutil.rmtree(socket_dir(folder), ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / _MARKER).write_text("The demo empties this folder each time it starts.\n")
    except OSError as error:
        raise CannotStart(f"{folder} can't be emptied ({error.strerror}). Name another BILLING_DEMO_DIR.") from error


def refuse_taken_port(port: int) -> None:
    """
    Look before anything is emptied, since a demo that still runs is using the folder.

    :raises CannotStart: if something listens on the port.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CannotStart(f"Port {port} is taken. Stop what listens there, or give another --port.") from error


def _claim(folder: Path) -> None:
    """Hold the folder until this process ends, by a lock beside it, as what is in it is about to be removed."""
    lock = FileLock(folder.with_name(f"{folder.name}.lock"))
    # Who starts a `serve` there by hand holds no such lock.
    if not lock.take(wait=False) or EmbeddedPostgres(folder).is_running():
        raise CannotStart(f"A demo is running in {folder}. Stop it, or name another BILLING_DEMO_DIR.")
    lock.keep_across_exec()


@contextmanager
def running_server(*, manage: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """
    Run `manage.py serve` for the length of the block; what it prints (sign-in codes) appears on the terminal.

    :raises CannotStart: if it does not answer in time.
    """
    command = [sys.executable, str(manage), "serve", "--port", str(port)]
    server = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
        start_new_session=True,
        preexec_fn=die_with_parent(),
    )
    ready = threading.Event()
    threading.Thread(target=_pass_on, args=(server, ready), daemon=True).start()
    try:
        if not ready.wait(_START_SECONDS) or server.poll() is not None:
            raise CannotStart("The server did not start; what it said stands above.")
        yield server
    finally:
        server.terminate()
        try:
            server.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()


def _pass_on(server: "subprocess.Popen[str]", ready: threading.Event) -> None:
    if server.stdout is None:
        return
    for line in server.stdout:
        if line.startswith("ready "):
            ready.set()
        else:
            print(line, end="", flush=True)
    ready.set()
