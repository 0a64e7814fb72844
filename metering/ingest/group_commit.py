"""One thread per process that writes the events of all waiting requests together: the previous commit is the delay."""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import Any

import psycopg
from django.db import connection as django_connection

from metering.errors import DomainError
from metering.ingest.decode import MAX_EVENTS, NewEvent
from metering.ingest.patience import Patience
from metering.ingest.writer import CHANNEL, encode_events, not_storable, write_encoded

logger = logging.getLogger(__name__)

_MAX_GROUP_BYTES = 16 * 1024 * 1024
# What may wait or be written at one time; beyond it, a request is told to come back.
_MAX_QUEUED_BYTES = 64 * 1024 * 1024
_MAX_QUEUED_REQUESTS = 900
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

    __slots__ = ("at", "count", "encoded", "error", "size", "waiter")

    def __init__(self, events: Sequence[NewEvent], at: datetime, waiter: "asyncio.Future[None]") -> None:
        # Encoded here, because nothing is written while the writer thread does something else.
        self.encoded = encode_events(events)
        self.count = len(events)
        self.size = len(self.encoded)
        self.at = at
        self.waiter = waiter
        self.error: Exception | None = None


class GroupCommitWriter:
    """Hands events to this process's writer thread, which starts with the first of them, after any fork."""

    def __init__(self) -> None:
        self._reset()
        os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        self._starting = threading.Lock()
        self._thread: _WriterThread | None = None
        self._patience = Patience(_ANSWER_SECONDS, _give_up)

    async def write(self, events: Sequence[NewEvent], *, at: datetime) -> None:
        """
        Return once the events, of which there is at least one, are committed.

        :raises EventsNotStorable: if the database refuses a value; none of these events is stored.
        :raises WriterUnavailable: if too much is waiting, or the database does not answer; sending again is safe.
        """
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (self._thread or self._start()).enqueue(_Request(events, at, waiter))
        self._patience.begin(waiter)
        try:
            await waiter
        finally:
            self._patience.end(waiter)

    def _start(self) -> "_WriterThread":
        with self._starting:
            if self._thread is None:
                self._thread = _WriterThread()
                self._thread.start()
            return self._thread


def _give_up(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_exception(
            WriterUnavailable("The database takes too long to store events. Send them again in a few seconds.")
        )


class _WriterThread(threading.Thread):
    def __init__(self) -> None:
        super().__init__(name="event-writer", daemon=True)
        self._queue: SimpleQueue[_Request] = SimpleQueue()
        self._queued_bytes = 0
        self._queued_requests = 0
        self._counting = threading.Lock()
        self._next: _Request | None = None
        self._connection: psycopg.Connection[Any] | None = None
        self._notified = 0.0
        self._trouble = ""

    def enqueue(self, request: _Request) -> None:
        with self._counting:
            # A single request is always let in: the limit of its body bounds it.
            if self._queued_requests and (
                self._queued_bytes + request.size > _MAX_QUEUED_BYTES or self._queued_requests >= _MAX_QUEUED_REQUESTS
            ):
                raise WriterUnavailable("More events are waiting than can be stored. Send them again in a few seconds.")
            self._queued_bytes += request.size
            self._queued_requests += 1
        self._queue.put(request)

    def run(self) -> None:
        while True:
            group = self._take()
            self._serve(group)
            with self._counting:
                self._queued_bytes -= sum(request.size for request in group)
                self._queued_requests -= len(group)
            _answer(group)
            self._notify()

    def _take(self) -> list[_Request]:
        """Wait for a request, and take with it all that are queued and fit into one batch."""
        group = [self._next or self._queue.get()]
        self._next = None
        events, size = group[0].count, group[0].size
        while True:
            try:
                request = self._queue.get_nowait()
            except Empty:
                return group
            events, size = events + request.count, size + request.size
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
        parts = [request.encoded for request in group]
        at = max(request.at for request in group)
        for attempts_left in reversed(range(_ATTEMPTS)):
            try:
                with self._connected().cursor() as cursor:
                    write_encoded(cursor, parts, at=at)
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
