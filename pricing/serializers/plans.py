"""Plans as the API takes and shows them, in OpenMeter's shapes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from metering.serializers.fields import ChoiceField, TextField, TextsField, present
from pricing.issues import Issue, issues_as_json
from pricing.models import Plan, SettlementMode, VersionStatus
from pricing.prices import MAX_DIGITS, NUMERIC
from pricing.serializers.terms import AlignmentInput, PhaseField, ProRatingConfigInput, rate_card_output
from pricing.serializers.versions import VersionListInput
from pricing.services.plan_inputs import PhaseInput, PlanInput


class PlanListInput(VersionListInput):
    status = serializers.ListField(child=ChoiceField(choices=VersionStatus.values), required=False, default=list)


class AmountField(serializers.RegexField):
    """An amount of zero or more, as a decimal number in a string."""

    default_error_messages = {"invalid": 'Write it as a decimal number of zero or more in a string, such as "500.00".'}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(f"^{NUMERIC.pattern.removeprefix('-?')}$", max_length=MAX_DIGITS, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class PlanChangeInput(serializers.Serializer[Any]):
    """What replaces a draft; of our own members, those that are left out stay what they are."""

    name = TextField(max_length=256)
    description = TextField(max_length=1024, required=False, allow_blank=True, allow_null=True, default="")
    metadata = TextsField(default=dict)
    alignment = AlignmentInput(required=False, allow_null=True)
    billingCadence = TextField(max_length=8)
    proRatingConfig = ProRatingConfigInput(required=False, allow_null=True, default=None)
    settlementMode = ChoiceField(choices=SettlementMode.values, required=False, allow_null=True, default=None)
    phases = PhaseField(many=True)
    minimumAmount = AmountField(required=False, allow_null=True)
    prorateMinimum = serializers.BooleanField(required=False)
    carriesUsage = serializers.BooleanField(required=False)

    def values(self) -> dict[str, Any]:
        """Return what was sent in the words of `change_draft`."""
        return _plan_values(self.validated_data)


class PlanCreateInput(PlanChangeInput):
    key = TextField(max_length=64)
    currency = TextField(max_length=3)

    def values(self) -> dict[str, Any]:
        """Return what was sent in the words of `create_plan`."""
        sent = self.validated_data
        return super().values() | {"key": sent["key"], "currency": sent["currency"]}


class CustomPlanInput(PlanChangeInput):
    """A plan for one customer alone, read into what the services take."""

    currency = TextField(max_length=3)

    def to_internal_value(self, data: Any) -> PlanInput:
        sent = super().to_internal_value(data)
        return PlanInput(currency=sent["currency"], **_plan_values(sent))


def _plan_values(sent: Mapping[str, Any]) -> dict[str, Any]:
    own = {"minimumAmount": "minimum_amount", "prorateMinimum": "prorate_minimum", "carriesUsage": "carries_usage"}
    values = {
        "name": sent["name"],
        "description": sent["description"] or "",
        "metadata": sent["metadata"] or {},
        "billing_cadence": sent["billingCadence"],
        "is_prorating": (sent["proRatingConfig"] or {"enabled": True})["enabled"],
        "settlement_mode": sent["settlementMode"] or SettlementMode.CREDIT_THEN_INVOICE,
        "phases": sent["phases"],
    }
    values |= {column: sent[name] for name, column in own.items() if name in sent}
    if values.get("minimum_amount") is not None:
        values["minimum_amount"] = Decimal(values["minimum_amount"])
    return values


def plan_output(
    plan: Plan, *, given: PlanInput, issues: Sequence[Issue], warnings: Sequence[Issue], at: datetime
) -> dict[str, Any]:
    """Return a plan as the API shows it at a time; `given` is what it holds, `issues` keep it from being published."""
    minimum = plan.minimum_amount
    shown = {
        "id": plan.ulid,
        "key": plan.key,
        "name": plan.name,
        "description": plan.description,
        "metadata": plan.metadata,
        "version": plan.version,
        "status": plan.status(at).value,
        "currency": str(plan.currency),
        "billingCadence": plan.billing_cadence,
        "proRatingConfig": {"enabled": plan.is_prorating, "mode": "prorate_prices"},
        "settlementMode": plan.settlement_mode,
        "alignment": {"billablesMustAlign": True},
        "minimumAmount": None if minimum is None else f"{minimum:f}",
        "prorateMinimum": plan.prorate_minimum if minimum is not None else None,
        "carriesUsage": plan.carries_usage,
        "effectiveFrom": plan.effective_from,
        "effectiveTo": plan.effective_to,
        "createdAt": plan.created_at,
        "updatedAt": plan.updated_at,
        "deletedAt": plan.deleted_at,
    }
    return present(shown) | {
        "phases": [_phase_output(phase) for phase in given.phases],
        "validationErrors": issues_as_json(issues),
        "warnings": [warning.as_json() for warning in warnings],
    }


def _phase_output(phase: PhaseInput) -> dict[str, Any]:
    shown = {
        "key": phase.key,
        "name": phase.name,
        "description": phase.description,
        "metadata": dict(phase.metadata),
    }
    return present(shown) | {
        "duration": phase.duration,
        "rateCards": [rate_card_output(card.terms, card.feature) for card in phase.rate_cards],
    }
