"""Plans: versioned, published once, read-only from then on."""

from datetime import datetime

import pgtrigger
from django.db import models
from django.db.models import F, Q
from djmoney.models.fields import CurrencyField

from metering.models import UlidField, tracked
from pricing.models.feature import Feature


class PlanStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    SCHEDULED = "scheduled", "Scheduled"
    ACTIVE = "active", "Active"
    ARCHIVED = "archived", "Archived"


class RateCardType(models.TextChoices):
    FLAT_FEE = "flat_fee", "Flat fee"
    USAGE_BASED = "usage_based", "Usage based"


_REFUSAL = "RAISE EXCEPTION 'A published plan cannot change: make a new version of it.';"
_TERMS = ("key", "version", "currency", "billing_cadence", "effective_from")
_REFUSE_NEW_TERMS = f"""
    IF TG_OP = 'DELETE'
        OR ({", ".join(f"NEW.{column}" for column in _TERMS)})
            IS DISTINCT FROM ({", ".join(f"OLD.{column}" for column in _TERMS)})
    THEN
        {_REFUSAL}
    END IF;
    RETURN COALESCE(NEW, OLD);
"""


def _refuse_if_published(plan_ids: str) -> str:
    # The plans are locked before they are looked at, so that one that is being published right now counts as well.
    return f"""
        IF EXISTS (
            SELECT 1 FROM (SELECT effective_from FROM pricing_plan WHERE id IN ({plan_ids}) FOR SHARE) AS plans
            WHERE effective_from IS NOT NULL
        ) THEN
            {_REFUSAL}
        END IF;
        RETURN COALESCE(NEW, OLD);
    """  # noqa: S608 (every caller is below)


class PlanQuerySet(models.QuerySet["Plan"]):
    def active(self, at: datetime) -> "PlanQuerySet":
        """Plans that new subscriptions may take at a time."""
        begun = self.filter(effective_from__lte=at, deleted_at=None)
        return begun.filter(Q(effective_to=None) | Q(effective_to__gt=at))


@tracked()
class Plan(models.Model):
    ulid = UlidField()
    key = models.CharField(max_length=64)
    version = models.PositiveIntegerField()
    name = models.CharField(max_length=256)
    description = models.TextField(blank=True)
    currency = CurrencyField(default="USD")
    billing_cadence = models.CharField(max_length=8, default="P1M", help_text="ISO 8601 duration, such as P1M.")
    metadata = models.JSONField(default=dict, blank=True)
    effective_from = models.DateTimeField(null=True, blank=True, editable=False)
    effective_to = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = PlanQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "version"], name="one_plan_per_key_and_version"),
            models.UniqueConstraint(
                fields=["key"],
                condition=Q(effective_from=None, deleted_at=None),
                name="one_draft_per_plan_key",
                violation_error_message="This plan has a draft already. Edit or publish that one.",
            ),
            models.UniqueConstraint(
                fields=["key"],
                condition=Q(effective_from__isnull=False, effective_to=None, deleted_at=None),
                name="one_plan_in_force_per_key",
            ),
            models.CheckConstraint(
                condition=Q(effective_to=None) | Q(effective_from__lt=F("effective_to")),
                name="plan_ends_after_it_starts",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="published_plan_keeps_its_terms",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__effective_from__isnull=False),
                func=_REFUSE_NEW_TERMS,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} v{self.version}"

    def status(self, at: datetime) -> PlanStatus:
        """Derive the status at a time from when the plan takes effect."""
        if self.effective_from is None:
            return PlanStatus.DRAFT
        if self.effective_from > at:
            return PlanStatus.SCHEDULED
        if self.effective_to is not None and self.effective_to <= at:
            return PlanStatus.ARCHIVED
        return PlanStatus.ACTIVE


@tracked()
class PlanPhase(models.Model):
    """A stretch of a plan with its own rate cards; only the last one has no duration."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="phases")
    key = models.CharField(max_length=64, default="default")
    name = models.CharField(max_length=256, default="Default")
    position = models.PositiveSmallIntegerField(default=0)
    duration = models.CharField(max_length=16, blank=True, help_text="Empty for the last phase.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "key"], name="one_phase_per_key"),
            models.UniqueConstraint(fields=["plan", "position"], name="one_phase_per_position"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="published_phase_is_frozen",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                func=_refuse_if_published("OLD.plan_id, NEW.plan_id"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan}, {self.name}"


@tracked()
class RateCard(models.Model):
    """What one thing costs in a phase. The price is OpenMeter's JSON, read by `pricing.prices`."""

    phase = models.ForeignKey(PlanPhase, on_delete=models.CASCADE, related_name="rate_cards")
    position = models.PositiveSmallIntegerField(default=0)
    type = models.CharField(max_length=12, choices=RateCardType.choices)
    key = models.CharField(max_length=64)
    name = models.CharField(max_length=256)
    feature = models.ForeignKey(Feature, on_delete=models.PROTECT, null=True, blank=True, related_name="rate_cards")
    billing_cadence = models.CharField(max_length=8, default="P1M")
    price = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["phase", "key"], name="one_rate_card_per_key"),
            models.CheckConstraint(condition=Q(type__in=RateCardType.values), name="rate_card_type_is_known"),
            models.CheckConstraint(
                condition=Q(type=RateCardType.FLAT_FEE) | Q(feature__isnull=False),
                name="usage_rate_card_has_a_feature",
                violation_error_message="A usage-based rate card needs a feature with a meter.",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="published_rate_card_is_frozen",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                func=_refuse_if_published(
                    "SELECT plan_id FROM pricing_planphase WHERE id IN (OLD.phase_id, NEW.phase_id)"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.phase}: {self.name}"
