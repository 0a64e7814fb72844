"""What came of the events of a request that were just written: stored, or sent before, alike or different."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec
from django.db import connection

from metering.ingest.decode import NewEvent
from metering.models import Event

_encode = msgspec.json.Encoder().encode

# As metering_write_events compares them.
_DIFFERENCES = """
    SELECT sent.place, stored.type <> sent.type, stored.subject <> sent.subject,
           sent.time_was_sent AND stored.time <> sent.time, stored.data IS DISTINCT FROM sent.data
    FROM json_to_recordset(%s::json) AS sent(
        place integer, key uuid, type text, subject text, time timestamptz, time_was_sent boolean, data jsonb)
    JOIN metering_event stored ON stored.key = sent.key
"""
_COMPARED = ("type", "subject", "time", "data")
_SENT = ("key", "time_was_sent", *_COMPARED)


class Result(StrEnum):
    STORED = "stored"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What came of one sent event: the event that is stored under its source and id, and in which fields it differs."""

    sent: NewEvent
    stored: Event
    result: Result
    differing: tuple[str, ...] = ()


def receipts_of(sent: Sequence[NewEvent], *, batch_id: int) -> list[Receipt]:
    """Return what came of each event that batch `batch_id` was to write, in their order; two or three queries."""
    stored = {event.key.hex: event for event in _stored([event.key for event in sent])}
    first: dict[str, int] = {}
    for place, event in enumerate(sent):
        if stored[event.key].batch_id == batch_id:
            first.setdefault(event.key, place)
    repeats = [place for place, event in enumerate(sent) if first.get(event.key) != place]
    differing = _differing(sent, repeats)
    return [
        Receipt(event, stored[event.key], _result(differing, place), differing.get(place, ()))
        for place, event in enumerate(sent)
    ]


def _stored(keys: Sequence[str]) -> Sequence[Event]:
    return list(Event.objects.filter(pk__in=set(keys)).prefetch_related("batch"))


def _result(differing: dict[int, tuple[str, ...]], place: int) -> Result:
    if place not in differing:
        return Result.STORED
    return Result.CONFLICT if differing[place] else Result.DUPLICATE


def _differing(sent: Sequence[NewEvent], places: Sequence[int]) -> dict[int, tuple[str, ...]]:
    if not places:
        return {}
    rows = [{"place": place, **{name: getattr(sent[place], name) for name in _SENT}} for place in places]
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERENCES, [_encode(rows).decode()])
        found = cursor.fetchall()
    return {row[0]: tuple(name for name, differs in zip(_COMPARED, row[1:], strict=True) if differs) for row in found}
