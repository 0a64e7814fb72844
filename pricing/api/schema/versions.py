"""What the OpenAPI document says of plans and of add-ons alike."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers


class ValidationErrorOutput(serializers.Serializer[Any]):
    """See `pricing.issues.Issue`."""

    code = serializers.CharField()
    message = serializers.CharField(help_text="What to change, in a sentence.")

    def get_fields(self) -> dict[str, Any]:
        # A keyword of every serializer cannot be an attribute.
        return {"field": serializers.CharField(help_text="Where, as a JSONPath."), **super().get_fields()}


def validation_errors() -> ValidationErrorOutput:
    """Return the field that says what keeps a draft from being published."""
    return ValidationErrorOutput(
        many=True, allow_null=True, help_text="What keeps a draft from being published; null for nothing."
    )


# Numbers of versions by key: `keyVersion[pro]=1`.
KEY_VERSION = OpenApiParameter(
    "keyVersion",
    {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "integer"}}},
    style="deepObject",
    explode=True,
)
