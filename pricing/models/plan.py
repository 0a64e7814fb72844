"""Plans: phases with their rate cards, versioned, published once."""

from django.db import models
from django.db.models import Q

from metering.models import NumericField, tracked
from pricing.models.rate_card import RateCardType, TermsColumns
from pricing.models.versions import (
    Versioned,
    VersionQuerySet,
    frozen_once_published,
    keeps_its_terms,
    version_constraints,
)


class SettlementMode(models.TextChoices):
    CREDIT_THEN_INVOICE = "credit_then_invoice", "Credits first, then an invoice"
    CREDIT_ONLY = "credit_only", "Credits only"


@tracked()
class Plan(Versioned):
    billing_cadence = models.CharField(max_length=8, default="P1M", help_text="ISO 8601 duration, such as P1M.")
    is_prorating = models.BooleanField(default=True, help_text="Charge a part of a flat fee for a part of a period.")
    settlement_mode = models.CharField(
        max_length=20, choices=SettlementMode.choices, default=SettlementMode.CREDIT_THEN_INVOICE
    )
    minimum_amount = NumericField(
        null=True, blank=True, help_text="The least that all lines of a billing period come to together."
    )
    prorate_minimum = models.BooleanField(default=False, help_text="Scale that minimum to a part of a period.")
    carries_usage = models.BooleanField(
        default=True,
        help_text="Go on in the tiers that the customer's plan before has reached in the same period.",
    )

    objects = VersionQuerySet["Plan"].as_manager()

    class Meta:
        constraints = [
            *version_constraints("plan"),
            models.CheckConstraint(
                condition=Q(settlement_mode__in=SettlementMode.values), name="plan_settlement_mode_is_known"
            ),
            models.CheckConstraint(
                condition=Q(minimum_amount=None) | Q(minimum_amount__gte=0), name="plan_minimum_is_not_negative"
            ),
        ]
        triggers = [
            keeps_its_terms(
                "plan",
                [
                    "billing_cadence",
                    "is_prorating",
                    "settlement_mode",
                    "minimum_amount",
                    "prorate_minimum",
                    "carries_usage",
                ],
            )
        ]


@tracked()
class PlanPhase(models.Model):
    """A stretch of a plan with its own rate cards; only the last one has no duration."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="phases")
    key = models.CharField(max_length=64, default="default")
    name = models.CharField(max_length=256, default="Default")
    description = models.TextField(max_length=1024, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    duration = models.CharField(max_length=32, blank=True, help_text="Empty for the last phase.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "key"], name="one_phase_per_key"),
            models.UniqueConstraint(fields=["plan", "position"], name="one_phase_per_position"),
        ]
        triggers = [frozen_once_published("published_phase_is_frozen", "plan", "OLD.plan_id, NEW.plan_id")]

    def __str__(self) -> str:
        return f"{self.plan}, {self.name}"


@tracked()
class RateCard(TermsColumns):
    """What one thing costs in a phase of a plan."""

    phase = models.ForeignKey(PlanPhase, on_delete=models.CASCADE, related_name="rate_cards")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["phase", "key"], name="one_rate_card_per_key"),
            models.CheckConstraint(condition=Q(type__in=RateCardType.values), name="rate_card_type_is_known"),
        ]
        triggers = [
            frozen_once_published(
                "published_rate_card_is_frozen",
                "plan",
                "SELECT plan_id FROM pricing_planphase WHERE id IN (OLD.phase_id, NEW.phase_id)",
            )
        ]

    def __str__(self) -> str:
        return f"{self.phase}: {self.name}"
