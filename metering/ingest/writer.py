"""The one way events get into the database: one transaction is one batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, Protocol

import msgspec
import psycopg
from django.db import DataError, connection, transaction
from psycopg.errors import UniqueViolation
from psycopg.types.json import Json

from metering.errors import DomainError
from metering.ingest.copy_lines import COLUMNS, copy_line
from metering.ingest.decode import NewEvent

CHANNEL = "metering_batch"
# From here on, copying events in is worth its four statements instead of one.
LARGE_REQUEST_EVENTS = 500
_SAMPLE = 8
_START_BATCH = """
    INSERT INTO metering_batch (id, kind, received_at, accepted, duplicate, conflict, first_event_at, is_rolled_up)
    SELECT batch_id, 'events', %s, %s, 0, 0, %s, false FROM metering_start_batch(%s::uuid[]) WHERE NOT is_known
    RETURNING id
"""
_COPY = f"COPY metering_event ({COLUMNS}) FROM STDIN"
_WRITE = "SELECT batch_id, accepted, duplicate, conflict FROM metering_write_events(%s, %s)"
_by_key = attrgetter("key")
_time = attrgetter("time")
_encode = msgspec.json.Encoder().encode


class EventsNotStorable(DomainError):
    code = "invalid_events"


class Cursor(Protocol):
    """What psycopg's cursor and Django's have in common."""

    def execute(self, query: Any, params: Any = ..., /) -> Any: ...

    def fetchone(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class WriteResult:
    """A batch, and how many of its events were new, sent before, or sent before with another content."""

    batch_id: int
    accepted: int
    duplicate: int
    conflict: int


def write_events(cursor: Cursor, events: Sequence[NewEvent], *, at: datetime) -> WriteResult:
    """
    Write events as one batch, within the caller's transaction or, on an autocommit connection, in one of its own.

    An event whose key is stored, or comes twice here, changes nothing.
    """
    return write_encoded(cursor, [encode_events(events)], at=at)


def encode_events(events: Sequence[NewEvent]) -> bytes:
    """Return at least one event as the database takes them, for `write_encoded`."""
    return _encode(events)[1:-1]


def write_encoded(cursor: Cursor, parts: Sequence[bytes], *, at: datetime) -> WriteResult:
    """Write the events of all parts as `write_events` does."""
    cursor.execute(_WRITE, (Json(parts, dumps=_as_array), at))
    return WriteResult(*cursor.fetchone())


def _as_array(parts: Sequence[bytes]) -> bytes:
    return b"[" + b",".join(parts) + b"]"


def write_many(connection: psycopg.Connection[Any], events: Sequence[NewEvent], *, at: datetime) -> WriteResult:
    """
    Write events as `write_events` does, in half the time where they are many and none of them was sent before.

    Within the transaction that has begun on the connection, or else in one of its own.
    """
    try:
        with connection.transaction(), connection.cursor() as cursor:
            return _copied(cursor, events, at) or write_events(cursor, events, at=at)
    except UniqueViolation:
        # One of them is there already, or comes twice here; that batch id stays without a batch.
        with connection.transaction(), connection.cursor() as cursor:
            return write_events(cursor, events, at=at)


def _copied(cursor: psycopg.Cursor[Any], events: Sequence[NewEvent], at: datetime) -> WriteResult | None:
    """Copy events in, or none where a look at some of them finds one that is there already."""
    sample = [event.key for event in events[:: len(events) // _SAMPLE or 1]]
    first_event_at = min(map(_time, events))
    started = cursor.execute(_START_BATCH, (at, len(events), first_event_at, sample)).fetchone()
    if started is None:
        return None
    with cursor.copy(_COPY) as copy:
        # In the order of their keys, like those of every other writer.
        copy.write("".join([copy_line(event, started[0]) for event in sorted(events, key=_by_key)]))
    return WriteResult(started[0], accepted=len(events), duplicate=0, conflict=0)


def not_storable(error: Exception) -> EventsNotStorable:
    """Return the refusal that a database's complaint about a value stands for."""
    reason = str(error).partition("\n")[0]
    return EventsNotStorable(f"The database cannot store an event of this request ({reason}). Change that value.")


@transaction.atomic
def store_events(events: Sequence[NewEvent], *, at: datetime) -> WriteResult:
    """
    Write events as one batch on Django's connection, within the caller's transaction if there is one.

    :raises EventsNotStorable: if the database refuses a value.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            if len(events) < LARGE_REQUEST_EVENTS:
                result = write_events(cursor, events, at=at)
            else:
                with connection.wrap_database_errors:
                    result = write_many(connection.connection, events, at=at)
    except DataError as error:
        raise not_storable(error) from error
    transaction.on_commit(_notify)
    return result


def _notify() -> None:
    # After the commit, because one with a NOTIFY in it holds up all others.
    with connection.cursor() as cursor:
        cursor.execute(f"NOTIFY {CHANNEL}")
