"""Seeing that another thread waits in the database."""

import time

from django.db import connection

_WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
_PATIENCE_SECONDS = 30


def wait_until_waiting(count: int = 1) -> None:
    """Return once this many connections wait for a lock."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            # Inside a transaction the first look would be repeated for ever.
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(_WAITING)
            if cursor.fetchone()[0] >= count:
                return
        time.sleep(0.01)
    raise AssertionError(f"{count} connections should be waiting for a lock by now.")
