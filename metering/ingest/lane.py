"""The fast path: events go from WSGI to the writer thread without passing through Django."""

import logging
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError

from metering import clock, problems
from metering.authentication import authenticate_header
from metering.errors import DomainError
from metering.ingest.decode import decode_events
from metering.ingest.group_commit import RETRY_AFTER_SECONDS, GroupCommitWriter
from metering.models import Scope

logger = logging.getLogger(__name__)

PATH = "/api/v1/events"

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


class BodyTooLarge(DomainError):
    status = 413
    code = "body_too_large"


class IngestLane:
    """A WSGI application that serves `POST /api/v1/events` itself and passes everything else on."""

    def __init__(self, application: Application, writer: GroupCommitWriter | None = None) -> None:
        self._application = application
        self._writer = writer or GroupCommitWriter()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] != PATH or environ["REQUEST_METHOD"] != "POST" or "HTTP_PREFER" in environ:
            return self._application(environ, start_response)
        try:
            self._store(environ)
        except DomainError as error:
            return _refuse(start_response, error.status, error.message, {"code": error.code, **error.extensions})
        except (OperationalError, InterfaceError):
            logger.exception("The database cannot be reached.")
            return _refuse(
                start_response, 503, "The database cannot be reached. Send the events again in a few seconds."
            )
        except Exception:
            logger.exception("Storing events failed.")
            return _refuse(start_response, 500, "")
        start_response("204 No Content", [])
        return []

    def _store(self, environ: Environ) -> None:
        principal = authenticate_header(environ.get("HTTP_AUTHORIZATION"), remote_addr=environ.get("REMOTE_ADDR", ""))
        principal.require(Scope.INGEST)
        body = _read_body(environ)
        at = clock.now()
        events = decode_events(body, environ.get("CONTENT_TYPE"), at=at, api_key_id=principal.api_key_id)
        self._writer.write(events, at=at, size=len(body))


def _read_body(environ: Environ) -> bytes:
    length = environ.get("CONTENT_LENGTH")
    limit = settings.MAX_BODY_BYTES
    if length and int(length) > limit:
        raise BodyTooLarge(f"The body is longer than {limit} bytes. Send it in smaller parts.")
    body: bytes = environ["wsgi.input"].read(int(length) if length else limit + 1)
    if len(body) > limit:
        raise BodyTooLarge(f"The body is longer than {limit} bytes. Send it in smaller parts.")
    return body


def _refuse(
    start_response: StartResponse, status: int, detail: str, extensions: dict[str, object] | None = None
) -> list[bytes]:
    body = problems.problem_bytes(status, detail, extensions=extensions)
    headers = [("Content-Type", problems.CONTENT_TYPE), ("Content-Length", str(len(body)))]
    if status == HTTPStatus.UNAUTHORIZED:
        headers.append(("WWW-Authenticate", "Bearer"))
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append(("Retry-After", str(RETRY_AFTER_SECONDS)))
    start_response(f"{status} {HTTPStatus(status).phrase}", headers)
    return [body]
