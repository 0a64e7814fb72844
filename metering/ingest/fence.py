"""Which batches are surely complete: the lock that writers share, and the bound that is read without blocking them."""

import time
from datetime import datetime

from django.db import connection

from metering.models import Batch, BatchKind, Correction

# The SQL function metering_write_events takes the same pair.
_WRITERS_LOCK = (7741, 1)
_FIRST_WAIT = 0.002
_LONGEST_WAIT = 0.1

_HOLDERS = """
    SELECT virtualtransaction FROM pg_locks
    WHERE locktype = 'advisory' AND classid = %s AND objid = %s AND objsubid = 2 AND pid <> pg_backend_pid()
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def start_batch(*, kind: BatchKind, at: datetime, reason: str = "", correction: Correction | None = None) -> Batch:
    """
    Draw the batch of this transaction, for a change to usage other than written events: one with nothing to roll up.

    The lock that tells the fence of us comes before the id, and is held until the transaction ends.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", _WRITERS_LOCK)
    return Batch.objects.create(
        kind=kind, received_at=at, reason=reason, correction=correction, is_rolled_up=kind != BatchKind.EVENTS
    )


def current_bound() -> int:
    """
    Return the highest batch id at or below which nothing is in flight, waiting for those who write right now.

    Blocks nobody: writers that start later draw higher ids. Call it outside a transaction, and read quantities in a
    later snapshot. 0 where there was never a batch.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM metering_batch_id_seq")
        bound = cursor.fetchone()[0]
        waiting = _holders()
        pause = _FIRST_WAIT
        while waiting:
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_WAIT)
            waiting &= _holders()
    return bound


def _holders() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(_HOLDERS, _WRITERS_LOCK)
        return {row[0] for row in cursor.fetchall()}
