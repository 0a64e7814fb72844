"""Subscriptions as the API takes them, in OpenMeter's shapes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from metering.serializers.fields import ChoiceField, InstantField, PageInput, TextField, TextsField
from pricing.models import SettlementMode, SubscriptionStatus
from pricing.plan_rules import SETTLEMENT_MODES
from pricing.serializers.plans import CustomPlanInput
from pricing.serializers.terms import AlignmentInput
from pricing.services.subscriptions.timing import Timing

_WORDS = ("immediate", "next_billing_cycle")


@extend_schema_field(
    {"oneOf": [{"type": "string", "enum": list(_WORDS)}, {"type": "string", "format": "date-time"}]},
    component_name="SubscriptionTiming",
)
class TimingField(InstantField):
    """When something takes effect: a word, or a time."""

    default_error_messages = {"timing": f"Use {' or '.join(_WORDS)}, or a time such as 2026-01-31T00:00:00Z."}

    def to_internal_value(self, value: Any) -> Any:
        if value in _WORDS:
            return value
        try:
            return super().to_internal_value(value)
        except serializers.ValidationError:
            self.fail("timing")


class PlanReferenceInput(serializers.Serializer[Any]):
    key = TextField(max_length=64)
    version = serializers.IntegerField(min_value=1, required=False, allow_null=True, default=None)


class TermsInput(serializers.Serializer[Any]):
    """What a new subscription is made from: a plan, or a plan for this customer alone."""

    plan = PlanReferenceInput(required=False, allow_null=True, default=None)
    customPlan = CustomPlanInput(required=False, allow_null=True, default=None)
    startingPhase = TextField(required=False, allow_null=True, default=None, max_length=64)
    name = TextField(required=False, allow_null=True, allow_blank=True, default=None, max_length=256)
    description = TextField(required=False, allow_null=True, allow_blank=True, default="", max_length=1024)
    metadata = TextsField(default=dict)
    alignment = AlignmentInput(required=False, allow_null=True)
    billingAnchor = InstantField(required=False, allow_null=True, default=None)
    settlementMode = ChoiceField(SettlementMode.values, required=False, allow_null=True, default=None)
    costBasisMode = ChoiceField(["dynamic", "pinned"], required=False, allow_null=True, default="dynamic")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if (attrs["plan"] is None) == (attrs["customPlan"] is None):
            raise serializers.ValidationError("Send either plan or customPlan.")
        if attrs["costBasisMode"] == "pinned":
            message = "Use dynamic: there are no custom currencies whose cost could be pinned."
            raise serializers.ValidationError({"costBasisMode": message})
        if attrs["settlementMode"] not in (None, *SETTLEMENT_MODES):
            message = f"Use {SETTLEMENT_MODES[0]}: there are no credits to pay from yet."
            raise serializers.ValidationError({"settlementMode": ErrorDetail(message, "settlement_mode_not_supported")})
        return attrs

    def values(self) -> dict[str, Any]:
        """Return what was sent in the words of `start_subscription`; the plan, whose row is not known here, apart."""
        sent = self.validated_data
        return {
            "custom_plan": sent["customPlan"],
            "starting_phase": sent["startingPhase"] or None,
            "name": sent["name"] or None,
            "description": sent["description"] or "",
            "metadata": sent["metadata"] or {},
            "billing_anchor": sent["billingAnchor"],
            "settlement_mode": sent["settlementMode"],
        }

    @property
    def named_plan(self) -> Mapping[str, Any] | None:
        """Return the key and version of the plan that was named, if one was."""
        plan: Mapping[str, Any] | None = self.validated_data["plan"]
        return plan


class SubscriptionInput(TermsInput):
    timing = TimingField(required=False, allow_null=True, default="immediate")
    customerId = TextField(required=False, allow_null=True, default=None, max_length=26)
    customerKey = TextField(required=False, allow_null=True, default=None, max_length=256)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not (attrs["customerId"] or attrs["customerKey"]):
            raise serializers.ValidationError("Name the customer by customerId or customerKey.")
        return super().validate(attrs)


class SubscriptionChangeInput(TermsInput):
    timing = TimingField()
    activate = ChoiceField(["immediately", "on_payment"], required=False, default="immediately")


class SubscriptionMigrateInput(serializers.Serializer[Any]):
    timing = TimingField(required=False, allow_null=True, default="immediate")
    targetVersion = serializers.IntegerField(min_value=1, required=False, allow_null=True, default=None)
    startingPhase = TextField(required=False, allow_null=True, default=None, max_length=64)
    billingAnchor = InstantField(required=False, allow_null=True, default=None)


class SubscriptionCancelInput(serializers.Serializer[Any]):
    timing = TimingField(required=False, allow_null=True, default="immediate")


class SubscriptionGetInput(serializers.Serializer[Any]):
    at = InstantField(required=False, default=None)


class CustomerSubscriptionsInput(PageInput):
    status = serializers.ListField(child=ChoiceField(SubscriptionStatus.values), required=False, default=list)
    order = ChoiceField(["ASC", "DESC"], default="ASC")
    orderBy = ChoiceField(["activeFrom", "activeTo"], default="activeFrom")


def timing_of(sent: Mapping[str, Any]) -> Timing:
    """Return when something takes effect, at once unless it was said."""
    timing: str | datetime = sent.get("timing") or "immediate"
    return timing  # type: ignore[return-value]
