"""The OpenAPI document on test clocks."""

from typing import Any

from drf_spectacular.utils import extend_schema_view
from rest_framework import serializers

from metering.api.schema.base import operation
from metering.api.schema.fields import PageOutput, UlidField
from metering.serializers.clocks import TestClockInput
from metering.serializers.fields import PageInput

TAG = "Test clocks"


class TestClockOutput(serializers.Serializer[Any]):
    __test__ = False

    id = UlidField()
    name = serializers.CharField()
    now = serializers.DateTimeField()
    createdAt = serializers.DateTimeField()


class TestClockPageOutput(PageOutput):
    __test__ = False

    items = TestClockOutput(many=True)


CLOCKS = extend_schema_view(
    get=operation("listTestClocks", TAG, "List test clocks", query=[PageInput], answers={200: TestClockPageOutput}),
    post=operation(
        "createTestClock",
        TAG,
        "Make a clock for customers that try out billing",
        body=TestClockInput,
        answers={201: TestClockOutput},
        is_idempotent=True,
    ),
)
CLOCK = extend_schema_view(
    get=operation("getTestClock", TAG, "Get a test clock", answers={200: TestClockOutput}, problems=[404]),
)
