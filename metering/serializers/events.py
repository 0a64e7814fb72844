"""Events of the API: what lists ask for, what is answered of each event."""

from typing import Any

from rest_framework import exceptions, serializers

from metering.models import Event, EventVoid
from metering.models.base import DecimalJSONDecoder
from metering.queries.stored import Receipt, Result
from metering.queries.verdicts import Reading, Verdict, reason_of
from metering.rendering import decode
from metering.serializers.fields import InstantField, RangeInput, TextField, check_range, present
from metering.serializers.filters import FilterTextField, FilterTimeField

MOST_EVENTS = 100
# As stored data are read: every digit, however many.
_decode = DecimalJSONDecoder().decode
_FILTER_DEPTH = 1


class EventListInput(RangeInput):
    clientId = TextField(required=False, max_length=36)
    id = TextField(required=False, help_text="A part of the event's id.")
    subject = TextField(required=False)
    ingestedAtFrom = InstantField(required=False)
    ingestedAtTo = InstantField(required=False)
    customerId = serializers.ListField(child=TextField(), required=False)
    limit = serializers.IntegerField(min_value=1, max_value=MOST_EVENTS, default=MOST_EVENTS)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        check_range(attrs, "ingestedAtFrom", "ingestedAtTo")
        return super().validate(attrs)


class EventPageInput(serializers.Serializer[Any]):
    clientId = TextField(required=False, max_length=36)
    cursor = TextField(required=False)
    limit = serializers.IntegerField(min_value=1, max_value=MOST_EVENTS, default=MOST_EVENTS)
    filter = TextField(required=False, help_text='A JSON object by field, such as {"type": {"$eq": "request"}}.')

    def validate_filter(self, text: str) -> dict[str, Any]:
        try:
            read = decode(text.encode())
        except (exceptions.ParseError, UnicodeEncodeError):
            read = None
        if not isinstance(read, dict):
            raise serializers.ValidationError('Write it as a JSON object, such as {"type": {"$eq": "request"}}.')
        return read


class OneOfCustomers(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return {"$in": serializers.ListField(child=TextField(), min_length=1, max_length=MOST_EVENTS)}


class EventPageFilter(serializers.Serializer[Any]):
    id = FilterTextField(depth=_FILTER_DEPTH, required=False)
    type = FilterTextField(depth=_FILTER_DEPTH, required=False)
    subject = FilterTextField(depth=_FILTER_DEPTH, required=False)
    customerId = OneOfCustomers(required=False)
    time = FilterTimeField(depth=_FILTER_DEPTH, required=False)
    ingestedAt = FilterTimeField(depth=_FILTER_DEPTH, required=False)

    def get_fields(self) -> dict[str, Any]:
        # `source` is an argument of every field, so it cannot be an attribute.
        return {"source": FilterTextField(depth=_FILTER_DEPTH, required=False), **super().get_fields()}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        unknown = sorted(set(self.initial_data) - set(self.fields))
        if unknown:
            raise serializers.ValidationError(
                {name: f"Events cannot be filtered by this. Use one of {', '.join(self.fields)}." for name in unknown}
            )
        return attrs


def event_output(event: Event, verdict: Verdict) -> dict[str, Any]:
    """Return an event as lists show it: what was sent, when it came, and what became of it."""
    received_at = event.batch.received_at
    members = {
        "event": sent_output(event),
        "ingestedAt": received_at,
        "storedAt": received_at,
        "customerId": verdict.customer and verdict.customer.ulid,
        "validationError": verdict.validation_error,
    }
    return present(members) | {"verdict": verdict_output(verdict)}


def sent_output(event: Event) -> dict[str, Any]:
    """Return a stored event in the words of CloudEvents."""
    sent = {
        "id": event.event_id,
        "source": event.source,
        "specversion": "1.0",
        "type": event.type,
        "subject": event.subject,
        "time": event.time,
    }
    return sent if event.data is None else sent | {"data": event.data}


def verdict_output(verdict: Verdict) -> dict[str, Any]:
    """Return what became of an event; `outcomes` is `["counted"]` where nothing is wrong with it."""
    members: dict[str, Any] = {
        "outcomes": list(verdict.outcomes),
        "meters": [_reading_output(reading) for reading in verdict.readings],
    }
    if verdict.void is not None:
        members["void"] = _void_output(verdict.void)
    meant = {"types": verdict.similar_types, "subjects": verdict.similar_subjects}
    named = {name: found for name, found in meant.items() if found}
    return members | ({"didYouMean": named} if named else {}) | dict(verdict.more)


def _reading_output(reading: Reading) -> dict[str, Any]:
    members = {"meterSlug": reading.meter.slug, "aggregation": reading.meter.aggregation, "groupBy": reading.group}
    if reading.problem is not None:
        return members | {"problem": reading.problem}
    return members | {"value": reading.value}


def _void_output(void: EventVoid) -> dict[str, Any]:
    correction = void.voided_batch.correction
    members = {"voidedAt": void.voided_batch.received_at, "reason": reason_of(void)}
    return members if correction is None else members | {"correctionId": correction.ulid, "kind": correction.kind}


def receipt_output(receipt: Receipt, verdict: Verdict, *, may_read: bool) -> dict[str, Any]:
    """Return what came of a sent event; what was stored before under its id is shown to those who may read alone."""
    members: dict[str, Any] = {"result": receipt.result}
    if receipt.result != Result.CONFLICT:
        return members | event_output(receipt.stored, verdict)
    members["differences"] = [_difference_output(receipt, name, may_read=may_read) for name in receipt.differing]
    if may_read:
        return members | event_output(receipt.stored, verdict)
    return members | {"event": {"id": receipt.sent.event_id, "source": receipt.sent.source}}


def _difference_output(receipt: Receipt, name: str, *, may_read: bool) -> dict[str, Any]:
    sent = getattr(receipt.sent, name)
    members = {"field": name, "sent": _decode(bytes(sent).decode()) if name == "data" else sent}
    return members | ({"stored": getattr(receipt.stored, name)} if may_read else {})
