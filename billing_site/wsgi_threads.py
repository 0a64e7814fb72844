"""Django's WSGI application behind a web server's event loop: each request in a thread of a pool."""

import asyncio
import io
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from granian.rsgi import HTTPProtocol, Scope

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

logger = logging.getLogger(__name__)

# A longer response goes out as the client takes it, instead of being put together first.
_AT_ONCE_BYTES = 1024 * 1024
_OPENED_WITHIN_SECONDS = 10
_PROTOCOLS = {"1": "HTTP/1.0"}


class WsgiThreads:
    """Serves requests, whose bodies are complete, by a WSGI application in `threads` threads."""

    def __init__(self, application: Application, threads: int) -> None:
        self._application = application
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="django")

    async def serve(self, scope: Scope, protocol: HTTPProtocol, body: bytes) -> None:
        """Answer one request."""
        await asyncio.get_running_loop().run_in_executor(self._pool, self._serve, scope, protocol, body)

    def _serve(self, scope: Scope, protocol: HTTPProtocol, body: bytes) -> None:
        begun = _Begun()
        chunks = self._application(environ_of(scope, body), begun)
        try:
            _send(protocol, begun, iter(chunks))
        finally:
            # Django gives its database connection back here.
            if hasattr(chunks, "close"):
                chunks.close()


class _Begun:
    """The `start_response` of one request, and what the application said by it."""

    def __init__(self) -> None:
        self.status = 500
        self.headers: list[tuple[str, str]] = []

    def __call__(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        self.status = int(status.partition(" ")[0])
        self.headers = headers


def environ_of(scope: Scope, body: bytes) -> Environ:
    """Return what WSGI says of a request; header names with an underscore are left out, as they may pose as others."""
    host, _, port = scope.server.rpartition(":")
    environ: Environ = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host.strip("[]"),
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": _PROTOCOLS.get(scope.http_version, f"HTTP/{scope.http_version}"),
        "REMOTE_ADDR": remote_address(scope),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        if "_" in name or name in {"content-length", "transfer-encoding"}:
            continue
        key = "CONTENT_TYPE" if name == "content-type" else f"HTTP_{name.upper().replace('-', '_')}"
        joint = "; " if name == "cookie" else ","
        environ[key] = f"{environ[key]}{joint}{value}" if key in environ else value
    environ["CONTENT_LENGTH"] = str(len(body)) if body else ""
    return environ


def remote_address(scope: Scope) -> str:
    """Return the address that a request came from, without its port."""
    return scope.client.rpartition(":")[0].strip("[]")


def _send(protocol: HTTPProtocol, begun: _Begun, chunks: Iterator[bytes]) -> None:
    pieces: list[bytes] = []
    size = 0
    for chunk in chunks:
        pieces.append(chunk)
        size += len(chunk)
        if size > _AT_ONCE_BYTES:
            _stream(protocol, begun, pieces, chunks)
            return
    protocol.response_bytes(begun.status, begun.headers, b"".join(pieces))


def _stream(protocol: HTTPProtocol, begun: _Begun, pieces: Iterable[bytes], chunks: Iterator[bytes]) -> None:
    """
    Send a long response through a named pipe, so that the application waits for a client who takes it slowly.

    The server's own streams have no bound: they would keep in memory what the client has not taken yet.
    """
    with tempfile.TemporaryDirectory(prefix="billing-response-") as folder:
        path = Path(folder) / "body"
        os.mkfifo(path, 0o600)
        protocol.response_file(begun.status, begun.headers, str(path))
        with _opened(path) as pipe, suppress(BrokenPipeError):
            pipe.writelines(pieces)
            pipe.writelines(chunks)


def _opened(path: Path) -> BinaryIO:
    deadline = time.monotonic() + _OPENED_WITHIN_SECONDS
    while True:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            # Nobody reads yet: the server opens it in a moment, unless the client has gone.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)
        else:
            os.set_blocking(descriptor, True)
            return os.fdopen(descriptor, "wb", buffering=0)
