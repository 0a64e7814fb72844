"""The OpenAPI document on `metering.api.corrections`."""

from typing import Any

from drf_spectacular.utils import extend_schema_view
from rest_framework import serializers

from metering.api.schema.base import either, operation
from metering.api.schema.fields import NumberField, PageOutput, UlidField
from metering.models import CorrectionKind, CorrectionStatus
from metering.serializers.corrections import AmendInput, MoveInput, UndoInput, VoidInput
from metering.serializers.fields import PageInput

_TAG = "Corrections"


class CorrectionProgressOutput(serializers.Serializer[Any]):
    matched = serializers.IntegerField(min_value=0)
    done = serializers.IntegerField(min_value=0)
    voided = serializers.IntegerField(min_value=0)
    restored = serializers.IntegerField(min_value=0)
    percent = serializers.IntegerField(min_value=0, max_value=100)


class CorrectionOutput(serializers.Serializer[Any]):
    id = UlidField()
    kind = serializers.ChoiceField(choices=CorrectionKind.values)
    status = serializers.ChoiceField(choices=CorrectionStatus.values)
    filter = serializers.DictField(required=False)
    reason = serializers.CharField()
    progress = CorrectionProgressOutput()
    createdAt = serializers.DateTimeField()
    createdBy = serializers.CharField(help_text="The API key or person that asked for it.")
    finishedAt = serializers.DateTimeField(required=False)
    undoReason = serializers.CharField(required=False)
    undoneAt = serializers.DateTimeField(required=False)


class CorrectionPageOutput(PageOutput):
    items = CorrectionOutput(many=True)


class TypeCountOutput(serializers.Serializer[Any]):
    type = serializers.CharField()
    events = serializers.IntegerField()


class SubjectCountOutput(serializers.Serializer[Any]):
    subject = serializers.CharField()
    events = serializers.IntegerField()


class CustomerCountOutput(serializers.Serializer[Any]):
    customerId = UlidField(allow_null=True)
    customerKey = serializers.CharField(allow_null=True)
    events = serializers.IntegerField()


class MeterEffectOutput(serializers.Serializer[Any]):
    meterSlug = serializers.CharField()
    events = serializers.IntegerField()
    quantity = NumberField(allow_null=True)


class VoidPreviewOutput(serializers.Serializer[Any]):
    dryRun = serializers.BooleanField()
    matched = serializers.IntegerField()
    alreadyVoid = serializers.IntegerField()
    firstEventAt = serializers.DateTimeField(allow_null=True)
    lastEventAt = serializers.DateTimeField(allow_null=True)
    types = TypeCountOutput(many=True)
    subjectCount = serializers.IntegerField()
    subjects = SubjectCountOutput(many=True)
    customers = CustomerCountOutput(many=True)
    meters = MeterEffectOutput(many=True)


class SubjectLinkOutput(serializers.Serializer[Any]):
    customerId = UlidField()
    customerKey = serializers.CharField(allow_null=True)
    to = serializers.DateTimeField(allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        # A keyword cannot be the name of an attribute.
        return {**super().get_fields(), "from": serializers.DateTimeField(allow_null=True)}


class SubjectMoveOutput(serializers.Serializer[Any]):
    subject = serializers.CharField()
    reason = serializers.CharField()
    ended = SubjectLinkOutput(many=True)
    made = SubjectLinkOutput(many=True)


_DONE_OR_GOING_ON = {200: CorrectionOutput, 202: CorrectionOutput}

VOID = extend_schema_view(
    post=operation(
        "voidEvents",
        _TAG,
        "Void events, or tell what that would do",
        body=VoidInput,
        answers={200: either("VoidAnswer", CorrectionOutput, VoidPreviewOutput), 202: CorrectionOutput},
        problems=[404, 409],
        is_idempotent=True,
    )
)
AMEND = extend_schema_view(
    post=operation(
        "amendEvent",
        _TAG,
        "Replace an event",
        body=AmendInput,
        answers=_DONE_OR_GOING_ON,
        problems=[404, 409],
        is_idempotent=True,
    )
)
CORRECTIONS = extend_schema_view(
    get=operation("listCorrections", _TAG, "List corrections", query=[PageInput], answers={200: CorrectionPageOutput})
)
CORRECTION = extend_schema_view(
    get=operation("getCorrection", _TAG, "Get a correction", answers={200: CorrectionOutput}, problems=[404])
)
UNDO = extend_schema_view(
    post=operation(
        "undoCorrection",
        _TAG,
        "Undo a correction",
        body=UndoInput,
        answers=_DONE_OR_GOING_ON,
        problems=[404, 409],
        is_idempotent=True,
    )
)
MOVE = extend_schema_view(
    post=operation(
        "moveSubject",
        _TAG,
        "Move a subject to another customer from a time on",
        body=MoveInput,
        answers={200: SubjectMoveOutput},
        problems=[404, 409, 412],
        is_idempotent=True,
    )
)
