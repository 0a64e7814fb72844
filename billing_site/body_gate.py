"""
Reading request bodies so that clients who send half of one can't take every thread.

The web server hands a thread to a request before its body has arrived, and offers no time-out for it. So the gate
reads the body itself, lets at most half of the threads do that at once, and has the web process replaced once bodies
have stalled in it: nothing else frees a thread that waits for a client who never goes on.
"""

import io
import threading
import time
from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue
from typing import Any

from billing_site.wsgi_problem import Application, Environ, StartResponse, refuse

# Bodies in pieces of this size, so that a long upload which goes on is told from one that has stopped.
_PIECE_BYTES = 64 * 1024
# A body up to this many times the limit is read to its end before it is refused.
_DROPPED_FACTOR = 4
# Bodies that have already arrived leave the gate within microseconds, so this wait ends early unless bodies stall.
_ENTRY_SECONDS = 0.25
_RETRY_AFTER_SECONDS = 5


class BodyTooLarge(Exception):
    """A body is longer than this installation takes."""


class BodyIncomplete(Exception):
    """The connection ended before the whole body had come."""


class BodyGate:
    """
    A WSGI application that hands `application` requests whose body is complete and in memory.

    `replace_process` is called once, when a quarter of the readers have waited `stall_seconds` for the next piece.
    """

    def __init__(
        self,
        application: Application,
        *,
        max_bytes: int,
        readers: int,
        stall_seconds: float,
        replace_process: Callable[[], None],
    ) -> None:
        self._application = application
        self._max_bytes = max_bytes
        self._stall_seconds = stall_seconds
        self._replace_process = replace_process
        # When each reader's last piece came; 0 while it reads nothing.
        self._waiting_since = [0.0] * readers
        self._free: SimpleQueue[int] = SimpleQueue()
        for reader in range(readers):
            self._free.put(reader)
        self._jammed = False
        threading.Thread(target=self._watch, name="body-gate", daemon=True).start()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if not environ.get("CONTENT_LENGTH") and "HTTP_TRANSFER_ENCODING" not in environ:
            return self._application(environ, start_response)
        reader = self._enter()
        if reader is None:
            return refuse(
                start_response,
                503,
                f"Too many requests are waiting for their bodies; repeat this one in {_RETRY_AFTER_SECONDS} seconds.",
                [("Retry-After", str(_RETRY_AFTER_SECONDS))],
            )
        try:
            body = self._read(environ, reader)
        except BodyTooLarge:
            return refuse(
                start_response, 413, f"The body is longer than {self._max_bytes} bytes; send it in smaller parts."
            )
        except BodyIncomplete:
            return refuse(start_response, 400, "The body ended before its Content-Length; send it again in full.")
        finally:
            self._leave(reader)
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        return self._application(environ, start_response)

    def _enter(self) -> int | None:
        try:
            reader = self._free.get_nowait()
        except Empty:
            if self._jammed:
                return None
            try:
                reader = self._free.get(timeout=_ENTRY_SECONDS)
            except Empty:
                self._jammed = True
                return None
        self._waiting_since[reader] = time.monotonic()
        return reader

    def _leave(self, reader: int) -> None:
        self._waiting_since[reader] = 0.0
        self._jammed = False
        self._free.put(reader)

    def _read(self, environ: Environ, reader: int) -> bytes:
        stream = environ["wsgi.input"]
        length = int(environ["CONTENT_LENGTH"]) if environ.get("CONTENT_LENGTH") else None
        if length is not None and length <= min(_PIECE_BYTES, self._max_bytes):
            body: bytes = stream.read(length)
        else:
            body = self._read_pieces(stream, reader, waits="HTTP_EXPECT" in environ, length=length)
        if length is not None and len(body) < length:
            raise BodyIncomplete
        return body

    def _read_pieces(self, stream: Any, reader: int, *, waits: bool, length: int | None) -> bytes:
        # Most clients read no answer before they have sent everything, so what is too long is read and dropped, unless
        # the client waits for leave to send it, or it is longer than anybody would send by mistake.
        longest = self._max_bytes if waits else self._max_bytes * _DROPPED_FACTOR
        if length is not None and length > longest:
            raise BodyTooLarge
        pieces: list[bytes] = []
        total = 0
        while total <= longest and (piece := stream.read(_PIECE_BYTES)):
            total += len(piece)
            if total <= self._max_bytes:
                pieces.append(piece)
            self._waiting_since[reader] = time.monotonic()
        if total > self._max_bytes:
            raise BodyTooLarge
        return b"".join(pieces)

    def _watch(self) -> None:
        while not self._has_stalled(time.monotonic()):
            time.sleep(min(1.0, self._stall_seconds / 2))
        self._replace_process()

    def _has_stalled(self, now: float) -> bool:
        stalled = sum(1 for since in self._waiting_since if since and now - since > self._stall_seconds)
        return stalled * 4 >= len(self._waiting_since)
