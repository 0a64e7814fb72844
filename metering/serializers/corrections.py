"""Corrections as the API takes and shows them: our own resources, in OpenMeter's style."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rest_framework import serializers

from metering.models import Correction, SubjectLink
from metering.queries.corrections import VoidPreview
from metering.queries.event_filter import MOST_EVENTS, EventFilter
from metering.serializers.fields import InstantField, TextField, present
from metering.services.subject_moves import Move

_MOST_CHARACTERS = 1000


class StrictInput(serializers.Serializer[Any]):
    """Refuses names it does not know: a misspelt one would change more than was meant."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping) and (unknown := sorted(data.keys() - self.fields.keys())):
            sentence = f"There is no such field here. Use {', '.join(sorted(self.fields))}."
            raise serializers.ValidationError(dict.fromkeys(unknown, sentence))
        return super().to_internal_value(data)


class EventIdentityInput(StrictInput):
    def get_fields(self) -> dict[str, Any]:
        # An attribute of this name would hide the serializer's own.
        return {"source": TextField(), "id": TextField()}


class EventFilterInput(StrictInput):
    type = TextField(required=False)
    subject = TextField(required=False)
    id = TextField(required=False)
    to = InstantField(required=False)
    ingestedFrom = InstantField(required=False)
    ingestedTo = InstantField(required=False)

    def get_fields(self) -> dict[str, Any]:
        # A keyword, and the name of an argument of every field, cannot be attributes.
        return {"source": TextField(required=False), "from": InstantField(required=False), **super().get_fields()}


class VoidInput(StrictInput):
    events = serializers.ListField(child=EventIdentityInput(), required=False, min_length=1, max_length=MOST_EVENTS)
    filter = EventFilterInput(required=False)
    reason = TextField(max_length=_MOST_CHARACTERS, required=False, allow_blank=True, default="")
    dryRun = serializers.BooleanField(default=False)

    def chosen(self) -> EventFilter:
        """Return which events are meant."""
        sent = self.validated_data
        events = tuple((event["source"], event["id"]) for event in sent.get("events", []))
        return replace(EventFilter.of(sent.get("filter", {})), events=events)


class AmendInput(StrictInput):
    id = TextField()
    replacement = serializers.DictField()
    reason = TextField(max_length=_MOST_CHARACTERS)

    def get_fields(self) -> dict[str, Any]:
        return {"source": TextField(), **super().get_fields()}


class UndoInput(StrictInput):
    reason = TextField(max_length=_MOST_CHARACTERS)


class MoveInput(StrictInput):
    customerId = TextField(allow_null=True, help_text="Id or key of a customer; null: nobody.")
    reason = TextField(max_length=_MOST_CHARACTERS)

    def get_fields(self) -> dict[str, Any]:
        return {"from": InstantField(), **super().get_fields()}


def correction_output(correction: Correction) -> dict[str, Any]:
    """
    Return a correction with its progress: `done` of `matched` events were seen, `voided` of them by this one.

    It has to come from `with_makers`.
    """
    return present(
        {
            "id": correction.ulid,
            "kind": correction.kind,
            "status": correction.status,
            "filter": correction.filter,
            "reason": correction.reason,
            "progress": {
                "matched": correction.matched,
                "done": correction.done,
                "voided": correction.voided,
                "restored": correction.restored,
                "percent": int(100 * correction.progress),
            },
            "createdAt": correction.created_at,
            "createdBy": correction.made_by,  # type: ignore[attr-defined]
            "finishedAt": correction.finished_at,
            "undoReason": correction.undo_reason,
            "undoneAt": correction.undone_at,
        }
    )


def preview_output(preview: VoidPreview) -> dict[str, Any]:
    """Return what voiding would do; a customer of null stands for events that belong to nobody."""
    return {
        "dryRun": True,
        "matched": preview.matched,
        "alreadyVoid": preview.already_void,
        "firstEventAt": preview.first_at,
        "lastEventAt": preview.last_at,
        "types": [{"type": part.name, "events": part.events} for part in preview.types],
        "subjectCount": preview.subject_count,
        "subjects": [{"subject": part.name, "events": part.events} for part in preview.subjects],
        "customers": [
            {
                "customerId": part.customer and part.customer.ulid,
                "customerKey": part.customer and part.customer.key,
                "events": part.events,
            }
            for part in preview.customers
        ],
        "meters": [
            {"meterSlug": effect.meter.slug, "events": effect.events, "quantity": effect.quantity}
            for effect in preview.meters
        ],
    }


def move_output(subject_key: str, move: Move) -> dict[str, Any]:
    """Return whose a subject was and is in event time, as far as a move changed it; no time is open."""
    return {
        "subject": subject_key,
        "reason": move.batch.reason,
        "ended": [_link(link) for link in move.ended],
        "made": [_link(link) for link in move.made],
    }


def _link(link: SubjectLink) -> dict[str, Any]:
    return {
        "customerId": link.customer.ulid,
        "customerKey": link.customer.key,
        "from": link.from_at,
        "to": link.to_at,
    }
