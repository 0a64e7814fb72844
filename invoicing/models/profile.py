"""Who sells: billing profiles, the app that invoices and collects for them, and their number series."""

from datetime import timedelta

import pgtrigger
from django.db import models
from django.db.models import Q

from invoicing.models.app import App
from invoicing.workflow import Workflow
from metering.models import Customer, NumericField, UlidField, tracked


class Alignment(models.TextChoices):
    SUBSCRIPTION = "subscription", "With each subscription"
    ANCHORED = "anchored", "All at one time"


class CollectionMethod(models.TextChoices):
    CHARGE_AUTOMATICALLY = "charge_automatically", "Charge automatically"
    SEND_INVOICE = "send_invoice", "Send the invoice"


class ZeroInvoices(models.TextChoices):
    """What becomes of an invoice that comes to nothing."""

    ISSUE = "issue", "Issue them"
    SKIP = "skip", "Leave them without a number"
    CARRY = "carry", "Carry their lines to the next invoice"


class Corrections(models.TextChoices):
    """Where usage that changes after its invoice was issued is billed."""

    NEXT_INVOICE = "next_invoice", "On the next invoice"
    CREDIT_NOTE = "credit_note", "Less at once as a credit note, more on the next invoice"
    WRITE_OFF = "write_off", "Nowhere: it is written off"


@tracked()
class BillingProfile(models.Model):
    """One seller and its way of working; exactly one is the default."""

    ulid = UlidField()
    name = models.CharField(max_length=256)
    description = models.TextField(max_length=1024, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    is_default = models.BooleanField(default=False)
    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="profiles")
    supplier_name = models.CharField(max_length=256)
    supplier_tax_id = models.CharField(max_length=64, blank=True)
    supplier_address = models.JSONField(default=dict, blank=True)
    logo = models.BinaryField(null=True, blank=True, editable=True, help_text="PNG or SVG, at most 200 kB.")
    number_prefix = models.CharField(max_length=16, default="INV-")
    credit_note_prefix = models.CharField(max_length=16, default="CN-")
    collection_alignment = models.CharField(max_length=16, choices=Alignment.choices, default=Alignment.SUBSCRIPTION)
    collection_anchor = models.JSONField(
        null=True, blank=True, help_text="Of anchored collection: anchor (a time) and interval (ISO 8601)."
    )
    collection_interval = models.DurationField(
        default=timedelta(hours=1), help_text="How long after a period's end late events still join it."
    )
    is_auto_advancing = models.BooleanField(default=True, help_text="Issue drafts without asking.")
    draft_period = models.DurationField(default=timedelta(0), help_text="How long drafts stay open for changes.")
    due_after = models.DurationField(default=timedelta(days=30), help_text="How long after issue an invoice is due.")
    is_progressive = models.BooleanField(default=True, help_text="Usage may be billed before its period ends.")
    spend_thresholds = models.JSONField(
        default=dict,
        blank=True,
        help_text='Bill at once when usage of a billing period passes these, by currency: {"USD": {"amounts": ["10"], '
        '"recurring": "100"}}.',
    )
    default_tax_config = models.JSONField(null=True, blank=True)
    is_taxing = models.BooleanField(default=True, help_text="Compute tax by the rates of the buyer's country.")
    is_tax_enforced = models.BooleanField(default=False, help_text="Hold drafts for which no rate is known.")
    collection_method = models.CharField(
        max_length=20, choices=CollectionMethod.choices, default=CollectionMethod.CHARGE_AUTOMATICALLY
    )
    zero_invoices = models.CharField(max_length=8, choices=ZeroInvoices.choices, default=ZeroInvoices.ISSUE)
    corrections = models.CharField(max_length=12, choices=Corrections.choices, default=Corrections.NEXT_INVOICE)
    largest_total = NumericField(
        null=True, blank=True, help_text="A customer whose bill comes to more is parked until somebody looked at it."
    )
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="one_default_billing_profile"
            ),
            models.CheckConstraint(
                condition=Q(is_default=False) | Q(deleted_at=None), name="default_billing_profile_is_not_deleted"
            ),
            models.CheckConstraint(
                condition=Q(is_taxing=True) | Q(is_tax_enforced=False), name="enforced_tax_is_computed"
            ),
            models.CheckConstraint(
                condition=~Q(collection_alignment=Alignment.ANCHORED) | Q(collection_anchor__isnull=False),
                name="anchored_collection_has_an_anchor",
            ),
            models.CheckConstraint(
                condition=Q(collection_alignment__in=Alignment.values), name="collection_alignment_is_known"
            ),
            models.CheckConstraint(
                condition=Q(collection_method__in=CollectionMethod.values), name="collection_method_is_known"
            ),
            models.CheckConstraint(condition=Q(zero_invoices__in=ZeroInvoices.values), name="zero_invoices_is_known"),
            models.CheckConstraint(condition=Q(corrections__in=Corrections.values), name="corrections_is_known"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def workflow(self) -> Workflow:
        is_anchored = self.collection_alignment == Alignment.ANCHORED
        return Workflow(
            collection_anchor=self.collection_anchor if is_anchored else None,
            collection_interval=self.collection_interval,
            is_auto_advancing=self.is_auto_advancing,
            draft_period=self.draft_period,
            due_after=self.due_after,
            is_progressive=self.is_progressive,
            default_tax_config=self.default_tax_config,
            collection_method=self.collection_method,
            is_taxing=self.is_taxing,
            is_tax_enforced=self.is_tax_enforced,
        )


@tracked()
class CustomerBilling(models.Model):
    """How one customer is billed where it differs from the default: by which profile, and at which thresholds."""

    customer = models.OneToOneField(Customer, on_delete=models.CASCADE, related_name="billing")
    profile = models.ForeignKey(
        BillingProfile, on_delete=models.PROTECT, null=True, blank=True, related_name="pinned_customers"
    )
    spend_thresholds = models.JSONField(null=True, blank=True, help_text="In place of the profile's; {} for none.")
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)

    def __str__(self) -> str:
        return f"Billing of {self.customer}"


class InvoiceSequence(models.Model):
    """The last number of a seller's series. Its row is locked by whoever issues, so that numbers have no gap."""

    profile = models.ForeignKey(BillingProfile, on_delete=models.PROTECT, related_name="sequences")
    type = models.CharField(max_length=12, default="standard", help_text="Credit notes have a series of their own.")
    last_number = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["profile", "type"], name="one_sequence_per_profile_and_type"),
        ]
        triggers = [
            pgtrigger.Protect(
                name="sequence_counts_by_one",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "NEW.last_number <> OLD.last_number + 1 OR NEW.profile_id <> OLD.profile_id OR NEW.type <> OLD.type"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.profile} {self.type}: {self.last_number}"
