"""Amend an event: a replacement takes its place, in one batch."""

from collections.abc import Mapping
from datetime import datetime
from itertools import count
from typing import Any

from django.db import transaction

from metering.errors import DomainError
from metering.exact_json import encode
from metering.identity import event_key
from metering.ingest.decode import InvalidEvents, NewEvent, decode_events
from metering.ingest.writer import store_events
from metering.models import Batch, BatchKind, Correction, CorrectionKind, CorrectionStatus, Event
from metering.queries.corrections import open_void
from metering.queries.event_filter import EventFilter
from metering.services.reasons import check_reason
from metering.services.rollups import lock_rollups
from metering.services.voids import void_now

_FIELDS = frozenset({"specversion", "id", "source", "type", "subject", "time", "data", "datacontenttype", "dataschema"})


class EventIsVoid(DomainError):
    status = 409
    code = "event_is_void"


class ReplacementIsStored(DomainError):
    status = 409
    code = "replacement_is_stored"


@transaction.atomic
def amend_event(
    *,
    source: str,
    event_id: str,
    replacement: Mapping[str, Any],
    reason: str,
    at: datetime,
    api_key_id: int | None = None,
) -> Correction:
    """
    Let an event count no longer, and store another in its place; both in one batch.

    The replacement is a CloudEvent; what it leaves out is taken from the original, but for its id, which becomes
    `<original id>/amended-1`, or the next number that is free.

    :raises ReasonIsMissing: without a reason.
    :raises UnknownEvent: if the original is not stored.
    :raises EventIsVoid: if the original does not count.
    :raises InvalidEvents: naming what is wrong with the replacement.
    :raises ReplacementIsStored: if an event with its source and id is stored already.
    """
    check_reason(reason)
    chosen = EventFilter(events=((source, event_id),))
    chosen.check_known()
    lock_rollups()
    original = Event.objects.get(pk=event_key(source, event_id))
    void = open_void(original)
    if void is not None:
        raise EventIsVoid(f"The event {original} is void because of {void.voided_batch.correction}. Undo that first.")
    new = _replacement(original, replacement, at, api_key_id)
    written = store_events([new], at=at)
    if not written.accepted:
        raise ReplacementIsStored(f"There is an event {new.event_id!r} of source {new.source!r}. Choose another id.")
    batch = Batch.objects.get(pk=written.batch_id)
    correction = Correction.objects.create(
        kind=CorrectionKind.AMENDMENT,
        status=CorrectionStatus.DONE,
        filter=chosen.to_json() | {"replacement": {"source": new.source, "id": new.event_id}},
        reason=reason.strip(),
        bound=batch.pk,
        matched=1,
        done=1,
        voided=1,
        created_at=at,
        finished_at=at,
    )
    batch.kind, batch.correction = BatchKind.AMENDMENT, correction
    batch.save(update_fields=["kind", "correction"])
    void_now([original], batch)
    return correction


def amended_fields(event: Event) -> dict[str, Any]:
    """Return what a replacement takes over from an event, as a CloudEvent; the id is left out."""
    return {
        "specversion": "1.0",
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": event.time.isoformat(),
        "data": event.data,
    }


def _replacement(original: Event, sent: Mapping[str, Any], at: datetime, api_key_id: int | None) -> NewEvent:
    if unknown := sorted(sent.keys() - _FIELDS):
        raise InvalidEvents(f"A replacement has no field {' or '.join(unknown)}. Send the fields of a CloudEvent.")
    fields = amended_fields(original) | {name: value for name, value in sent.items() if value is not None}
    if "data" in sent:
        fields["data"] = sent["data"]
    fields["id"] = sent.get("id") or _free_id(str(fields["source"]), original.event_id)
    (new,) = decode_events(encode(fields), "application/cloudevents+json", at=at, api_key_id=api_key_id)
    if event_key(new.source, new.event_id) == original.key:
        raise ReplacementIsStored("Leave out the id of the replacement, or choose another: the original keeps its own.")
    return new


def _free_id(source: str, event_id: str) -> str:
    candidates = (f"{event_id}/amended-{number}" for number in count(1))
    return next(free for free in candidates if not Event.objects.filter(pk=event_key(source, free)).exists())
