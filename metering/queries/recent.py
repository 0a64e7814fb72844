"""What the events that came last look like: their types, and what their data holds."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from metering.jsonpath import parse_path
from metering.models import Event
from metering.values import parse_value
from metering.verdicts import json_text

LOOKED_AT = 10_000
_MOST_TYPES = 50
_MOST_FIELDS = 50
_SAMPLE = 200
_DEEPEST = 4
_TYPES = """
    SELECT type, count(*), max(time)
    FROM (SELECT type, time FROM metering_event ORDER BY batch_id DESC LIMIT %s) recent
    GROUP BY type ORDER BY count(*) DESC, type LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class SeenType:
    """An event type among the events that came last: how many there are, and the time of the newest."""

    name: str
    events: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class SeenField:
    """A path into the data of some events: how many have it, how many of those as a good value, and one as text."""

    path: str
    events: int
    values: int
    example: str


def recent_types() -> list[SeenType]:
    """Return the types of the last 10,000 events that came, the most frequent first."""
    with connection.cursor() as cursor:
        cursor.execute(_TYPES, [LOOKED_AT, _MOST_TYPES])
        return [SeenType(*row) for row in cursor.fetchall()]


def recent_fields(event_type: str) -> list[SeenField]:
    """Return what the data of up to 200 events of a type holds, among the last 10,000 that came."""
    last = Event.objects.order_by("-batch").values("pk")[:LOOKED_AT]
    events = Event.objects.filter(pk__in=last, type=event_type).values_list("data", flat=True)[:_SAMPLE]
    counts: Counter[str] = Counter()
    values: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for data in events:
        for path, value in _fields(data, "$", 1):
            counts[path] += 1
            values[path] += parse_value(value) is not None
            examples.setdefault(path, json_text(value))
    return [SeenField(path, count, values[path], examples[path]) for path, count in counts.most_common(_MOST_FIELDS)]


def _fields(data: object, path: str, depth: int) -> Iterator[tuple[str, Any]]:
    if not isinstance(data, Mapping):
        return
    for key, value in data.items():
        step = _step(key)
        if step is None:
            continue
        if isinstance(value, Mapping) and depth < _DEEPEST:
            yield from _fields(value, path + step, depth + 1)
        else:
            yield path + step, value


def _step(key: str) -> str | None:
    """Return how a path names a key, None where it can't."""
    for step in (f".{key}", f"['{key}']", f'["{key}"]'):
        try:
            if parse_path(f"${step}") == (key,):
                return step
        except ValueError:
            continue
    return None
