"""The OpenAPI document on `metering.api.info`, `metering.api.debug` and `metering.api.progress`."""

from typing import Any

from drf_spectacular.utils import extend_schema_view
from rest_framework import serializers

from metering.api.schema.base import operation
from metering.api.schema.fields import CurrencyField

_TAG = "Lookup information"


class CurrencyOutput(serializers.Serializer[Any]):
    code = CurrencyField()
    name = serializers.CharField()
    symbol = serializers.CharField()
    subunits = serializers.IntegerField(min_value=0, help_text="Digits after the decimal point.")


class ProgressOutput(serializers.Serializer[Any]):
    success = serializers.IntegerField(min_value=0)
    failed = serializers.IntegerField(min_value=0)
    total = serializers.IntegerField(min_value=0)
    updatedAt = serializers.DateTimeField()


METRICS = extend_schema_view(
    get=operation(
        "getDebugMetrics",
        "Debug",
        "Count the events since midnight (UTC) by subject, as OpenMetrics",
        answers={200: {"text/plain": {"type": "string"}, "application/openmetrics-text": {"type": "string"}}},
    )
)
CURRENCIES = extend_schema_view(
    get=operation("listCurrencies", _TAG, "List currencies", answers={200: CurrencyOutput(many=True)})
)
PROGRESS = extend_schema_view(
    get=operation(
        "getProgress",
        _TAG,
        "Tell how far a usage query is, by the clientId it was sent with",
        answers={200: ProgressOutput},
        problems=[404],
    )
)
