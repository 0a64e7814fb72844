"""How much memory the processes of an installation hold."""

from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Memory:
    """
    Megabytes of web and worker with all their children.

    `resident` adds up what each maps, so that what forks share counts several times; in `proportional` it counts once.
    """

    resident: float
    proportional: float


def memory_of(serve_pid: int) -> Memory:
    """Return what the web and worker processes hold that `serve` started."""
    resident = proportional = 0
    for process in psutil.Process(serve_pid).children(recursive=True):
        try:
            if process.environ().get("BILLING_PROCESS") in {"web", "worker"}:
                held = process.memory_full_info()
                resident += held.rss
                proportional += held.pss
        except psutil.NoSuchProcess:
            continue
    return Memory(resident=resident / 2**20, proportional=proportional / 2**20)
