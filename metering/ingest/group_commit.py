"""
Threads that write the events of all waiting requests together: the previous commit is the delay.

One writes small requests; two write large ones, so that the database works on one while the other's answer is on its
way, and nobody who sends a single event waits for ten thousand of others.
"""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import Any

import psycopg
from django.db import connection as django_connection

from metering.errors import DomainError
from metering.ingest.decode import MAX_EVENTS, NewEvent
from metering.ingest.patience import Patience
from metering.ingest.writer import (
    CHANNEL,
    LARGE_REQUEST_EVENTS,
    encode_events,
    not_storable,
    write_encoded,
    write_many,
)

logger = logging.getLogger(__name__)

_MAX_GROUP_BYTES = 16 * 1024 * 1024
# What may wait or be written at one time; beyond it, a request is told to come back.
_MAX_QUEUED_BYTES = 64 * 1024 * 1024
_MAX_QUEUED_REQUESTS = 900
_LARGE_WRITERS = 2
_ATTEMPTS = 5
_ANSWER_SECONDS = 60
_NOTIFY_SECONDS = 0.25
# A statement that waits longer than this for another's uncommitted copy of an event gives way to the other requests.
_SERVER_OPTIONS = "-c statement_timeout=20s -c application_name=ingest"


class WriterUnavailable(DomainError):
    status = 503
    code = "unavailable"


class _Request:
    """Events that wait for their commit, and the future that is done when `error` says how it went."""

    __slots__ = ("at", "encoded", "error", "events", "size", "waiter")

    def __init__(self, events: Sequence[NewEvent], at: datetime, size: int, waiter: "asyncio.Future[None]") -> None:
        self.events = events
        # Here and not by the writer of small requests, because nothing is written while that does something else.
        self.encoded = b"" if self.is_large else encode_events(events)
        self.size = size
        self.at = at
        self.waiter = waiter
        self.error: Exception | None = None

    @property
    def is_large(self) -> bool:
        return len(self.events) >= LARGE_REQUEST_EVENTS


_Store = Callable[[psycopg.Connection[Any], Sequence[_Request], datetime], None]


class _Room:
    """What may wait to be written."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bytes = 0
        self._requests = 0

    def take(self, size: int) -> None:
        with self._lock:
            # One alone is always let in: the limit of its body bounds it.
            if self._requests and (self._bytes + size > _MAX_QUEUED_BYTES or self._requests >= _MAX_QUEUED_REQUESTS):
                raise WriterUnavailable("More events are waiting than can be stored. Send them again in a few seconds.")
            self._bytes += size
            self._requests += 1

    def give_back(self, group: Sequence[_Request]) -> None:
        with self._lock:
            self._bytes -= sum(request.size for request in group)
            self._requests -= len(group)


class GroupCommitWriter:
    """Hands events to this process's writer threads, which start with the first of them, after any fork."""

    def __init__(self) -> None:
        self._reset()
        os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        self._starting = threading.Lock()
        self._threads: list[_WriterThread] = []
        self._room = _Room()
        self._patience = Patience(_ANSWER_SECONDS, _give_up)

    async def write(self, events: Sequence[NewEvent], *, at: datetime, size: int) -> None:
        """
        Return once the events, at least one, are committed; `size` is the bytes they came in.

        :raises EventsNotStorable: if the database refuses a value; none of these events is stored.
        :raises WriterUnavailable: if too much is waiting, or the database does not answer; sending again is safe.
        """
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        request = _Request(events, at, size, waiter)
        self._room.take(request.size)
        self._thread_for(request).enqueue(request)
        self._patience.begin(waiter)
        try:
            await waiter
        finally:
            self._patience.end(waiter)

    def _thread_for(self, request: _Request) -> "_WriterThread":
        small, *large = self._threads or self._start()
        return min(large, key=_WriterThread.waiting) if request.is_large else small

    def _start(self) -> "list[_WriterThread]":
        with self._starting:
            if not self._threads:
                stores = [_store_small, *[_store_large] * _LARGE_WRITERS]
                threads = [_WriterThread(self._room, store) for store in stores]
                for thread in threads:
                    thread.start()
                self._threads = threads
            return self._threads


