"""Who sells: billing profiles, the app that collects for them, and their number series."""

import pgtrigger
from django.db import models
from django.db.models import Q

from metering.models import UlidField, tracked


class AppType(models.TextChoices):
    SANDBOX = "sandbox", "Sandbox"


@tracked()
class App(models.Model):
    """A connection to whoever collects the money. The sandbox needs no account and settles at once."""

    ulid = UlidField()
    type = models.CharField(max_length=20, choices=AppType.choices)
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(type__in=AppType.values), name="app_type_is_known"),
        ]

    def __str__(self) -> str:
        return self.name


@tracked()
class BillingProfile(models.Model):
    """One seller and its way of working; exactly one is the default."""

    ulid = UlidField()
    name = models.CharField(max_length=200)
    is_default = models.BooleanField(default=False)
    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="profiles")
    supplier_name = models.CharField(max_length=256)
    supplier_tax_id = models.CharField(max_length=64, blank=True)
    supplier_address = models.JSONField(default=dict, blank=True)
    number_prefix = models.CharField(max_length=16, default="INV-")
    collection_interval = models.DurationField(help_text="How long after a period's end late events still join it.")
    due_after = models.DurationField(help_text="How long after issue an invoice is due.")
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="one_default_billing_profile"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class InvoiceSequence(models.Model):
    """The last number of a seller's series. Its row is locked by whoever issues, so that numbers have no gap."""

    profile = models.OneToOneField(BillingProfile, on_delete=models.PROTECT, related_name="sequence")
    last_number = models.PositiveIntegerField(default=0)

    class Meta:
        triggers = [
            pgtrigger.Protect(
                name="sequence_counts_by_one",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "NEW.last_number <> OLD.last_number + 1 OR NEW.profile_id <> OLD.profile_id"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.profile}: {self.last_number}"
