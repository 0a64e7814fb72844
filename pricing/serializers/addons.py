"""Add-ons, and which plans offer them, as the API takes and shows them, in OpenMeter's shapes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rest_framework import serializers

from metering.serializers.fields import ChoiceField, TextField, TextsField, present
from pricing.issues import Issue, issues_as_json
from pricing.models import Addon, InstanceType, PlanAddon, VersionStatus
from pricing.serializers.terms import RateCardField, rate_card_output
from pricing.serializers.versions import VersionListInput
from pricing.services.addons import AddonInput

_MOST = 2**31 - 1
# Nothing can be planned for later, so no add-on is ever scheduled.
ADDON_STATUSES = [status.value for status in VersionStatus if status != VersionStatus.SCHEDULED]


class AddonListInput(VersionListInput):
    status = serializers.ListField(child=ChoiceField(choices=ADDON_STATUSES), required=False, default=list)


class AddonChangeInput(serializers.Serializer[Any]):
    name = TextField(max_length=256)
    description = TextField(max_length=1024, required=False, allow_blank=True, allow_null=True, default="")
    metadata = TextsField(default=dict)
    instanceType = ChoiceField(choices=InstanceType.values)
    rateCards = RateCardField(many=True)

    def values(self) -> dict[str, Any]:
        """Return what was sent in the words of `change_addon_draft`."""
        sent = self.validated_data
        return {
            "name": sent["name"],
            "description": sent["description"] or "",
            "metadata": sent["metadata"] or {},
            "instance_type": sent["instanceType"],
            "rate_cards": sent["rateCards"],
        }


class AddonCreateInput(AddonChangeInput):
    key = TextField(max_length=64)
    currency = TextField(max_length=3)

    def values(self) -> dict[str, Any]:
        """Return what was sent in the words of `create_addon`."""
        sent = self.validated_data
        return super().values() | {"key": sent["key"], "currency": sent["currency"]}


class PlanAddonChangeInput(serializers.Serializer[Any]):
    metadata = TextsField(default=dict)
    fromPlanPhase = TextField(max_length=64)
    maxQuantity = serializers.IntegerField(
        min_value=-_MOST, max_value=_MOST, required=False, help_text="Without one, any number can be taken."
    )

    def values(self) -> dict[str, Any]:
        """Return what was sent in the words of `change_plan_addon`."""
        sent = self.validated_data
        return {
            "metadata": sent["metadata"] or {},
            "from_phase_key": sent["fromPlanPhase"],
            "max_quantity": sent.get("maxQuantity"),
        }


class PlanAddonCreateInput(PlanAddonChangeInput):
    addonId = TextField(max_length=26)


def addon_output(addon: Addon, *, given: AddonInput, issues: Sequence[Issue], at: datetime) -> dict[str, Any]:
    """Return an add-on as the API shows it at a time; `given` is what it holds, `issues` keep it from publication."""
    shown = {
        "id": addon.ulid,
        "key": addon.key,
        "name": addon.name,
        "description": addon.description,
        "metadata": addon.metadata,
        "version": addon.version,
        "status": addon.status(at).value,
        "instanceType": addon.instance_type,
        "currency": str(addon.currency),
        "effectiveFrom": addon.effective_from,
        "effectiveTo": addon.effective_to,
        "createdAt": addon.created_at,
        "updatedAt": addon.updated_at,
        "deletedAt": addon.deleted_at,
    }
    return present(shown) | {
        "rateCards": [rate_card_output(card.terms, card.feature) for card in given.rate_cards],
        "validationErrors": issues_as_json(issues),
    }


def plan_addon_output(attached: PlanAddon, *, addon: dict[str, Any], issues: Sequence[Issue]) -> dict[str, Any]:
    """Return how a plan offers an add-on, which is given as the API shows it."""
    shown = {
        "id": attached.ulid,
        "metadata": attached.metadata,
        "fromPlanPhase": attached.from_phase_key,
        "maxQuantity": attached.max_quantity,
        "createdAt": attached.created_at,
        "updatedAt": attached.updated_at,
    }
    return present(shown) | {"addon": addon, "validationErrors": issues_as_json(issues)}
