"""Features as the API takes and shows them, in OpenMeter's shapes."""

from typing import Any

from rest_framework import serializers

from metering.serializers.fields import MAX_PAGE_SIZE, ChoiceField, JsonObjectField, TextField, TextsField, present
from metering.serializers.filters import FilterTextField
from pricing.feature_filters import FILTER_DEPTH, plain_filters
from pricing.models import Feature


class FeatureListInput(serializers.Serializer[Any]):
    """Without `page` and `pageSize` the answer is a plain array, of which `offset` and `limit` choose a part."""

    meterSlug = serializers.ListField(child=TextField(), required=False, default=list)
    includeArchived = serializers.BooleanField(default=False)
    page = serializers.IntegerField(min_value=1, max_value=10**9, required=False)
    pageSize = serializers.IntegerField(min_value=1, max_value=MAX_PAGE_SIZE, required=False)
    offset = serializers.IntegerField(min_value=0, max_value=10**9, default=0)
    limit = serializers.IntegerField(min_value=1, max_value=MAX_PAGE_SIZE, default=MAX_PAGE_SIZE)
    order = ChoiceField(choices=["ASC", "DESC"], default="ASC")
    orderBy = ChoiceField(choices=["id", "key", "name", "createdAt", "updatedAt"], default="createdAt")


class ConditionField(FilterTextField):
    """A condition, checked, and kept as it was sent."""

    def to_internal_value(self, data: Any) -> Any:
        super().to_internal_value(data)
        return data


class UnitCostField(JsonObjectField):
    """What a unit costs us; its rules are the service's."""


class FeatureInput(serializers.Serializer[Any]):
    key = TextField(max_length=64)
    name = TextField(max_length=256)
    metadata = TextsField(default=dict)
    meterSlug = TextField(max_length=64, required=False, allow_null=True, default=None)
    meterGroupByFilters = TextsField(default=dict)
    advancedMeterGroupByFilters = serializers.DictField(
        child=ConditionField(depth=FILTER_DEPTH), required=False, allow_null=True, default=dict
    )
    unitCost = UnitCostField(required=False, allow_null=True, default=None)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["meterGroupByFilters"] and attrs["advancedMeterGroupByFilters"]:
            message = "Send meterGroupByFilters or advancedMeterGroupByFilters, not both."
            raise serializers.ValidationError(message)
        return attrs

    def values(self) -> dict[str, Any]:
        """Return what was sent in the words of `create_feature`; the meter, whose row is not known here, apart."""
        sent = self.validated_data
        return {
            "key": sent["key"],
            "name": sent["name"],
            "metadata": sent["metadata"] or {},
            "filters": sent["meterGroupByFilters"] or sent["advancedMeterGroupByFilters"] or {},
            "unit_cost": sent["unitCost"],
        }


def feature_output(feature: Feature) -> dict[str, Any]:
    """Return a feature as the API shows it; filters that are plain texts in both of OpenMeter's shapes."""
    return present(
        {
            "id": feature.ulid,
            "key": feature.key,
            "name": feature.name,
            "metadata": feature.metadata,
            "meterSlug": feature.meter and feature.meter.slug,
            "meterGroupByFilters": plain_filters(feature.filters),
            "advancedMeterGroupByFilters": feature.filters,
            "unitCost": feature.unit_cost,
            "createdAt": feature.created_at,
            "updatedAt": feature.updated_at,
            "archivedAt": feature.archived_at,
        }
    )
