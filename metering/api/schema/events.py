"""The OpenAPI document on `metering.api.events`."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema_view
from rest_framework import serializers

from metering.api.schema.base import JSON, either, operation
from metering.api.schema.fields import UlidField, texts
from metering.models import Aggregation, CorrectionKind
from metering.queries.stored import Result
from metering.serializers.events import EventListInput, EventPageFilter, EventPageInput

_TAG = "Events"
_PREFER = OpenApiParameter(
    "Prefer",
    {"type": "string", "example": "return=representation"},
    OpenApiParameter.HEADER,
    description="With return=representation, the answer says what became of each event.",
)


class EventInput(serializers.Serializer[Any]):
    """See `metering.ingest.decode`."""

    id = serializers.CharField()
    specversion = serializers.CharField(required=False, default="1.0")
    type = serializers.CharField()
    subject = serializers.CharField()
    time = serializers.DateTimeField(required=False, allow_null=True, help_text="Without it, the time of receipt.")
    datacontenttype = serializers.ChoiceField(choices=["application/json"], required=False, allow_null=True)
    dataschema = serializers.URLField(required=False, allow_null=True, help_text="Taken, not kept.")

    def get_fields(self) -> dict[str, Any]:
        # Both are properties of every serializer, so they cannot be attributes.
        fields = super().get_fields()
        data = serializers.DictField(required=False, allow_null=True)
        return {"id": fields.pop("id"), "source": serializers.CharField(), **fields, "data": data}


class EventOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    specversion = serializers.CharField()
    type = serializers.CharField()
    subject = serializers.CharField()
    time = serializers.DateTimeField(required=False)

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        data = serializers.DictField(required=False)
        return {"id": fields.pop("id"), "source": serializers.CharField(), **fields, "data": data}


class MeterReadingOutput(serializers.Serializer[Any]):
    meterSlug = serializers.CharField()
    aggregation = serializers.ChoiceField(choices=Aggregation.values)
    groupBy = texts()
    value = serializers.JSONField(required=False, allow_null=True, help_text="What the meter took of the event.")
    problem = serializers.CharField(required=False, help_text="Why it took nothing.")


class EventVoidOutput(serializers.Serializer[Any]):
    voidedAt = serializers.DateTimeField()
    reason = serializers.CharField(allow_blank=True)
    correctionId = UlidField(required=False)
    kind = serializers.ChoiceField(choices=CorrectionKind.values, required=False)


class DidYouMeanOutput(serializers.Serializer[Any]):
    types = serializers.ListField(child=serializers.CharField(), required=False)
    subjects = serializers.ListField(child=serializers.CharField(), required=False)


class EventBillOutput(serializers.Serializer[Any]):
    """Where one feature billed an event."""

    state = serializers.ChoiceField(
        choices=["billed", "open", "included", "no_price"],
        help_text="On a line; not yet, as its period is not billed; at no cost; or nowhere, as no price counts it.",
    )
    featureKey = serializers.CharField(required=False)
    invoiceId = UlidField(required=False)
    invoiceNumber = serializers.CharField(required=False)
    lineId = UlidField(required=False)


class VerdictOutput(serializers.Serializer[Any]):
    outcomes = serializers.ListField(child=serializers.CharField())
    meters = MeterReadingOutput(many=True)
    void = EventVoidOutput(required=False)
    didYouMean = DidYouMeanOutput(required=False)
    bills = EventBillOutput(many=True, required=False, help_text="Where it was billed, by feature.")


class IngestedEventOutput(serializers.Serializer[Any]):
    event = EventOutput()
    ingestedAt = serializers.DateTimeField()
    storedAt = serializers.DateTimeField()
    customerId = UlidField(required=False)
    validationError = serializers.CharField(required=False)
    verdict = VerdictOutput()


class EventPageOutput(serializers.Serializer[Any]):
    items = IngestedEventOutput(many=True)
    nextCursor = serializers.CharField(required=False)


class DifferenceOutput(serializers.Serializer[Any]):
    field = serializers.CharField()
    sent = serializers.JSONField(allow_null=True)
    stored = serializers.JSONField(required=False, allow_null=True)


class ReceiptEventOutput(serializers.Serializer[Any]):
    """The whole event, or, for those who may not read what is stored under its id, that id alone."""

    id = serializers.CharField()
    specversion = serializers.CharField(required=False)
    type = serializers.CharField(required=False)
    subject = serializers.CharField(required=False)
    time = serializers.DateTimeField(required=False)

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        data = serializers.DictField(required=False)
        return {"id": fields.pop("id"), "source": serializers.CharField(), **fields, "data": data}


class ReceiptOutput(serializers.Serializer[Any]):
    result = serializers.ChoiceField(choices=[result.value for result in Result])
    differences = DifferenceOutput(many=True, required=False)
    event = ReceiptEventOutput()
    ingestedAt = serializers.DateTimeField(required=False)
    storedAt = serializers.DateTimeField(required=False)
    customerId = UlidField(required=False)
    validationError = serializers.CharField(required=False)
    verdict = VerdictOutput(required=False)


EVENTS = extend_schema_view(
    get=operation(
        "listEvents",
        _TAG,
        "List events",
        query=[EventListInput],
        answers={200: IngestedEventOutput(many=True)},
    ),
    post=operation(
        "ingestEvents",
        _TAG,
        "Send events",
        query=[_PREFER],
        body={
            "application/cloudevents+json": EventInput,
            "application/cloudevents-batch+json": EventInput(many=True),
            JSON: either("IngestEventsBody", EventInput, EventInput(many=True)),
        },
        answers={200: ReceiptOutput(many=True), 204: None},
        problems=[429, 503],
    ),
)
EVENT_PAGES = extend_schema_view(
    get=operation(
        "listEventsV2",
        _TAG,
        "Walk through events",
        query=[EventPageInput, OpenApiParameter("filter", EventPageFilter)],
        answers={200: EventPageOutput},
    )
)
