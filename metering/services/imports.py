"""Take in the events of a CSV file: in batches, from where an import of the same file stopped."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from itertools import islice
from typing import Any, BinaryIO

import msgspec
from django.db import OperationalError, connection, transaction

from metering.csv_file import Layout, RejectedRow, RejectedRows, Row, read_rows
from metering.csv_rows import Columns, UnusableRow, has_unclear_time, row_id, to_event
from metering.errors import DomainError
from metering.ingest.decode import MAX_EVENTS, InvalidEvents, NewEvent, decode_events
from metering.ingest.writer import WriteResult, store_events
from metering.models import EventImport
from metering.services.earlier_imports import find_start, reading_hash

_MOST_BYTES = 8 << 20
_CHUNK = 1 << 20
# After a kill, the server still ends the statement that was running.
_LOCK_PATIENCE = "15s"
_encode = msgspec.json.Encoder().encode


class ImportIsRunning(DomainError):
    status = 409
    code = "import_is_running"


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds, whatever its name: a hash in hexadecimal digits, and its size in bytes."""

    hash: str
    size: int


@dataclass(frozen=True, slots=True)
class RowsRead:
    """
    Rows in a row: where they start and end, the events they make, and those that make none.

    `unclear_times` counts rows whose local time their zone skips or has twice.
    """

    start: int
    end: int
    last_line: int
    events: Sequence[NewEvent]
    rejected: Sequence[RejectedRow]
    unclear_times: int = 0


def hash_content(file: BinaryIO, *, say: Callable[[int], object]) -> Content:
    """Read a file to its end; `say` is told of each number of bytes that were read."""
    digest, size = blake2b(digest_size=16), 0
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
        say(len(chunk))
    return Content(digest.hexdigest(), size)


@contextmanager
def alone(content: Content) -> Iterator[None]:
    """
    Keep every other import of the same content out meanwhile, on this database connection.

    :raises ImportIsRunning: if one is running and goes on.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [_LOCK_PATIENCE])
        key = int(content.hash[:15], 16)
        try:
            # In a transaction of its own, so that a refusal spoils none.
            with transaction.atomic():
                cursor.execute("SELECT pg_advisory_lock(%s)", [key])
        except OperationalError as error:
            if "lock timeout" not in str(error):
                raise
            raise ImportIsRunning(
                "Another process is importing this file. Wait until it ends: it does not need a second one."
            ) from None
        finally:
            cursor.execute("RESET lock_timeout")
    try:
        yield
    finally:
        if not connection.needs_rollback and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


def find_import(*, content: Content, layout: Layout, columns: Columns) -> EventImport | None:
    """Return the import of a file's content by these columns, if one was begun."""
    return EventImport.objects.filter(hash=reading_hash(content.hash, layout, columns)).first()


@transaction.atomic
def open_import(
    file: BinaryIO,
    *,
    content: Content,
    layout: Layout,
    columns: Columns,
    name: str,
    rejected: RejectedRows,
    at: datetime,
    counts_again: bool = False,
) -> tuple[EventImport, EventImport | None]:
    """
    Return the import of a file's content by these columns, begun or new, and the earlier one that a new one continues.

    A new one finds no rejected rows of another: it gives their file another name. The caller keeps other imports of the
    same content out.

    :raises RowsWereImported: if it is new, and an earlier one began with about the same rows; not if it counts again.
    """
    begun = find_import(content=content, layout=layout, columns=columns)
    if begun is not None:
        return begun, None
    start = find_start(file, layout=layout, columns=columns, content_hash=content.hash, counts_again=counts_again)
    rejected.set_aside()
    made = EventImport.objects.create(
        hash=reading_hash(content.hash, layout, columns),
        content_hash=content.hash,
        identity=start.identity,
        first_rows=start.first_rows,
        name=name,
        columns=list(columns.describe().items()),
        size=content.size,
        position=start.position,
        line=start.line,
        created_at=at,
        updated_at=at,
    )
    return made, start.after


