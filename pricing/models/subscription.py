"""Who pays which prices, from when to when."""

import zoneinfo
from collections.abc import Iterable
from datetime import datetime

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import Deferrable, F, Q
from djmoney.models.fields import CurrencyField

from metering.models import Customer, TstzRange, UlidField, same, tracked
from metering.periods import parse_cadence
from pricing.contract import Contract
from pricing.models.addon import Addon
from pricing.models.plan import Plan, SettlementMode
from pricing.models.rate_card import RateCardType, TermsColumns
from pricing.service_periods import Rhythm


class SubscriptionStatus(models.TextChoices):
    SCHEDULED = "scheduled", "Scheduled"
    ACTIVE = "active", "Active"
    CANCELED = "canceled", "Canceled"
    INACTIVE = "inactive", "Inactive"


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def live(self, at: datetime) -> "SubscriptionQuerySet":
        """Subscriptions that have started and not ended at a time."""
        begun = self.filter(active_from__lte=at, awaits_payment=False)
        return begun.filter(Q(active_to=None) | Q(active_to__gt=at))

    def not_over(self, at: datetime) -> "SubscriptionQuerySet":
        """Subscriptions that run at a time or start later; those that await payment are not among them."""
        return self.filter(Q(active_to=None) | Q(active_to__gt=at), awaits_payment=False)

    def in_status(self, statuses: Iterable[str], at: datetime) -> "SubscriptionQuerySet":
        """Subscriptions whose status at a time is one of these; see `Subscription.status`."""
        begun = Q(active_from__lte=at, awaits_payment=False)
        conditions = {
            SubscriptionStatus.SCHEDULED: Q(awaits_payment=True) | Q(active_from__gt=at),
            SubscriptionStatus.ACTIVE: begun & Q(active_to=None),
            SubscriptionStatus.CANCELED: begun & Q(active_to__gt=at),
            SubscriptionStatus.INACTIVE: begun & Q(active_to__lte=at),
        }
        wanted = Q(pk__in=[])
        for status in statuses:
            wanted |= conditions[SubscriptionStatus(status)]
        return self.filter(wanted)

    def with_neighbours(self) -> "SubscriptionQuerySet":
        """The same, read with customer, plan, and the subscriptions before and after."""
        return self.select_related("customer__test_clock", "plan", "supersedes", "superseded_by")


@tracked()
class Subscription(models.Model):
    """
    A customer's contract: its periods step from the anchor in the stored zone.

    `contract` is the source of phases and items: plan and edits without add-ons. The rows of phases and items are
    computed from it and from the add-ons' quantities, and follow each change.
    """

    ulid = UlidField()
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="subscriptions")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, null=True, blank=True, related_name="subscriptions")
    name = models.CharField(max_length=256)
    description = models.TextField(max_length=1024, blank=True)
    currency = CurrencyField(default="USD")
    billing_cadence = models.CharField(max_length=8)
    billing_anchor = models.DateTimeField()
    time_zone = models.CharField(max_length=64)
    is_prorating = models.BooleanField(default=True)
    settlement_mode = models.CharField(
        max_length=20, choices=SettlementMode.choices, default=SettlementMode.CREDIT_THEN_INVOICE
    )
    carries_usage = models.BooleanField(default=True)
    active_from = models.DateTimeField()
    active_to = models.DateTimeField(null=True, blank=True)
    contract = models.JSONField(default=dict)
    supersedes = models.OneToOneField(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="superseded_by", editable=False
    )
    awaits_payment = models.BooleanField(
        default=False, help_text="It takes over from the one before once that is paid; until then it bills nothing."
    )
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(active_to=None) | Q(active_from__lt=F("active_to")),
                name="subscription_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(awaits_payment=False) | Q(supersedes__isnull=False, active_to=None),
                name="subscription_that_awaits_payment_supersedes_another",
            ),
            models.CheckConstraint(
                condition=Q(settlement_mode__in=SettlementMode.values), name="subscription_settlement_mode_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.customer}"

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)

    @property
    def rhythm(self) -> Rhythm:
        """Return how its billing periods step."""
        return Rhythm(self.billing_anchor, parse_cadence(self.billing_cadence), self.zone)

    @property
    def agreed(self) -> Contract:
        """Return the contract as plain data, without add-ons."""
        return Contract.from_json(self.contract)

    def status(self, at: datetime) -> SubscriptionStatus:
        """Derive the status at a time from the active range."""
        if self.awaits_payment or self.active_from > at:
            return SubscriptionStatus.SCHEDULED
        if self.active_to is None:
            return SubscriptionStatus.ACTIVE
        return SubscriptionStatus.CANCELED if self.active_to > at else SubscriptionStatus.INACTIVE


@tracked()
class SubscriptionPhase(models.Model):
    """A phase of a subscription, with its time."""

    ulid = UlidField()
    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="phases")
    key = models.CharField(max_length=64)
    name = models.CharField(max_length=256)
    description = models.TextField(max_length=1024, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    position = models.PositiveSmallIntegerField()
    active_from = models.DateTimeField()
    active_to = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subscription", "key"], name="one_subscription_phase_per_key"),
            models.CheckConstraint(
                condition=Q(active_to=None) | Q(active_from__lte=F("active_to")),
                name="subscription_phase_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.subscription})"


@tracked()
class SubscriptionItem(TermsColumns):
    """
    One price of a subscription while it is active, add-ons included.

    `phase` None is the plan's minimum over all lines of a billing period. One that was taken back at the instant it
    started has no length, and bills nothing.
    """

    ulid = UlidField()
    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="items")
    phase = models.ForeignKey(SubscriptionPhase, on_delete=models.PROTECT, null=True, blank=True, related_name="items")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField(default=0)
    active_from = models.DateTimeField()
    active_to = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [
            # Checked at the end of a change, as items that follow each other move one by one.
            ExclusionConstraint(
                name="one_billable_item_per_feature_and_customer",
                expressions=[
                    same("customer"),
                    same("feature"),
                    (TstzRange("active_from", "active_to"), RangeOperators.OVERLAPS),
                ],
                condition=Q(feature__isnull=False),
                deferrable=Deferrable.IMMEDIATE,
                violation_error_message="This customer is billed for this feature at that time already.",
            ),
            models.CheckConstraint(
                condition=Q(active_to=None) | Q(active_from__lte=F("active_to")),
                name="subscription_item_ends_after_it_starts",
            ),
            models.CheckConstraint(condition=Q(type__in=RateCardType.values), name="subscription_item_type_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.subscription})"


@tracked()
class SubscriptionAddon(models.Model):
    """An add-on that a subscription took; how many of it, `quantities` say."""

    ulid = UlidField()
    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="addons")
    addon = models.ForeignKey(Addon, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=256)
    description = models.TextField(max_length=1024, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subscription", "addon"], name="one_subscription_addon_per_addon"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.subscription})"


@tracked()
class AddonQuantity(models.Model):
    """How many of an add-on a subscription has from a time on, until the next row says otherwise."""

    subscription_addon = models.ForeignKey(SubscriptionAddon, on_delete=models.CASCADE, related_name="quantities")
    effective_at = models.DateTimeField()
    quantity = models.PositiveIntegerField()
    created_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subscription_addon", "effective_at"], name="one_addon_quantity_at_a_time"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.subscription_addon} from {self.effective_at.isoformat()}"
