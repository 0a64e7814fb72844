"""A small keep-alive HTTP client for the demo: the same requests that any service would send."""

import http.client
import json
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

import msgspec

BATCH_SIZE = 1_000
_CONNECTIONS = 3
# The server closes a connection that says nothing for half a minute, and the next request on it would fail.
_LONGEST_IDLE_SECONDS = 10
T = TypeVar("T")


class RequestFailed(Exception):
    """The server answered with an error; the message is its own sentence."""


class ApiClient:
    """Posts JSON to one server with one API key; safe to use from several threads."""

    def __init__(self, *, host: str, port: int, api_key: str) -> None:
        self._address = (host, port)
        self._headers = {"Authorization": f"Bearer {api_key}", "X-Reason": "demo data"}
        self._local = threading.local()

    def post(self, path: str, body: object, *, content_type: str = "application/json") -> dict[str, object]:
        """
        Post one JSON body and return the answer, `{}` where it has none.

        :raises RequestFailed: on any answer but a 2xx.
        """
        headers = self._headers | {"Content-Type": content_type}
        connection = self._connection()
        try:
            connection.request("POST", path, body=msgspec.json.encode(body), headers=headers)
            answer = connection.getresponse()
            text = answer.read()
        except (http.client.HTTPException, OSError):
            connection.close()
            raise
        if answer.status >= 300:
            raise RequestFailed(f"POST {path} answered {answer.status}: {text.decode(errors='replace')[:500]}")
        return json.loads(text) if text else {}

    def post_events(self, events: Iterable[dict[str, object]]) -> Iterator[int]:
        """Post events in batches over a few connections, yielding the size of each batch once it is stored."""
        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            for wave in _chunks(_chunks(events, BATCH_SIZE), _CONNECTIONS):
                yield from pool.map(self._post_batch, wave)

    def _post_batch(self, events: Sequence[dict[str, object]]) -> int:
        self.post("/api/v1/events", events, content_type="application/cloudevents-batch+json")
        return len(events)

    def _connection(self) -> http.client.HTTPConnection:
        now = time.monotonic()
        if not hasattr(self._local, "connection"):
            self._local.connection = http.client.HTTPConnection(*self._address, timeout=60)
        elif now - self._local.used_at > _LONGEST_IDLE_SECONDS:
            # It opens again with the next request.
            self._local.connection.close()
        self._local.used_at = now
        return self._local.connection


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
