"""Events as people look at them: whose they are, and pages of them, newest first."""

import base64
import binascii
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from metering.errors import DomainError
from metering.event_sql import EventSelection, Place, batch_range_statement, page_statement
from metering.filter_time import FilterTime
from metering.identity import text_hash
from metering.models import Customer, Event, SubjectLink
from metering.spans import Span, clip_spans

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NO_BATCHES = (0, 0)


class UnknownCustomer(DomainError):
    code = "unknown_customer"


class InvalidCursor(DomainError):
    code = "invalid_cursor"


def cursor_of(event: Event) -> str:
    """Return the cursor of the page that starts after an event."""
    micros = (event.time - _EPOCH) // _MICROSECOND
    return base64.urlsafe_b64encode(f"{micros}.{event.key.hex}".encode()).decode().rstrip("=")


def place_of(cursor: str) -> Place:
    """
    Return the place that a cursor stands for.

    :raises InvalidCursor: if no list gave it out.
    """
    try:
        micros, _, key = base64.b64decode(f"{cursor}==", altchars=b"-_", validate=True).decode().partition(".")
        return Place(_EPOCH + int(micros) * _MICROSECOND, UUID(hex=key))
    except (ValueError, OverflowError, binascii.Error):
        raise InvalidCursor("Send the nextCursor of the page before as cursor, unchanged.") from None


def owners_of(events: Iterable[Event]) -> dict[Any, Customer]:
    """Return the customer of each event that has one, by event key; one query."""
    events = list(events)
    hashes = {text_hash(event.subject) for event in events}
    links = (
        SubjectLink.objects.known_at(None).filter(subject__key_hash__in=hashes).select_related("subject", "customer")
    )
    by_subject: dict[str, list[SubjectLink]] = {}
    for link in links:
        by_subject.setdefault(link.subject.key, []).append(link)
    return {
        event.key: link.customer
        for event in events
        for link in by_subject.get(event.subject, [])
        if (link.from_at is None or link.from_at <= event.time) and (link.to_at is None or event.time < link.to_at)
    }


def spans_of(*, customer_ids: Sequence[str] | None, subjects: Collection[str] | None) -> tuple[Span, ...] | None:
    """
    Return whose events are asked for by public ids of customers, by subjects, or by both; None is everybody's.

    :raises UnknownCustomer: naming the first id that no customer has.
    """
    if customer_ids is None:
        return None if subjects is None else clip_spans([Span(subject, None, None) for subject in subjects], None, None)
    links = SubjectLink.objects.known_at(None).filter(customer__in=_customers(customer_ids)).select_related("subject")
    spans = [Span(link.subject.key, link.from_at, link.to_at) for link in links]
    return clip_spans([span for span in spans if subjects is None or span.subject in subjects], None, None)


def _customers(public_ids: Sequence[str]) -> list[Customer]:
    found = {customer.ulid: customer for customer in Customer.objects.filter(ulid__in=public_ids)}
    for public_id in public_ids:
        if public_id not in found:
            raise UnknownCustomer(f"There is no customer with the id {public_id}.")
    return list(found.values())


def page_of_events(selection: EventSelection, *, limit: int, after: Place | None = None) -> list[Event]:
    """
    Return up to `limit` events, the newest first, with their batches; those of one instant are in the order of keys.

    Never counts: it walks an index from where the page starts, until the page is full.
    """
    batches = None if selection.received is None else _batch_range(selection.received)
    if selection.spans == () or batches == _NO_BATCHES:
        return []
    with connection.cursor() as cursor:
        cursor.execute(*page_statement(selection, batches=batches, after=after, limit=limit))
        keys = [row[0] for row in cursor.fetchall()]
    found = Event.objects.select_related("batch").in_bulk(keys)
    return [found[key] for key in keys]


def _batch_range(received: FilterTime) -> tuple[int, int]:
    """Return the first and last batch that came in a time, which is a range of the events' index; (0, 0) for none."""
    with connection.cursor() as cursor:
        cursor.execute(*batch_range_statement(received))
        first, last = cursor.fetchone()
    return first or 0, last or 0
