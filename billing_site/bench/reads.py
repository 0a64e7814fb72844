"""What one client waits for answers, and whether they hold what it has just posted."""

import http.client
import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import cycle, islice
from typing import Any
from urllib.parse import urlencode, urlsplit

from billing_site.bench.installation import BenchFailed, Installation
from billing_site.bench.volume import EVENTS_PER_SUBJECT, METER, MONTH, subject_of

_DAY = timedelta(days=1)
# So many different subjects take turns: no answer is that of the request before.
_SUBJECTS = 100
_WARM = 20


class Client:
    """One connection that is kept."""

    def __init__(self, installation: Installation) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(installation.url).netloc, timeout=30)
        self._headers = {"Authorization": f"Bearer {installation.api_key}"}

    def close(self) -> None:
        self._connection.close()

    def get(self, path: str, parameters: dict[str, str]) -> Any:
        """Return the JSON of an answer, its numbers exact."""
        return json.loads(self._answer("GET", f"{path}?{urlencode(parameters)}", 200), parse_float=Decimal)

    def post(self, event: dict[str, Any]) -> None:
        """Post one event; return once it is stored."""
        self._answer("POST", "/api/v1/events", 204, json.dumps(event), {"Content-Type": "application/cloudevents+json"})

    def _answer(self, method: str, path: str, wanted: int, body: str | None = None, more: Any = ()) -> bytes:
        self._connection.request(method, path, body, {**self._headers, **dict(more)})
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status != wanted:
            raise BenchFailed(f"{method} {path} answered {answer.status}: {text.decode(errors='replace')}")
        return text


@contextmanager
def client_of(installation: Installation) -> Iterator[Client]:
    """Connect, and close the connection in the end."""
    client = Client(installation)
    try:
        yield client
    finally:
        client.close()


def months_by_day(installation: Installation, *, start: datetime, events: int, times: int) -> list[float]:
    """Return in milliseconds how long each of these reads took: one subject, thirty days, by day."""
    parameters = {"from": _text(start), "to": _text(start + MONTH), "windowSize": "DAY"}
    return list(islice(_timed_reads(installation, parameters, events), _WARM, _WARM + times))


def values(
    installation: Installation, *, start: datetime, events: int, seconds: float
) -> tuple[list[float], list[float]]:
    """
    Return in milliseconds how long each read took in this time: one subject from the start on, as one number.

    And, in turns with them, how long a view took that does next to nothing: the least that any read can take there.
    """
    found: list[float] = []
    least: list[float] = []
    deadline = None
    with client_of(installation) as client:
        for milliseconds in islice(_timed_reads(installation, {"from": _text(start)}, events), _WARM, None):
            deadline = deadline or time.monotonic() + seconds
            found.append(milliseconds)
            began = time.perf_counter()
            client.get("/health", {})
            least.append(_since(began))
            if time.monotonic() > deadline:
                break
    return found, least


def _timed_reads(installation: Installation, parameters: dict[str, str], events: int) -> Iterator[float]:
    with client_of(installation) as client:
        for subject in cycle(_subjects(events)):
            began = time.perf_counter()
            usage = client.get(f"/api/v1/meters/{METER}/query", {**parameters, "subject": subject})
            yield _since(began)
            if not usage["data"]:
                raise BenchFailed(f"There is no usage of {subject}.")


def _since(began: float) -> float:
    return (time.perf_counter() - began) * 1000


def _subjects(events: int) -> list[str]:
    step = max(EVENTS_PER_SUBJECT, events // _SUBJECTS)
    return [subject_of(number) for number in range(0, events, step)]


def misses(installation: Installation, posts: int) -> int:
    """Return how many of two kinds of reads, asked right after an event was stored, did not hold it."""
    subject = f"visible-{uuid.uuid4().hex}"
    missed = 0
    with client_of(installation) as client:
        for number in range(1, posts + 1):
            event_id = f"{subject}-{number}"
            client.post({"id": event_id, "source": "bench", "type": METER, "subject": subject, "data": {"tokens": 1}})
            usage = client.get(f"/api/v1/meters/{METER}/query", {"subject": subject})
            missed += [row["value"] for row in usage["data"]] != [number]
            listed = client.get("/api/v2/events", {"limit": "1", "filter": json.dumps({"subject": {"$eq": subject}})})
            missed += [item["event"]["id"] for item in listed["items"]] != [event_id]
    return missed


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
