"""The OpenAPI document on `pricing.api.plans`."""

from typing import Any

from drf_spectacular.utils import extend_schema_view
from rest_framework import serializers

from metering.api.schema.base import operation
from metering.api.schema.customers import ProRatingConfigOutput
from metering.api.schema.fields import CurrencyField, PageOutput, UlidField, texts
from pricing.api.schema.rate_cards import NumericField, RateCardOutputField
from pricing.api.schema.versions import KEY_VERSION, ValidationErrorOutput, validation_errors
from pricing.models import SettlementMode, VersionStatus
from pricing.serializers.plans import PlanChangeInput, PlanCreateInput, PlanListInput
from pricing.serializers.versions import VersionGetInput

_TAG = "Product catalog"


class AlignmentOutput(serializers.Serializer[Any]):
    billablesMustAlign = serializers.BooleanField(required=False)


class PlanPhaseOutput(serializers.Serializer[Any]):
    key = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField(required=False)
    metadata = texts(required=False)
    duration = serializers.CharField(allow_null=True, help_text="An ISO 8601 duration; null for the last phase.")
    rateCards = serializers.ListField(child=RateCardOutputField())


class PlanOutput(serializers.Serializer[Any]):
    id = UlidField()
    name = serializers.CharField()
    description = serializers.CharField(required=False)
    metadata = texts(required=False)
    createdAt = serializers.DateTimeField()
    updatedAt = serializers.DateTimeField()
    deletedAt = serializers.DateTimeField(required=False)
    key = serializers.CharField()
    alignment = AlignmentOutput(required=False)
    version = serializers.IntegerField(min_value=1)
    currency = CurrencyField()
    billingCadence = serializers.CharField(help_text="An ISO 8601 duration.")
    proRatingConfig = ProRatingConfigOutput(required=False)
    effectiveFrom = serializers.DateTimeField(required=False)
    effectiveTo = serializers.DateTimeField(required=False)
    status = serializers.ChoiceField(choices=VersionStatus.values)
    settlementMode = serializers.ChoiceField(choices=SettlementMode.values, required=False)
    minimumAmount = NumericField(
        required=False, help_text="The least that all lines of a billing period come to together."
    )
    prorateMinimum = serializers.BooleanField(required=False, help_text="Scale that to a part of a period.")
    carriesUsage = serializers.BooleanField(
        required=False, help_text="Go on in the tiers that the plan before has reached in the same period."
    )
    phases = PlanPhaseOutput(many=True)
    validationErrors = validation_errors()
    warnings = ValidationErrorOutput(many=True, required=False, help_text="What may not be meant; it forbids nothing.")


class PlanPageOutput(PageOutput):
    items = PlanOutput(many=True)


PLANS = extend_schema_view(
    get=operation("listPlans", _TAG, "List plans", query=[PlanListInput, KEY_VERSION], answers={200: PlanPageOutput}),
    post=operation(
        "createPlan",
        _TAG,
        "Draft the next version of a plan",
        body=PlanCreateInput,
        answers={201: PlanOutput},
        is_idempotent=True,
    ),
)
PLAN = extend_schema_view(
    get=operation("getPlan", _TAG, "Get a plan", query=[VersionGetInput], answers={200: PlanOutput}, problems=[404]),
    put=operation(
        "updatePlan", _TAG, "Replace a draft", body=PlanChangeInput, answers={200: PlanOutput}, problems=[404]
    ),
    delete=operation("deletePlan", _TAG, "Delete a plan", answers={204: None}, problems=[404]),
)
PUBLISH = extend_schema_view(
    post=operation(
        "publishPlan", _TAG, "Publish a draft", answers={200: PlanOutput}, problems=[404, 409], is_idempotent=True
    )
)
ARCHIVE = extend_schema_view(
    post=operation(
        "archivePlan", _TAG, "Take a plan out of sale", answers={200: PlanOutput}, problems=[404], is_idempotent=True
    )
)
NEXT = extend_schema_view(
    post=operation(
        "nextPlan",
        _TAG,
        "Draft the next version with what the newest one has",
        answers={201: PlanOutput},
        problems=[404],
        is_idempotent=True,
        is_deprecated=True,
    )
)
