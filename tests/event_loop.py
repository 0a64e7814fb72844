"""An event loop in a thread of its own, as a web process has one, for tests that are plain functions."""

import asyncio
import threading
from functools import cache

_SECONDS = 60


@cache
def _loop():
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="tests-event-loop", daemon=True).start()
    return loop


def start(coroutine):
    """Have the loop run a coroutine; the future's result is what it returns."""
    return asyncio.run_coroutine_threadsafe(coroutine, _loop())


def in_loop(coroutine):
    """Return what a coroutine returns once the loop has run it."""
    return start(coroutine).result(_SECONDS)
