"""Starting and ending child processes so that none outlives the process that is responsible for it."""

import ctypes
import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

_PR_SET_PDEATHSIG = 1
# Loaded before any fork: a child between fork and exec may not load libraries.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent(death_signal: int = signal.SIGTERM) -> Callable[[], None]:
    """
    Return a `preexec_fn` that has the kernel send `death_signal` to the child once its parent has died.

    The parent must create the child in its main thread, because the kernel watches the creating thread. Where the
    kernel is not Linux, the child gets no signal.
    """
    parent = os.getpid()

    def ask_kernel() -> None:
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent:
            os._exit(1)

    return ask_kernel


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def wait_until(condition: Callable[[], bool], *, seconds: float, step: float = 0.05) -> bool:
    """Ask `condition` every `step` seconds until it holds; answer whether it did within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(step)
    return True


def kill_group(group: int) -> None:
    """Kill what is left of a process group; an empty one is fine."""
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


class FileLock:
    """
    An advisory lock on a file, shared or exclusive, which the kernel drops when its holder dies.

    The file stays: removing it would let two holders lock two files of the same name.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    @property
    def is_held(self) -> bool:
        return self._descriptor is not None

    def take(self, *, shared: bool = False, wait: bool = True) -> bool:
        """Take the lock; answer False where that would have meant waiting."""
        if self._descriptor is None:
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        kind = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB)
        try:
            fcntl.flock(self._descriptor, kind)
        except BlockingIOError:
            self.release()
            return False
        return True

    def keep_across_exec(self) -> None:
        """Have the lock last until this process ends, also where it starts another program in its place."""
        if self._descriptor is not None:
            os.set_inheritable(self._descriptor, True)

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def is_free(self) -> bool:
        """Answer whether nobody holds the lock, by another handle than one this object may hold."""
        return self._could_take(shared=False)

    def is_shared(self) -> bool:
        """Answer whether another handle may share the lock: nobody holds it exclusively."""
        return self._could_take(shared=True)

    def _could_take(self, *, shared: bool) -> bool:
        probe = FileLock(self.path)
        could = probe.take(shared=shared, wait=False)
        probe.release()
        return could
