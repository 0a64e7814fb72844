"""Who pays which prices, from when to when."""

import zoneinfo
from datetime import datetime

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q
from djmoney.models.fields import CurrencyField

from metering.models import Customer, TstzRange, UlidField, same, tracked
from pricing.models.feature import Feature
from pricing.models.plan import Plan, RateCardType


class SubscriptionStatus(models.TextChoices):
    SCHEDULED = "scheduled", "Scheduled"
    ACTIVE = "active", "Active"
    CANCELED = "canceled", "Canceled"
    INACTIVE = "inactive", "Inactive"


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def live(self, at: datetime) -> "SubscriptionQuerySet":
        """Subscriptions that have started and not ended at a time."""
        begun = self.filter(active_from__lte=at)
        return begun.filter(Q(active_to=None) | Q(active_to__gt=at))


@tracked()
class Subscription(models.Model):
    """A customer's contract: its periods step from the anchor in the stored zone."""

    ulid = UlidField()
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="subscriptions")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="subscriptions")
    name = models.CharField(max_length=256)
    currency = CurrencyField(default="USD")
    billing_cadence = models.CharField(max_length=8)
    billing_anchor = models.DateTimeField()
    time_zone = models.CharField(max_length=64)
    active_from = models.DateTimeField()
    active_to = models.DateTimeField(null=True, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="one_subscription_per_customer_at_a_time",
                expressions=[same("customer"), (TstzRange("active_from", "active_to"), RangeOperators.OVERLAPS)],
                violation_error_message="This customer has a subscription at that time already.",
            ),
            models.CheckConstraint(
                condition=Q(active_to=None) | Q(active_from__lt=F("active_to")),
                name="subscription_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.customer}"

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)

    def status(self, at: datetime) -> SubscriptionStatus:
        """Derive the status at a time from the active range."""
        if self.active_from > at:
            return SubscriptionStatus.SCHEDULED
        if self.active_to is None:
            return SubscriptionStatus.ACTIVE
        return SubscriptionStatus.CANCELED if self.active_to > at else SubscriptionStatus.INACTIVE


@tracked()
class SubscriptionItem(models.Model):
    """One price of a subscription, copied from its rate card, while it is active."""

    ulid = UlidField()
    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="items")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    phase_key = models.CharField(max_length=64)
    key = models.CharField(max_length=64)
    name = models.CharField(max_length=256)
    type = models.CharField(max_length=12, choices=RateCardType.choices)
    feature = models.ForeignKey(Feature, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    billing_cadence = models.CharField(max_length=8)
    price = models.JSONField()
    position = models.PositiveSmallIntegerField(default=0)
    active_from = models.DateTimeField()
    active_to = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="one_billable_item_per_feature_and_customer",
                expressions=[
                    same("customer"),
                    same("feature"),
                    (TstzRange("active_from", "active_to"), RangeOperators.OVERLAPS),
                ],
                condition=Q(feature__isnull=False),
                violation_error_message="This customer is billed for this feature at that time already.",
            ),
            models.CheckConstraint(
                condition=Q(active_to=None) | Q(active_from__lt=F("active_to")),
                name="subscription_item_ends_after_it_starts",
            ),
            models.CheckConstraint(condition=Q(type__in=RateCardType.values), name="subscription_item_type_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.subscription})"
