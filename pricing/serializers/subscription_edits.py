"""Edits of subscriptions as the API takes them, in OpenMeter's shapes."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from metering.serializers.fields import ChoiceField, TextField
from pricing.contract_edits import AddPhase, RemoveItem, RemovePhase, Shift, StretchPhase, UnscheduleEdit
from pricing.durations import NO_TIME, Duration, InvalidDuration, parse_duration
from pricing.serializers.subscription_inputs import TimingField
from pricing.serializers.terms import RateCardField
from pricing.services.subscriptions.edit import AddRateCard, Edit

_MOST = 100


class DurationField(TextField):
    """An ISO 8601 duration."""

    def to_internal_value(self, data: Any) -> Any:
        try:
            return parse_duration(super().to_internal_value(data))
        except InvalidDuration as error:
            raise serializers.ValidationError(error.message) from None


class OperationInput(serializers.Serializer[Any]):
    """One change; what it says is in the words of `edit_subscription`."""

    def operation(self) -> Edit:
        raise NotImplementedError


class AddItemInput(OperationInput):
    op = ChoiceField(["add_item"])
    phaseKey = TextField()
    rateCard = RateCardField()

    def operation(self) -> Edit:
        sent = self.validated_data
        return AddRateCard(sent["phaseKey"], sent["rateCard"])


class RemoveItemInput(OperationInput):
    op = ChoiceField(["remove_item"])
    phaseKey = TextField()
    itemKey = TextField()

    def operation(self) -> Edit:
        return RemoveItem(self.validated_data["phaseKey"], self.validated_data["itemKey"])


class SubscriptionPhaseInput(serializers.Serializer[Any]):
    startAfter = DurationField(allow_null=True, required=False, default=None)
    duration = DurationField(allow_null=True, required=False, default=None)
    key = serializers.RegexField(
        r"^[a-z0-9]+(?:_[a-z0-9]+)*$",
        max_length=64,
        error_messages={"invalid": "Use lower-case letters, digits and single underscores."},
    )
    name = TextField(max_length=256)
    description = TextField(max_length=1024, allow_blank=True, allow_null=True, required=False, default="")


class AddPhaseInput(OperationInput):
    op = ChoiceField(["add_phase"])
    phase = SubscriptionPhaseInput()

    def operation(self) -> Edit:
        phase = self.validated_data["phase"]
        start: Duration = phase["startAfter"] or NO_TIME
        return AddPhase(phase["key"], phase["name"], start, phase["duration"], phase["description"] or "")


class RemovePhaseInput(OperationInput):
    op = ChoiceField(["remove_phase"])
    phaseKey = TextField()
    shift = ChoiceField(list(Shift))

    def operation(self) -> Edit:
        return RemovePhase(self.validated_data["phaseKey"], Shift(self.validated_data["shift"]))


class StretchPhaseInput(OperationInput):
    op = ChoiceField(["stretch_phase"])
    phaseKey = TextField()
    extendBy = DurationField()

    def operation(self) -> Edit:
        return StretchPhase(self.validated_data["phaseKey"], self.validated_data["extendBy"])


class UnscheduleEditInput(OperationInput):
    op = ChoiceField(["unschedule_edit"])

    def operation(self) -> Edit:
        return UnscheduleEdit()


OPERATIONS: Mapping[str, type[OperationInput]] = {
    "add_item": AddItemInput,
    "remove_item": RemoveItemInput,
    "add_phase": AddPhaseInput,
    "remove_phase": RemovePhaseInput,
    "stretch_phase": StretchPhaseInput,
    "unschedule_edit": UnscheduleEditInput,
}


@extend_schema_field(
    PolymorphicProxySerializer("SubscriptionEditOperation", serializers=dict(OPERATIONS), resource_type_field_name="op")
)
class OperationField(serializers.Field[Any, Any, Any, Any]):
    """One of the operations, told apart by `op`."""

    default_error_messages = {"op": f"Set op to one of {', '.join(OPERATIONS)}."}

    def to_internal_value(self, data: Any) -> Edit:
        if not isinstance(data, Mapping) or data.get("op") not in OPERATIONS:
            raise serializers.ValidationError({"op": [self.error_messages["op"]]})
        read = OPERATIONS[data["op"]](data=data)
        read.is_valid(raise_exception=True)
        return read.operation()


class SubscriptionEditInput(serializers.Serializer[Any]):
    customizations = serializers.ListField(child=OperationField(), min_length=1, max_length=_MOST)
    timing = TimingField(required=False, allow_null=True, default="immediate")

    def operations(self) -> list[Edit]:
        """Return the changes in their order."""
        edits: list[Edit] = self.validated_data["customizations"]
        return edits
