"""The OpenAPI document on moving test clocks."""

from typing import Any

from drf_spectacular.utils import extend_schema_view
from rest_framework import serializers

from metering.api.schema.base import operation
from metering.api.schema.clocks import TAG, TestClockOutput
from metering.serializers.clocks import TestClockMoveInput


class ParkedOutput(serializers.Serializer[Any]):
    customerId = serializers.CharField()
    reason = serializers.CharField()


class TestClockMoveOutput(TestClockOutput):
    __test__ = False

    invoices = serializers.IntegerField(help_text="How many were written.")
    parked = ParkedOutput(many=True, help_text="Who could not be billed, and why.")


MOVE = extend_schema_view(
    post=operation(
        "advanceTestClock",
        TAG,
        "Move a test clock forward, and bill its customers",
        body=TestClockMoveInput,
        answers={200: TestClockMoveOutput},
        problems=[404, 409],
    ),
)
