"""A loop for work that a queue polled by the minute is too slow for: woken by NOTIFY, else each second."""

import logging
import time
from collections.abc import Callable

import psycopg
from django.db import connection

logger = logging.getLogger(__name__)

_LONGEST_WAIT_SECONDS = 1.0
# Under load there is always something to do. After a step that had little of it, the loop pauses for some times as long
# as that took, so that more comes together: it works for a fifth of the time while it keeps up, and leaves the rest to
# those who are waited for. That costs nobody anything, as reads don't depend on it. After a long step it goes on.
_SHORTEST_PAUSE_SECONDS = 0.2
_LONG_STEP_SECONDS = 0.25
_PAUSE_FACTOR = 4
_LONGEST_BACK_OFF_SECONDS = 30.0


def run_woken_loop(*, channel: str, step: Callable[[], int], stopping: Callable[[], bool]) -> None:
    """
    Call `step` until it has nothing left to do, then wait for a notification on `channel`, until `stopping`.

    `step` answers how much it did. What it raises is logged, and tried again later and later; so is a lost database.
    """
    back_off = _LONGEST_WAIT_SECONDS
    while not stopping():
        try:
            with _listen(channel) as listener:
                while not stopping():
                    started = time.monotonic()
                    did = step()
                    took = time.monotonic() - started
                    back_off = _LONGEST_WAIT_SECONDS
                    if not did:
                        _wait(listener)
                    elif took < _LONG_STEP_SECONDS:
                        _sleep(max(took * _PAUSE_FACTOR, _SHORTEST_PAUSE_SECONDS), stopping)
        except Exception:
            # The loop is the edge: nobody above could do better than log and try again.
            logger.exception("The loop on %s failed; trying again in %.0f s", channel, back_off)
            connection.close()
            _sleep(back_off, stopping)
            back_off = min(back_off * 2, _LONGEST_BACK_OFF_SECONDS)


def _listen(channel: str) -> psycopg.Connection:
    listener: psycopg.Connection = connection.get_new_connection(connection.get_connection_params())
    listener.autocommit = True
    listener.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(channel)))
    return listener


def _wait(listener: psycopg.Connection) -> None:
    if any(True for _ in listener.notifies(timeout=_LONGEST_WAIT_SECONDS, stop_after=1)):
        for _ in listener.notifies(timeout=0):
            pass


def _sleep(seconds: float, stopping: Callable[[], bool]) -> None:
    deadline = time.monotonic() + seconds
    while not stopping() and time.monotonic() < deadline:
        time.sleep(min(0.1, _SHORTEST_PAUSE_SECONDS))
