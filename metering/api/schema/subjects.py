"""The OpenAPI document on `metering.api.subjects`."""

from typing import Any

from drf_spectacular.utils import extend_schema_view
from rest_framework import serializers

from metering.api.schema.base import operation
from metering.api.schema.fields import UlidField
from metering.serializers.subjects import SubjectInput

_TAG = "Subjects"


class SubjectOutput(serializers.Serializer[Any]):
    id = UlidField()
    key = serializers.CharField()
    displayName = serializers.CharField(required=False)
    metadata = serializers.DictField(required=False)
    currentPeriodStart = serializers.DateTimeField(required=False)
    currentPeriodEnd = serializers.DateTimeField(required=False)
    stripeCustomerId = serializers.CharField(required=False)
    createdAt = serializers.DateTimeField()
    updatedAt = serializers.DateTimeField()
    deletedAt = serializers.DateTimeField(required=False)


SUBJECTS = extend_schema_view(
    get=operation("listSubjects", _TAG, "List subjects", answers={200: SubjectOutput(many=True)}, is_deprecated=True),
    post=operation(
        "upsertSubject",
        _TAG,
        "Write what is known of subjects",
        body=SubjectInput(many=True),
        answers={200: SubjectOutput(many=True)},
        is_idempotent=True,
        is_deprecated=True,
    ),
)
SUBJECT = extend_schema_view(
    get=operation(
        "getSubject", _TAG, "Get a subject", answers={200: SubjectOutput}, problems=[404], is_deprecated=True
    ),
    delete=operation(
        "deleteSubject",
        _TAG,
        "Take a subject off the list",
        answers={204: None},
        problems=[404, 409],
        is_deprecated=True,
    ),
)
