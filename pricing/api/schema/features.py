"""The OpenAPI document on `pricing.api.features`."""

from typing import Any

from drf_spectacular.utils import extend_schema_view
from rest_framework import serializers

from metering.api.schema.base import either, operation
from metering.api.schema.document import FilterStringExtension
from metering.api.schema.fields import PageOutput, UlidField, texts
from metering.serializers.filters import FilterTextField
from pricing.api.schema.rate_cards import NumericField, OneOfExtension
from pricing.feature_filters import FILTER_DEPTH
from pricing.serializers.features import FeatureInput, FeatureListInput, UnitCostField

_TAG = "Product catalog"


class FeatureManualUnitCostOutput(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=["manual"])
    amount = NumericField(help_text="In USD.")


class FeatureLLMUnitCostOutput(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=["llm"])
    provider = serializers.CharField(required=False)
    providerProperty = serializers.CharField(required=False, help_text="The group of the meter that tells it.")
    model = serializers.CharField(required=False)
    modelProperty = serializers.CharField(required=False)
    tokenType = serializers.CharField(required=False)
    tokenTypeProperty = serializers.CharField(required=False)


class UnitCostOutputField(serializers.Field[Any, Any, Any, Any]):
    """What a unit costs us."""


class _UnitCostExtension(OneOfExtension):
    component = "FeatureUnitCost"
    shapes = {"manual": FeatureManualUnitCostOutput, "llm": FeatureLLMUnitCostOutput}


class UnitCostOutputExtension(_UnitCostExtension):
    target_class = UnitCostOutputField


class UnitCostInputExtension(_UnitCostExtension):
    target_class = UnitCostField


class ConditionExtension(FilterStringExtension):
    target_class = "pricing.serializers.features.ConditionField"


class FeatureOutput(serializers.Serializer[Any]):
    id = UlidField()
    key = serializers.CharField()
    name = serializers.CharField()
    metadata = texts(required=False)
    meterSlug = serializers.CharField(required=False)
    meterGroupByFilters = texts(required=False, help_text="The same, where each filter is one text.")
    advancedMeterGroupByFilters = serializers.DictField(child=FilterTextField(depth=FILTER_DEPTH), required=False)
    unitCost = UnitCostOutputField(required=False)
    createdAt = serializers.DateTimeField()
    updatedAt = serializers.DateTimeField()
    archivedAt = serializers.DateTimeField(required=False)


class FeaturePageOutput(PageOutput):
    items = FeatureOutput(many=True)


FEATURES = extend_schema_view(
    get=operation(
        "listFeatures",
        _TAG,
        "List features",
        query=[FeatureListInput],
        answers={200: either("ListFeaturesResult", FeatureOutput(many=True), FeaturePageOutput)},
    ),
    post=operation(
        "createFeature",
        _TAG,
        "Create a feature",
        body=FeatureInput,
        answers={201: FeatureOutput},
        problems=[404, 409],
        is_idempotent=True,
    ),
)
FEATURE = extend_schema_view(
    get=operation("getFeature", _TAG, "Get a feature", answers={200: FeatureOutput}, problems=[404]),
    delete=operation("deleteFeature", _TAG, "Archive a feature", answers={204: None}, problems=[404, 409]),
)
