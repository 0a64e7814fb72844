"""The fast path: events go from the web server's event loop to the writer thread without passing through Django."""

import asyncio
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Protocol

from django.db import InterfaceError, OperationalError

from metering import clock, problems
from metering.authentication import Principal, authenticate_header, recall_principal
from metering.errors import DomainError
from metering.ingest.decode import NewEvent, decode_events
from metering.ingest.group_commit import GroupCommitWriter
from metering.models import Scope

logger = logging.getLogger(__name__)

PATH = "/api/v1/events"
# Decoding more than this in the event loop would hold up everybody else.
_LARGE_BODY_BYTES = 64 * 1024
_THREADS = 4


class HeaderNames(Protocol):
    """What may be asked of a request's headers; names are in lower case."""

    def __contains__(self, name: str, /) -> bool: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """A response without a framework: its status, its headers beside Content-Length, and its body."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""


_STORED = Answer(HTTPStatus.NO_CONTENT)


def serves(method: str, path: str, headers: HeaderNames) -> bool:
    """Answer whether a request is the lane's: a plain POST of events, for which nothing but 204 is asked."""
    return path == PATH and method == "POST" and "prefer" not in headers


class IngestLane:
    """Stores the events of one request after the other, in the event loop of one web process."""

    def __init__(self, writer: GroupCommitWriter | None = None) -> None:
        self._writer = writer or GroupCommitWriter()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="ingest-lane")
        self._looking_up: dict[str | None, asyncio.Future[Principal]] = {}

    async def answer(
        self, body: bytes, *, content_type: str | None, authorization: str | None, remote_addr: str
    ) -> Answer:
        """Return 204 once the events are committed, else a problem that says what to change."""
        try:
            principal = recall_principal(authorization, remote_addr=remote_addr) or await self._look_up(
                authorization, remote_addr
            )
            principal.require(Scope.INGEST)
            at = clock.now()
            events = await self._decode(body, content_type, at, principal.api_key_id)
            await self._writer.write(events, at=at, size=len(body))
        except DomainError as error:
            return refusal(error.status, error.message, {"code": error.code, **error.extensions})
        except (OperationalError, InterfaceError):
            logger.exception("The database cannot be reached.")
            return refusal(503, "The database cannot be reached. Send the events again in a few seconds.")
        except Exception:
            logger.exception("Storing events failed.")
            return refusal(500, "")
        return _STORED

    async def _look_up(self, authorization: str | None, remote_addr: str) -> Principal:
        # One question to the database, however many requests wait for its answer.
        if (found := self._looking_up.get(authorization)) is None:
            ask = partial(authenticate_header, authorization, remote_addr=remote_addr)
            found = asyncio.get_running_loop().run_in_executor(self._threads, ask)
            self._looking_up[authorization] = found
            found.add_done_callback(lambda _: self._looking_up.pop(authorization))
        return await found

    async def _decode(
        self, body: bytes, content_type: str | None, at: datetime, api_key_id: int | None
    ) -> list[NewEvent]:
        decode = partial(decode_events, body, content_type, at=at, api_key_id=api_key_id)
        if len(body) <= _LARGE_BODY_BYTES:
            return decode()
        return await asyncio.get_running_loop().run_in_executor(self._threads, decode)


def refusal(status: int, detail: str, extensions: Mapping[str, object] | None = None) -> Answer:
    """Return a problem as an answer, with the headers that its status asks for."""
    headers = list(problems.problem_headers(status).items())
    return Answer(status, headers, problems.problem_bytes(status, detail, extensions=extensions))
