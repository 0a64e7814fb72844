"""Refusals that are answered before Django sees the request, in the shape of every other error (RFC 7807)."""

import json
import uuid
from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus
from typing import Any

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


def refuse(
    start_response: StartResponse, status: int, detail: str, headers: Sequence[tuple[str, str]] = ()
) -> list[bytes]:
    """Answer a request with one sentence that says what to change."""
    title = HTTPStatus(status).phrase
    body = json.dumps(
        {
            "type": "about:blank",
            "title": title,
            "status": status,
            "detail": detail,
            "instance": f"urn:request:{uuid.uuid4()}",
        }
    ).encode()
    start_response(
        f"{status} {title}",
        [("Content-Type", "application/problem+json"), ("Content-Length", str(len(body))), *headers],
    )
    return [body]
