"""The OpenAPI document on `metering.api.info` and `metering.api.debug`."""

from drf_spectacular.utils import extend_schema_view

from metering.api.schema.base import operation
from metering.serializers.currencies import CurrencyOutput

METRICS = extend_schema_view(
    get=operation(
        "getDebugMetrics",
        "Debug",
        "Count the events since midnight (UTC) by subject, as OpenMetrics",
        answers={"text/plain": {"type": "string"}, "application/openmetrics-text": {"type": "string"}},
    )
)
CURRENCIES = extend_schema_view(
    get=operation("listCurrencies", "Lookup", "List currencies", answer=CurrencyOutput(many=True))
)
