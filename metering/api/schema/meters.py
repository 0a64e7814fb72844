"""The OpenAPI document on `metering.api.meters` and `metering.api.meter_values`."""

from typing import Any

from drf_spectacular.utils import extend_schema_view
from rest_framework import serializers

from metering.api.schema.base import array, operation
from metering.api.schema.fields import UlidField, texts
from metering.models import Aggregation
from metering.serializers.fields import RangeInput
from metering.serializers.meters import MeterChangeInput, MeterInput, MeterListInput

_TAG = "Meters"
_TEXTS = array({"type": "string"})


class BackfillOutput(serializers.Serializer[Any]):
    done = serializers.IntegerField(min_value=0)
    total = serializers.IntegerField(min_value=0)


class MeterOutput(serializers.Serializer[Any]):
    id = UlidField()
    slug = serializers.CharField()
    name = serializers.CharField(required=False)
    description = serializers.CharField(required=False)
    eventType = serializers.CharField()
    aggregation = serializers.ChoiceField(choices=Aggregation.values)
    valueProperty = serializers.CharField(required=False)
    groupBy = texts(required=False)
    eventFrom = serializers.DateTimeField(required=False)
    metadata = texts(required=False)
    createdAt = serializers.DateTimeField()
    updatedAt = serializers.DateTimeField()
    deletedAt = serializers.DateTimeField(required=False)
    backfill = BackfillOutput(
        required=False, help_text="How far older events are added up; queries are right before it is done."
    )


METERS = extend_schema_view(
    get=operation("listMeters", _TAG, "List meters", query=[MeterListInput], answers={200: MeterOutput(many=True)}),
    post=operation(
        "createMeter",
        _TAG,
        "Create a meter",
        body=MeterInput,
        answers={201: MeterOutput},
        problems=[409],
        is_idempotent=True,
    ),
)
METER = extend_schema_view(
    get=operation("getMeter", _TAG, "Get a meter", answers={200: MeterOutput}, problems=[404]),
    put=operation(
        "updateMeter", _TAG, "Change a meter", body=MeterChangeInput, answers={200: MeterOutput}, problems=[404, 409]
    ),
    delete=operation("deleteMeter", _TAG, "Delete a meter", answers={204: None}, problems=[404, 409]),
)
SUBJECTS = extend_schema_view(
    get=operation(
        "listMeterSubjects",
        _TAG,
        "List the subjects that a meter has seen",
        query=[RangeInput],
        answers={200: _TEXTS},
        problems=[404],
    )
)
GROUP_VALUES = extend_schema_view(
    get=operation(
        "listMeterGroupByValues",
        _TAG,
        "List the values that a group of a meter has seen",
        query=[RangeInput],
        answers={200: _TEXTS},
        problems=[404],
    )
)
