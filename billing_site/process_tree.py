"""The processes that `serve` is responsible for: started, watched, started again, ended, none left behind."""

import http.client
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from billing_site.processes import die_with_parent, kill_group, wait_until

_MOST_RESTARTS = 5
_RESTART_WINDOW_SECONDS = 60
_READY_SECONDS = 120
_GONE_SECONDS = 10
READY_DESCRIPTOR = "BILLING_READY_FD"


class Stopped(BaseException):
    """A signal asked this process to stop; raised in the main thread, wherever it is."""


class ChildFailed(Exception):
    """A child does not start or does not stay; the message is one sentence for the operator."""


class StopSignals:
    """Turn the first SIGTERM, SIGINT or SIGHUP inside a `with` block into `Stopped`, and ignore those after it."""

    def __init__(self) -> None:
        self._asked = False
        self._held = False

    def __enter__(self) -> "StopSignals":
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._note)
        return self

    def __exit__(self, *exception: object) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)

    def ignore(self) -> None:
        self._asked = True

    @contextmanager
    def held(self) -> Iterator[None]:
        """Put a stop off until the end of the block, where an interruption would lose track of a child."""
        asked_before, self._held = self._asked, True
        try:
            yield
        finally:
            self._held = False
        if self._asked and not asked_before:
            raise Stopped

    def _note(self, number: int, frame: FrameType | None) -> None:
        first, self._asked = not self._asked, True
        if first and not self._held:
            raise Stopped


@dataclass
class Child:
    """One child process with its own process group, and how to tell that it is ready."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    health_address: tuple[str, int] | None = None
    process: subprocess.Popen[bytes] | None = None
    starts: deque[float] = field(default_factory=lambda: deque(maxlen=_MOST_RESTARTS + 1))
    _ready: int | None = None

    def start(self) -> None:
        read_end, write_end = os.pipe()
        self.close()
        self.process = subprocess.Popen(
            self.command,
            env={**self.environment, READY_DESCRIPTOR: str(write_end)},
            pass_fds=[write_end],
            stdin=subprocess.DEVNULL,
            # Standard output is for the ready line alone.
            stdout=sys.stderr.fileno(),
            process_group=0,
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
        os.close(write_end)
        self._ready = read_end
        self.starts.append(time.monotonic())

    @property
    def exit_code(self) -> int | None:
        return self.process.poll() if self.process else None

    @property
    def restarts_too_often(self) -> bool:
        return len(self.starts) > _MOST_RESTARTS and time.monotonic() - self.starts[0] < _RESTART_WINDOW_SECONDS

    def is_ready(self) -> bool:
        """Answer whether it serves: by its health address where it has one, else by its word on the descriptor."""
        if self.health_address:
            return _is_healthy(*self.health_address)
        if self._ready is None:
            return False
        readable, _, _ = select.select([self._ready], [], [], 0)
        return bool(readable) and os.read(self._ready, 1) != b""

    def close(self) -> None:
        if self._ready is not None:
            os.close(self._ready)
            self._ready = None


class ProcessTree:
    """The children of one `serve`, which `record` names for the next one, should this one be killed."""

    def __init__(self, *, record: Path, signals: StopSignals, say: Callable[[str], None]) -> None:
        self._record = record
        self._signals = signals
        self._say = say
        self._children: list[Child] = []

    def start(self, child: Child) -> None:
        with self._signals.held():
            child.start()
            if child not in self._children:
                self._children.append(child)
            self._write_record()

    def wait_until_ready(self) -> None:
        """
        Wait until every child serves.

        :raises ChildFailed: if one ends instead, or takes longer than two minutes.
        """
        deadline = time.monotonic() + _READY_SECONDS
        for child in self._children:
            while not child.is_ready():
                if child.exit_code is not None:
                    raise ChildFailed(
                        f"The {child.name} ended while starting (exit code {child.exit_code}); see its messages above."
                    )
                if time.monotonic() > deadline:
                    raise ChildFailed(f"The {child.name} was not ready within {_READY_SECONDS} seconds.")
                time.sleep(0.05)

    def restart_dead(self) -> None:
        """
        Start every child again that has ended on its own, after ending what is left of its group.

        :raises ChildFailed: if it does so again and again.
        """
        for child in self._children:
            if child.process is None or child.exit_code is None:
                continue
            kill_group(child.process.pid)
            if child.restarts_too_often:
                raise ChildFailed(
                    f"The {child.name} ends again and again (exit code {child.exit_code}); see its messages above."
                )
            self._say(f"The {child.name} ended unexpectedly (exit code {child.exit_code}); starting it again.")
            self.start(child)

    def stop(self, grace_seconds: float = 10) -> None:
        """
        Ask every child to end by a signal to its own pid, and kill the groups after the grace time.

        One pid alone, because a signal to all of qcluster's processes at once makes it wait for ever.
        """
        processes = [child.process for child in self._children if child.process]
        for process in processes:
            process.terminate()
        deadline = time.monotonic() + grace_seconds
        for process in processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
            kill_group(process.pid)
            process.wait()
        for child in self._children:
            child.close()
        if processes:
            self._record.unlink(missing_ok=True)

    def _write_record(self) -> None:
        pids = [os.getpid(), *(child.process.pid for child in self._children if child.process)]
        self._record.write_text(json.dumps([[pid, _start_time(pid)] for pid in pids]))


def _is_healthy(host: str, port: int) -> bool:
    web = http.client.HTTPConnection(host, port, timeout=5)
    try:
        web.request("GET", "/health", headers={"Host": "localhost"})
        return web.getresponse().status == http.HTTPStatus.OK
    except (http.client.HTTPException, OSError):
        return False
    finally:
        web.close()


def kill_orphans(record: Path) -> None:
    """
    Kill the children of a `serve` that was itself killed, and return once they have gone and their port is free.

    They have been told to end by the kernel; this only spares the wait. A pid counts only with its start time,
    because pids are used again.
    """
    try:
        (parent, parent_start), *children = json.loads(record.read_text())
    except (FileNotFoundError, ValueError):
        return
    if _start_time(parent) == parent_start:
        return
    for pid, start in children:
        if start is not None and _start_time(pid) == start:
            kill_group(pid)
            wait_until(lambda group=pid: not _members(group), seconds=_GONE_SECONDS)  # type: ignore[misc]
    record.unlink(missing_ok=True)


def _members(group: int) -> list[int]:
    """Return the processes of a group that have not ended."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state, _, its_group, *_ = (process / "stat").read_text().rsplit(")", 1)[1].split()
            if int(its_group) == group and state != "Z":
                found.append(int(process.name))
    return found


def _start_time(pid: int) -> Any:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    # Field 22 of proc(5), counted from the state, which is field 3. A zombie has ended.
    return None if fields[0] == "Z" else int(fields[19])
