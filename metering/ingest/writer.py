"""The one way events get into the database: one transaction is one batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import msgspec
from django.db import DataError, connection, transaction
from psycopg.types.json import Json

from metering.errors import DomainError
from metering.ingest.decode import NewEvent

CHANNEL = "metering_batch"
_WRITE = "SELECT batch_id, accepted, duplicate, conflict FROM metering_write_events(%s, %s)"
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
            result = write_events(cursor, events, at=at)
    except DataError as error:
        raise not_storable(error) from error
    transaction.on_commit(_notify)
    return result


def _notify() -> None:
    # After the commit, because one with a NOTIFY in it holds up all others.
    with connection.cursor() as cursor:
        cursor.execute(f"NOTIFY {CHANNEL}")
