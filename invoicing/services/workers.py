"""Work that is shared out among threads, each with a connection to the database of its own."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any, TypeVar

import pghistory
from django.db import connection

_Part = TypeVar("_Part")


def share_out(work: Callable[[_Part], None], parts: Iterable[_Part], *, workers: int) -> None:
    """
    Do the work for every part, several at once; what one worker cannot do stops the others after their part.

    Changes are attributed to the caller's actor. With one worker it is done by the caller, on the caller's connection.
    """
    queue = _Queue(parts)
    if workers <= 1:
        _drain(queue, work)
        return
    with pghistory.context() as context:
        actor = dict(context.metadata)
    with ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(_drain_apart, queue, work, actor) for _ in range(workers)]:
            done.result()


class _Queue(Iterator[_Part]):
    """Hands each part to one worker; empty once something failed."""

    def __init__(self, parts: Iterable[_Part]) -> None:
        self._parts = iter(parts)
        self._lock = Lock()

    def __next__(self) -> _Part:
        with self._lock:
            return next(self._parts)

    def stop(self) -> None:
        with self._lock:
            self._parts = iter(())


def _drain(queue: _Queue[_Part], work: Callable[[_Part], None]) -> None:
    for part in queue:
        work(part)


def _drain_apart(queue: _Queue[_Part], work: Callable[[_Part], None], actor: dict[str, Any]) -> None:
    try:
        with pghistory.context(**actor):
            _drain(queue, work)
    except BaseException:
        queue.stop()
        raise
    finally:
        connection.close()
