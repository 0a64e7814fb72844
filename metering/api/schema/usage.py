"""The OpenAPI document on `metering.api.usage` and `metering.api.portal`."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema_view
from rest_framework import serializers

from metering.api.schema.base import JSON, operation
from metering.api.schema.fields import NumberField, UlidField
from metering.serializers.portal import PortalTokenInput, PortalTokenInvalidationInput, PortalTokenListInput
from metering.serializers.usage import UsageBodyInput, UsageInput
from metering.windows import WindowSize

_PORTAL = "Portal"
# One value a name here; a repeated name adds values.
_FILTER_GROUP_BY = OpenApiParameter(
    "filterGroupBy",
    {"type": "object", "additionalProperties": {"type": "string"}},
    style="deepObject",
    explode=True,
)


class MeterQueryRowOutput(serializers.Serializer[Any]):
    value = NumberField()
    windowStart = serializers.DateTimeField()
    windowEnd = serializers.DateTimeField()
    subject = serializers.CharField(allow_null=True)
    customerId = UlidField(required=False)
    groupBy = serializers.DictField(child=serializers.CharField(allow_null=True, allow_blank=True))


class MeterQueryResultOutput(serializers.Serializer[Any]):
    to = serializers.DateTimeField(required=False)
    windowSize = serializers.ChoiceField(choices=list(WindowSize), required=False)

    def get_fields(self) -> dict[str, Any]:
        # A keyword, and a property of every serializer, cannot be attributes.
        return {
            "from": serializers.DateTimeField(required=False),
            **super().get_fields(),
            "data": MeterQueryRowOutput(many=True),
        }


class PortalTokenOutput(serializers.Serializer[Any]):
    id = UlidField(required=False)
    subject = serializers.CharField()
    expiresAt = serializers.DateTimeField(required=False)
    expired = serializers.BooleanField(required=False)
    createdAt = serializers.DateTimeField(required=False)
    token = serializers.CharField(required=False, help_text="Shown once, when it is made.")
    allowedMeterSlugs = serializers.ListField(child=serializers.CharField(), required=False)


_ANSWERS = {200: {JSON: MeterQueryResultOutput, "text/csv": {"type": "string"}}}

USAGE = extend_schema_view(
    get=operation(
        "queryMeter",
        "Meters",
        "Query the usage of a meter",
        query=[UsageInput, _FILTER_GROUP_BY],
        answers=_ANSWERS,
        problems=[404],
    ),
    post=operation(
        "queryMeterPost",
        "Meters",
        "Query the usage of a meter with a body",
        body=UsageBodyInput,
        answers=_ANSWERS,
        problems=[404],
    ),
)
TOKENS = extend_schema_view(
    get=operation(
        "listPortalTokens",
        _PORTAL,
        "List portal tokens",
        query=[PortalTokenListInput],
        answers={200: PortalTokenOutput(many=True)},
    ),
    post=operation(
        "createPortalToken",
        _PORTAL,
        "Create a portal token",
        body=PortalTokenInput,
        answers={200: PortalTokenOutput},
        problems=[404, 409],
        is_idempotent=True,
    ),
)
INVALIDATION = extend_schema_view(
    post=operation(
        "invalidatePortalTokens",
        _PORTAL,
        "Invalidate portal tokens",
        body=PortalTokenInvalidationInput,
        answers={204: None},
    )
)
PORTAL_USAGE = extend_schema_view(
    get=operation(
        "queryPortalMeter",
        _PORTAL,
        "Query the usage of the token's subject",
        query=[
            UsageInput,
            _FILTER_GROUP_BY,
            OpenApiParameter("subject", exclude=True),
        ],
        answers=_ANSWERS,
        problems=[404],
    )
)
