"""The least that an answer can cost: a WSGI application that reads the body and says 204."""

from collections.abc import Callable
from typing import Any


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Answer every request with 204."""
    environ["wsgi.input"].read()
    start_response("204 No Content", [])
    return []
