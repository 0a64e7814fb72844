"""
The entry of the web processes, in the event loop of the web server.

In this order: callers on this machine only (where keys are switched off), complete bodies only, the ingestion lane,
Django in threads.
"""

import logging
from typing import Any

from django.conf import settings
from granian.rsgi import HTTPProtocol, Scope

from billing_site import wsgi
from billing_site.bodies import Bodies, BodyRefused
from billing_site.network import SWITCHED_OFF, is_own_caller
from billing_site.wsgi_threads import WsgiThreads, remote_address
from metering.ingest import lane
from metering.ingest.lane import Answer, IngestLane, refusal

logger = logging.getLogger(__name__)

_HELD_BODY_BYTES = 64 * 1024 * 1024


class WebApplication:
    """The RSGI application of one web process; without a lane, events go through Django like everything else."""

    def __init__(self, *, bodies: Bodies, django: WsgiThreads, ingest_lane: IngestLane | None, only_own: bool) -> None:
        self._bodies = bodies
        self._django = django
        self._lane = ingest_lane
        self._only_own = only_own

    async def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        headers = scope.headers
        if self._only_own and not is_own_caller(remote_address(scope), headers.get("host"), headers.keys()):
            _send(protocol, refusal(403, SWITCHED_OFF))
            return
        try:
            body = await self._bodies.read(protocol, headers)
        except BodyRefused as refused:
            # What is left of the body makes the connection useless for another request.
            _send(protocol, refusal(refused.status, refused.detail), ("Connection", "close"))
            return
        try:
            if self._lane is not None and lane.serves(scope.method, scope.path, headers):
                _send(protocol, await self._store(self._lane, scope, headers, body))
            else:
                await self._django.serve(scope, protocol, body)
        except Exception:
            logger.exception("A request was not answered.")
            _send(protocol, refusal(500, ""))
        finally:
            self._bodies.release(body)

    async def _store(self, ingest_lane: IngestLane, scope: Scope, headers: Any, body: bytes) -> Answer:
        return await ingest_lane.answer(
            body,
            content_type=headers.get("content-type"),
            authorization=headers.get("authorization"),
            remote_addr=remote_address(scope),
        )


def _send(protocol: HTTPProtocol, answer: Answer, *headers: tuple[str, str]) -> None:
    protocol.response_bytes(answer.status, [*answer.headers, *headers], answer.body)


def build() -> WebApplication:
    return WebApplication(
        bodies=Bodies(
            max_bytes=settings.MAX_BODY_BYTES,
            held_bytes=_HELD_BODY_BYTES,
            stall_seconds=settings.BODY_STALL_SECONDS,
        ),
        django=WsgiThreads(wsgi.application, settings.WEB_THREADS),
        ingest_lane=IngestLane() if settings.INGEST_LANE == "on" else None,
        only_own=settings.API_AUTH == "off",
    )


application = build()