def read_on(
    file: BinaryIO,
    *,
    layout: Layout,
    columns: Columns,
    identity: str,
    position: int,
    line: int,
    at: datetime,
    most_rows: int | None = None,
) -> Iterator[RowsRead]:
    """
    Return the file's rows (all, or at most so many) from a place on: events that the ingestion takes, and the others.

    Each part fits into one batch. Ids of rows without one begin with `identity`. `at` is the time that the ingestion
    takes for events without one: here all have one.
    """
    file.seek(position)
    rows = islice(
        read_rows(file, delimiter=layout.delimiter, encoding=layout.encoding, position=position, line=line), most_rows
    )
    while part := _part(rows, position):
        events, rejected = _events_of(part, columns, identity, at)
        unclear = sum(has_unclear_time(columns, row) for row in part)
        yield RowsRead(position, part[-1].end, part[-1].last_line, events, rejected, unclear)
        position = part[-1].end


@transaction.atomic
def store_rows(*, import_id: int, read: RowsRead, rejected: RejectedRows, at: datetime) -> EventImport:
    """
    Store the events of rows as one batch, set the others apart, and move the import's position behind them.

    :raises ImportIsRunning: if another process has moved the position.
    """
    event_import = EventImport.objects.select_for_update().get(pk=import_id)
    if event_import.position != read.start:
        raise ImportIsRunning("Another process has imported these rows. Run the command again to see how far it is.")
    result = store_events(read.events, at=at) if read.events else WriteResult(0, 0, 0, 0)
    event_import.accepted += result.accepted
    event_import.duplicate += result.duplicate
    event_import.conflict += result.conflict
    event_import.rejected += len(read.rejected)
    event_import.unclear_times += read.unclear_times
    event_import.rejected_position = rejected.add(read.rejected, after=event_import.rejected_position)
    event_import.position, event_import.line, event_import.updated_at = read.end, read.last_line, at
    event_import.save()
    return event_import


@transaction.atomic
def finish_import(*, import_id: int, at: datetime) -> EventImport:
    """Note that the file was read to its end."""
    event_import = EventImport.objects.select_for_update().get(pk=import_id)
    event_import.position = event_import.size
    event_import.finished_at = event_import.updated_at = at
    event_import.save()
    return event_import


def _part(rows: Iterator[Row], position: int) -> list[Row]:
    """Return the next rows: as many as a batch may hold, and not many more bytes than are kept in memory at ease."""
    part: list[Row] = []
    for row in islice(rows, MAX_EVENTS):
        part.append(row)
        if row.end - position > _MOST_BYTES:
            break
    return part


def _events_of(
    rows: Sequence[Row], columns: Columns, identity: str, at: datetime
) -> tuple[list[NewEvent], list[RejectedRow]]:
    names_ids = "id" in columns.places
    made: list[tuple[Row, dict[str, Any]]] = []
    rejected: list[RejectedRow] = []

    def reject(row: Row, reason: str) -> None:
        rejected.append(RejectedRow(row, reason, None if names_ids else row_id(identity, row)))

    for row in rows:
        try:
            made.append((row, to_event(columns, row, row_id(identity, row))))
        except UnusableRow as problem:
            reject(row, str(problem))
    try:
        return _decode([event for _, event in made], at), rejected
    except InvalidEvents:
        events: list[NewEvent] = []
        for row, event in made:
            try:
                events += _decode([event], at)
            except InvalidEvents as refusal:
                reject(row, _about_columns(refusal, columns))
        return events, sorted(rejected, key=lambda each: each.row.line)


def _decode(events: Sequence[dict[str, Any]], at: datetime) -> list[NewEvent]:
    return decode_events(_encode(events), "application/json", at=at, api_key_id=None) if events else []


def _about_columns(refusal: InvalidEvents, columns: Columns) -> str:
    """Return the ingestion's sentence, with the column that the field came from in place of the event's number."""
    sentence = refusal.message.removeprefix("Event 0 (counted from 0): ")
    for error in refusal.extensions.get("validationErrors", []):  # type: ignore[attr-defined]
        place = columns.places.get(error["field"].rpartition(".")[2])
        if place is not None:
            return f"Column {columns.header[place]}: {sentence}"
    return sentence[:1].upper() + sentence[1:]
