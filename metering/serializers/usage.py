"""Usage queries as the API takes them."""

from typing import Any

from rest_framework import serializers

from metering.serializers.fields import ChoiceField, InstantField, TextField
from metering.windows import WindowSize
from metering.zones import zone_names


class UsageInput(serializers.Serializer[Any]):
    """A usage query; `filterGroupBy` maps names of the meter's groups to the values that count."""

    clientId = TextField(required=False, allow_null=True)
    to = InstantField(required=False, allow_null=True, default=None)
    windowSize = ChoiceField(choices=list(WindowSize), required=False, allow_null=True, default=None)
    windowTimeZone = TextField(required=False, default="UTC")
    subject = serializers.ListField(child=TextField(), max_length=100, default=list)
    groupBy = serializers.ListField(child=TextField(), max_length=100, default=list)
    filterCustomerId = serializers.ListField(child=TextField(), max_length=100, default=list)
    filterGroupBy = serializers.DictField(child=serializers.ListField(child=TextField(allow_blank=True)), default=dict)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `from` is a word of Python, so it cannot be declared above.
        return {"from": InstantField(required=False, allow_null=True, default=None), **super().get_fields()}

    def validate_windowTimeZone(self, name: str) -> str:
        if name not in zone_names():
            raise serializers.ValidationError(f"There is no time zone {name}. Use an IANA name such as Europe/Paris.")
        return name

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["from"] and attrs["to"] and attrs["from"] >= attrs["to"]:
            raise serializers.ValidationError({"to": "The end has to be after the start in from."})
        return attrs
