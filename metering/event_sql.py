# ruff: noqa: S608 (only names that this module chooses are put into the text; every value is a parameter)
"""Pure: the statements that find pages of events, newest first, by keyset and in the order of an index."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from metering.filter_string import FilterString
from metering.filter_time import FilterTime
from metering.spans import Span

# As metering.models.event.SubjectHash, which an index of events has.
SUBJECT_HASH: Final = "hashtextextended({}, 0)"
COLUMNS: Final = {"id": "event_id", "source": "source", "type": "type", "subject": "subject"}


@dataclass(frozen=True, slots=True)
class EventSelection:
    """
    Which events are asked for.

    `spans` says whose, None being everybody's; it is what finds the events of a few subjects by index. `texts` has
    conditions by column of `COLUMNS`.
    """

    spans: tuple[Span, ...] | None = None
    texts: Mapping[str, FilterString] = field(default_factory=dict)
    time: FilterTime | None = None
    received: FilterTime | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """The last event of a page, after which the next one starts."""

    time: datetime
    key: UUID


def page_statement(
    selection: EventSelection, *, batches: tuple[int, int] | None, after: Place | None, limit: int
) -> tuple[str, dict[str, Any]]:
    """
    Return SQL and parameters for the keys of a page of events.

    `batches` are the first and last batch that came in the time that is asked for, where one is.
    """
    condition, parameters = _conditions(selection, batches, after)
    parameters["limit"] = limit
    table = "metering_event event"
    if selection.received is not None:
        table += " JOIN metering_batch batch ON batch.id = event.batch_id"
    if selection.spans is None:
        return f"SELECT event.key FROM {table} WHERE {condition} {_order('event')}", parameters
    inner = (
        f"SELECT event.key, event.time FROM {table} WHERE {SUBJECT_HASH.format('event.subject')} ="
        f" {SUBJECT_HASH.format('span.subject')} AND event.subject = span.subject"
        f" AND event.time >= span.low AND event.time < span.high AND {condition} {_order('event')}"
    )
    text = (
        "SELECT found.key FROM unnest(%(subjects)s::text[], %(lows)s::timestamptz[], %(highs)s::timestamptz[])"
        f" AS span(subject, low, high) CROSS JOIN LATERAL ({inner}) found {_order('found')}"
    )
    return text, parameters | _span_parameters(selection.spans)


def batch_range_statement(received: FilterTime) -> tuple[str, dict[str, Any]]:
    """Return SQL and parameters for the first and last batch that came in a time."""
    condition, parameters = received.sql("received_at", "received")
    return f"SELECT min(id), max(id) FROM metering_batch WHERE {condition}", parameters


def _order(table: str) -> str:
    return f"ORDER BY {table}.time DESC, {table}.key LIMIT %(limit)s"


def _conditions(
    selection: EventSelection, batches: tuple[int | None, int | None] | None, after: Place | None
) -> tuple[str, dict[str, Any]]:
    found = [condition.sql(f"event.{COLUMNS[name]}", name) for name, condition in selection.texts.items()]
    if selection.time is not None:
        found.append(selection.time.sql("event.time", "time"))
    if selection.received is not None and batches is not None:
        found.append(selection.received.sql("batch.received_at", "received"))
        found.append(("event.batch_id BETWEEN %(first)s AND %(last)s", {"first": batches[0], "last": batches[1]}))
    if after is not None:
        # The first part is what an index on time can start from.
        beyond = "event.time <= %(after)s AND (event.time < %(after)s OR event.key > %(after_key)s)"
        found.append((beyond, {"after": after.time, "after_key": after.key}))
    texts = [text for text, _ in found] or ["true"]
    return " AND ".join(texts), {key: value for _, part in found for key, value in part.items()}


def _span_parameters(spans: Sequence[Span]) -> dict[str, Any]:
    return {
        "subjects": [span.subject for span in spans],
        "lows": ["-infinity" if span.start is None else span.start.isoformat() for span in spans],
        "highs": ["infinity" if span.end is None else span.end.isoformat() for span in spans],
    }
