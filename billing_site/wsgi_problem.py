"""Refusals that are answered before Django sees the request, in the shape of every other error."""

from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus
from typing import Any

from metering.problems import CONTENT_TYPE, problem_bytes

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


def refuse(
    start_response: StartResponse, status: int, detail: str, headers: Sequence[tuple[str, str]] = ()
) -> list[bytes]:
    """Answer a request with one sentence that says what to change."""
    body = problem_bytes(status, detail)
    start_response(
        f"{status} {HTTPStatus(status).phrase}",
        [("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(body))), *headers],
    )
    return [body]