def _give_up(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_exception(
            WriterUnavailable("The database takes too long to store events. Send them again in a few seconds.")
        )


def _store_small(connection: psycopg.Connection[Any], group: Sequence[_Request], at: datetime) -> None:
    with connection.cursor() as cursor:
        write_encoded(cursor, [request.encoded for request in group], at=at)


def _store_large(connection: psycopg.Connection[Any], group: Sequence[_Request], at: datetime) -> None:
    write_many(connection, [event for request in group for event in request.events], at=at)


class _WriterThread(threading.Thread):
    def __init__(self, room: _Room, store: _Store) -> None:
        super().__init__(name="event-writer", daemon=True)
        self._room = room
        self._store = store
        self._queue: SimpleQueue[_Request] = SimpleQueue()
        self._is_writing = False
        self._next: _Request | None = None
        self._connection: psycopg.Connection[Any] | None = None
        self._notified = 0.0
        self._trouble = ""

    def enqueue(self, request: _Request) -> None:
        self._queue.put(request)

    def waiting(self) -> int:
        """About how many requests are before the next one."""
        return self._queue.qsize() + self._is_writing

    def run(self) -> None:
        while True:
            group = self._take()
            self._is_writing = True
            self._serve(group)
            self._is_writing = False
            self._room.give_back(group)
            _answer(group)
            self._notify()

    def _take(self) -> list[_Request]:
        """Wait for a request, and take with it all that are queued and fit into one batch."""
        group = [self._next or self._queue.get()]
        self._next = None
        events, size = len(group[0].events), group[0].size
        while True:
            try:
                request = self._queue.get_nowait()
            except Empty:
                return group
            events, size = events + len(request.events), size + request.size
            if events > MAX_EVENTS or size > _MAX_GROUP_BYTES:
                self._next = request
                return group
            group.append(request)

    def _serve(self, group: list[_Request]) -> None:
        """Write the events of the requests, and note with each what went wrong, if anything did."""
        try:
            self._write(group)
        except psycopg.DataError as error:
            self._serve_apart(group, error)
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            self._note_trouble(str(error))
            for request in group:
                request.error = WriterUnavailable(
                    "The database cannot be reached. Send the events again in a few seconds."
                )
        except Exception:
            # Nobody else would answer those who wait, and the thread has to live on for the next ones.
            logger.exception("Writing events failed.")
            for request in group:
                request.error = RuntimeError("Writing events failed; the log of the writer thread says why.")
        else:
            self._note_trouble("")

    def _note_trouble(self, trouble: str) -> None:
        # Once, as thousands of requests a second may meet it.
        if trouble and not self._trouble:
            logger.error("The database stores no events: %s", trouble)
        elif self._trouble and not trouble:
            logger.warning("The database stores events again.")
        self._trouble = trouble

    def _serve_apart(self, group: list[_Request], error: psycopg.DataError) -> None:
        """Find the request that the database refuses a value of; the others are written."""
        if len(group) == 1:
            group[0].error = not_storable(error)
            return
        for request in group:
            self._serve([request])

    def _write(self, group: list[_Request]) -> None:
        at = max(request.at for request in group)
        for attempts_left in reversed(range(_ATTEMPTS)):
            try:
                self._store(self._connected(), group, at)
                return
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                # A lost connection is tried once anew: what may have been committed is then found as duplicates.
                was_lost = self._connection is None or self._connection.closed
                self._forget_if_closed()
                is_worth_it = was_lost and attempts_left == _ATTEMPTS - 1
                if not attempts_left or not (is_worth_it or _asks_for_another_try(error)):
                    raise

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            self._connection = _connect()
        return self._connection

    def _forget_if_closed(self) -> None:
        if self._connection is not None and self._connection.closed:
            self._connection = None

    def _notify(self) -> None:
        """Wake whoever rolls up. Apart from the writing, because a commit with a NOTIFY in it holds up all others."""
        if self._connection is None or time.monotonic() - self._notified < _NOTIFY_SECONDS:
            return
        self._notified = time.monotonic()
        try:
            self._connection.execute(f"NOTIFY {CHANNEL}")
        except psycopg.Error:
            # They look each second anyway; the next write finds out what is wrong with the connection.
            logger.warning("The notice of new events could not be sent.", exc_info=True)


def _answer(group: Sequence[_Request]) -> None:
    """Have each loop in which requests of the group wait go on with them: one wake-up for all of a loop's."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Request]] = {}
    for request in group:
        by_loop.setdefault(request.waiter.get_loop(), []).append(request)
    for loop, requests in by_loop.items():
        # A loop that was closed has nobody waiting any more.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle, requests)


def _settle(requests: Sequence[_Request]) -> None:
    for request in requests:
        if request.waiter.done():
            continue
        if request.error is None:
            request.waiter.set_result(None)
        else:
            request.waiter.set_exception(request.error)


def _asks_for_another_try(error: psycopg.Error) -> bool:
    return isinstance(error, psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure)


def _connect() -> psycopg.Connection[Any]:
    """Connect as Django does, but apart from its pool and with prepared statements."""
    params = django_connection.get_connection_params()
    given = params.pop("options", "")
    params.update(
        autocommit=True,
        prepare_threshold=0,
        cursor_factory=psycopg.Cursor,
        context=None,
        connect_timeout=5,
        tcp_user_timeout=20_000,
        options=f"{given} {_SERVER_OPTIONS}".strip(),
    )
    return psycopg.connect(**params)
