"""
Reading request bodies in the event loop, where one that is slow to come holds no thread.

A body counts against the memory that bodies may take from its first piece until its request is answered.
"""

import asyncio
from typing import Any, cast

from granian.rsgi import HTTPProtocol, ProtocolClosed

from metering.ingest.patience import Patience

# Read in one go, and left out of the count: as many connections as a web process takes at once hold little.
_SMALL_BYTES = 64 * 1024
# A body up to this many times the limit is read to its end before it is refused.
_DROPPED_FACTOR = 4


class BodyRefused(Exception):
    """A body was not taken: the status to answer, and one sentence that says what to do."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Bodies:
    """The request bodies of one web process: each of at most `max_bytes`, large ones of `held_bytes` together."""

    def __init__(self, *, max_bytes: int, held_bytes: int, stall_seconds: float) -> None:
        self._max_bytes = max_bytes
        self._most_held = held_bytes
        self._held = 0
        self._stall_seconds = stall_seconds
        self._patience = Patience["asyncio.Task[Any]"](stall_seconds, asyncio.Task.cancel)

    async def read(self, protocol: HTTPProtocol, headers: Any) -> bytes:
        """
        Return the whole body; `release` it once the request is answered.

        :raises BodyRefused: if it is too long, does not come, or finds no room.
        """
        announced = headers.get("content-length")
        if announced is None and "transfer-encoding" not in headers:
            return b""
        length = None if announced is None else int(announced)
        reading = cast("asyncio.Task[Any]", asyncio.current_task())
        self._patience.begin(reading)
        try:
            if length is not None and length <= min(_SMALL_BYTES, self._max_bytes):
                return await protocol()
            return await self._read_pieces(protocol, reading, length=length, waits="expect" in headers)
        except ProtocolClosed:
            raise BodyRefused(400, "The body ended before its Content-Length; send it again in full.") from None
        except asyncio.CancelledError:
            if self._patience.end(reading):
                raise
            reading.uncancel()
            raise BodyRefused(
                408, f"The body did not go on for {self._stall_seconds:g} seconds; send the request again."
            ) from None
        finally:
            self._patience.end(reading)

    def release(self, body: bytes) -> None:
        """Count a body no longer."""
        if len(body) > _SMALL_BYTES:
            self._held -= len(body)

    async def _read_pieces(
        self, protocol: HTTPProtocol, reading: "asyncio.Task[Any]", *, length: int | None, waits: bool
    ) -> bytes:
        # Most clients read no answer before they have sent everything, so what is too long is read and dropped, unless
        # the client waits for leave to send it, or it is longer than anybody would send by mistake.
        longest = self._max_bytes if waits else self._max_bytes * _DROPPED_FACTOR
        if length is not None and length > longest:
            raise self._too_long()
        pieces: list[bytes] = []
        total = 0
        try:
            async for piece in protocol:
                self._patience.begin(reading)
                total += len(piece)
                if total > longest:
                    break
                if total <= self._max_bytes:
                    self._hold(piece)
                    pieces.append(piece)
        finally:
            self._held -= sum(len(piece) for piece in pieces)
        if total > self._max_bytes:
            raise self._too_long()
        if length is not None and total < length:
            raise BodyRefused(400, "The body ended before its Content-Length; send it again in full.")
        body = b"".join(pieces)
        if len(body) > _SMALL_BYTES:
            self._held += len(body)
        return body

    def _hold(self, piece: bytes) -> None:
        # The first one is always let in: its own limit bounds it.
        if self._held and self._held + len(piece) > self._most_held:
            raise BodyRefused(503, "Too many large bodies are arriving at once; send this one again in a few seconds.")
        self._held += len(piece)

    def _too_long(self) -> BodyRefused:
        return BodyRefused(413, f"The body is longer than {self._max_bytes} bytes; send it in smaller parts.")
