"""Add-ons: rate cards that a subscription takes on top of its plan's, and which plans allow them."""

from django.db import models
from django.db.models import Q

from metering.models import UlidField, tracked
from pricing.models.plan import Plan
from pricing.models.rate_card import RateCardType, TermsColumns
from pricing.models.versions import (
    Versioned,
    VersionQuerySet,
    frozen_once_published,
    keeps_its_terms,
    version_constraints,
)


class InstanceType(models.TextChoices):
    SINGLE = "single", "Once a subscription"
    MULTIPLE = "multiple", "In any quantity"


@tracked()
class Addon(Versioned):
    instance_type = models.CharField(max_length=8, choices=InstanceType.choices, default=InstanceType.SINGLE)

    objects = VersionQuerySet["Addon"].as_manager()

    class Meta:
        constraints = [
            *version_constraints("addon"),
            models.CheckConstraint(
                condition=Q(instance_type__in=InstanceType.values), name="addon_instance_type_is_known"
            ),
        ]
        triggers = [keeps_its_terms("addon", ["instance_type"])]


@tracked()
class AddonRateCard(TermsColumns):
    """What one thing of an add-on costs and includes."""

    addon = models.ForeignKey(Addon, on_delete=models.CASCADE, related_name="rate_cards")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["addon", "key"], name="one_addon_rate_card_per_key"),
            models.CheckConstraint(condition=Q(type__in=RateCardType.values), name="addon_rate_card_type_is_known"),
        ]
        triggers = [frozen_once_published("published_addon_rate_card_is_frozen", "addon", "OLD.addon_id, NEW.addon_id")]

    def __str__(self) -> str:
        return f"{self.addon}: {self.name}"


@tracked()
class PlanAddon(models.Model):
    """An add-on that subscriptions of a plan may take from a phase on; `max_quantity` None sets no limit."""

    ulid = UlidField()
    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="plan_addons")
    addon = models.ForeignKey(Addon, on_delete=models.PROTECT, related_name="plan_addons")
    from_phase_key = models.CharField(max_length=64)
    max_quantity = models.PositiveIntegerField(null=True, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "addon"], name="one_plan_addon_per_addon"),
            models.CheckConstraint(
                condition=Q(max_quantity=None) | Q(max_quantity__gt=0), name="plan_addon_quantity_is_positive"
            ),
        ]
        triggers = [frozen_once_published("published_plan_addon_is_frozen", "plan", "OLD.plan_id, NEW.plan_id")]

    def __str__(self) -> str:
        return f"{self.addon} on {self.plan}"
