"""Invoices and credit notes with their lines; what is issued is frozen by the database."""

import zoneinfo
from decimal import Decimal

import pgtrigger
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from djmoney.models.fields import CurrencyField
from djmoney.money import Money

from invoicing.lifecycle import NUMBERED, UNFINISHED, UNPAID, InvoiceStatus, Trigger, target
from invoicing.models.billing_run import BillingRun
from invoicing.models.frozen import IssuedAndChanged, append_only, frozen_with_its_invoice
from invoicing.models.profile import BillingProfile
from metering.models import Customer, MeterVersion, NumericField, UlidField, tracked
from pricing.models import Feature, RateCardType, SubscriptionItem

STATUS_CHOICES = [(status.value, status.label) for status in InvoiceStatus]


class InvoiceType(models.TextChoices):
    STANDARD = "standard", "Invoice"
    CREDIT_NOTE = "credit_note", "Credit note"


# Of an issued invoice nothing else changes.
MOVING_FIELDS = [
    "status",
    "settled",
    "metadata",
    "external_invoicing_id",
    "external_payment_id",
    "external_number",
    "external_parts",
    "validation_issues",
    "sent_at",
    "paid_at",
    "voided_at",
    "updated_at",
]


class InvoiceQuerySet(models.QuerySet["Invoice"]):
    def issued(self) -> "InvoiceQuerySet":
        """Invoices that have a number."""
        return self.filter(status__in=sorted(NUMBERED))

    def unpaid(self) -> "InvoiceQuerySet":
        """Issued invoices that still wait for money, whether or not a payment failed."""
        return self.filter(status__in=sorted(UNPAID), type=InvoiceType.STANDARD)

    def locked(self) -> "InvoiceQuerySet":
        """Invoices locked for this transaction, always in the same order."""
        return self.order_by("pk").select_for_update(of=("self",))


@tracked()
class Invoice(models.Model):
    """
    What a customer owes in one currency for what came due at one billing time, or as a credit note is given back.

    Lines add up to `amount`; less `discount` plus `tax_exclusive` that is `total`, below zero on a credit note alone.
    `settled` of it was paid, credited or offset; of a credit note it is what was used up. Seller, buyer and workflow
    are copied: the workflow when it is drafted, the others at issue. A gathering invoice holds what is not billed yet.
    """

    ulid = UlidField()
    type = models.CharField(max_length=12, choices=InvoiceType.choices, default=InvoiceType.STANDARD)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="invoices")
    profile = models.ForeignKey(BillingProfile, on_delete=models.PROTECT, related_name="invoices")
    run = models.ForeignKey(
        BillingRun, on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="written"
    )
    corrects = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="credit_notes")
    reason = models.CharField(max_length=256, blank=True, help_text="Why a credit note was given.")
    description = models.TextField(max_length=1024, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    draft_number = models.CharField(max_length=40)
    number = models.CharField(max_length=40, null=True, blank=True)
    sequence_number = models.PositiveIntegerField(null=True, blank=True)
    currency = CurrencyField(default="USD")
    status = models.CharField(max_length=60, choices=STATUS_CHOICES)
    billed_at = models.DateTimeField(help_text="The billing time whose lines this invoice holds.")
    supplement = models.PositiveSmallIntegerField(
        default=0, help_text="0 is the first invoice of its billing time; later ones hold what was agreed after it."
    )
    spend_threshold = NumericField(
        null=True, blank=True, help_text="The highest spend threshold that made this progressive invoice."
    )
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()
    time_zone = models.CharField(max_length=64, default="UTC", help_text="In which its days are written.")
    supplier = models.JSONField(default=dict)
    buyer = models.JSONField(default=dict)
    workflow = models.JSONField(default=dict, help_text="The profile's way of working when this was drafted.")
    amount = NumericField(default=0)
    discount = NumericField(default=0)
    tax_inclusive = NumericField(default=0)
    tax_exclusive = NumericField(default=0)
    total = NumericField(default=0)
    settled = NumericField(default=0)
    validation_issues = models.JSONField(default=list, blank=True)
    external_number = models.CharField(max_length=256, blank=True)
    external_invoicing_id = models.CharField(max_length=256, blank=True)
    external_payment_id = models.CharField(max_length=256, blank=True)
    external_parts = models.JSONField(
        default=dict, blank=True, help_text="What another system calls lines and discounts, by their ids."
    )
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    collection_at = models.DateTimeField(null=True, blank=True, help_text="Until when late usage still joins it.")
    draft_until = models.DateTimeField(null=True, blank=True)
    quantities_read_at = models.DateTimeField(null=True, blank=True)
    issued_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    voided_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = InvoiceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "currency", "billed_at", "type", "supplement"],
                condition=~Q(status=InvoiceStatus.GATHERING),
                name="one_invoice_per_billing_time",
            ),
            models.UniqueConstraint(
                fields=["customer", "currency"],
                condition=Q(status=InvoiceStatus.GATHERING),
                name="one_gathering_invoice_per_currency",
            ),
            models.UniqueConstraint(fields=["profile", "type", "sequence_number"], name="one_invoice_per_number"),
            models.CheckConstraint(condition=Q(type__in=InvoiceType.values), name="invoice_type_is_known"),
            models.CheckConstraint(condition=Q(status__in=list(InvoiceStatus)), name="invoice_status_is_known"),
            models.CheckConstraint(
                condition=Q(status__in=sorted(NUMBERED), number__isnull=False, issued_at__isnull=False)
                | (~Q(status__in=sorted(NUMBERED)) & Q(number=None, issued_at=None)),
                name="invoice_is_numbered_if_and_only_if_issued",
            ),
            models.CheckConstraint(
                condition=Q(type=InvoiceType.CREDIT_NOTE) | Q(total__gte=0) | Q(number=None),
                name="invoice_total_is_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(type=InvoiceType.STANDARD, corrects=None) | Q(type=InvoiceType.CREDIT_NOTE, total__lte=0),
                name="credit_note_gives_back",
            ),
            models.CheckConstraint(
                condition=Q(total=F("amount") - F("discount") + F("tax_exclusive")), name="invoice_total_foots"
            ),
            models.CheckConstraint(
                condition=Q(settled=0)
                | Q(type=InvoiceType.STANDARD, settled__gt=0, settled__lte=F("total"))
                | Q(type=InvoiceType.CREDIT_NOTE, settled__lt=0, settled__gte=F("total")),
                name="invoice_is_settled_up_to_its_total",
            ),
            models.CheckConstraint(
                condition=~Q(status=InvoiceStatus.DELETED) | Q(total=0), name="deleted_invoice_charges_nothing"
            ),
            models.CheckConstraint(condition=Q(period_start__lt=F("period_end")), name="invoice_period_has_length"),
        ]
        indexes = [
            # Each billing run looks for the few that still wait: for usage, for approval, for money.
            models.Index(
                fields=["status", "customer"], condition=Q(status__in=sorted(UNFINISHED)), name="invoice_unfinished"
            ),
            models.Index(fields=["customer", "-issued_at"], name="invoice_of_customer"),
        ]
        triggers = [
            pgtrigger.Protect(
                name="issued_invoice_is_frozen",
                operation=pgtrigger.Update,
                condition=IssuedAndChanged(exclude=MOVING_FIELDS),
            ),
            pgtrigger.Protect(
                name="issued_invoice_stays",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Q(old__number__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.number or self.draft_number

    def move(self, trigger: Trigger) -> None:
        """
        Take the step of a trigger; the caller holds the row and saves it.

        :raises InvalidMove: if the status does not know the trigger.
        """
        self.status = target(InvoiceStatus(self.status), trigger)

    @property
    def due(self) -> Decimal:
        """What still has to be paid; of a credit note, what of it is not used up yet (below zero)."""
        return self.total - self.settled

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)

    @property
    def total_money(self) -> Money:
        return Money(self.total, self.currency)


# After such a line something of its period is left to bill: it was billed before its end, or unbilled by a void.
LEFT_OPEN = Q(subscription_item__isnull=False) & (Q(now__isnull=True) | Q(now__contains={"is_final": False}))


class InvoiceLineQuerySet(models.QuerySet["InvoiceLine"]):
    def shown(self) -> "InvoiceLineQuerySet":
        """Lines that say something: a plan's minimum that was reached adds nothing, and is kept as a record alone."""
        return self.exclude(amount=0, price__type="minimum")

    def with_charged(self) -> "InvoiceLineQuerySet":
        """The same with what their price comes to in `charged`: without what was given or taken by hand."""
        by_hand = DetailedLine.objects.filter(line=OuterRef("pk"), category=DetailedLineCategory.ADJUSTMENT)
        given = Subquery(by_hand.values("line").annotate(sum=Sum("amount")).values("sum"))
        return self.annotate(charged=F("amount") - Coalesce(given, Value(Decimal(0)), output_field=NumericField()))


class LineCause(models.TextChoices):
    """Why a line was written."""

    PERIOD = "period", "A period came due"
    PROGRESS = "progress", "Billed before its period ended"
    CHANGE = "change", "Usage, terms or time changed after it was billed"
    CANCELLATION = "cancellation", "Cancels a line of a voided invoice"
    ADJUSTMENT = "adjustment", "Given or taken by hand"


class ManagedBy(models.TextChoices):
    SUBSCRIPTION = "subscription", "The subscription"
    SYSTEM = "system", "The system"
    MANUAL = "manual", "By hand"


@tracked()
class InvoiceLine(models.Model):
    """
    What one subscription item costs in one service period: the price of *now* minus the price of *before*.

    Both states hold range, batch bound, subject spans and quantity, so the line can be recomputed from raw events.
    Lines of one item and period follow each other by `sequence`, each before being the now of the one before; None is
    that nothing is billed. A line by hand has no item; with an item it is an adjustment, which changes no state.

    `amount` is the sum of the detailed lines; less `discount`, its share of the invoice's discounts, it is the net that
    tax is computed on; with `tax_exclusive` on top it is the total.
    """

    ulid = UlidField()
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveSmallIntegerField()
    subscription_item = models.ForeignKey(
        SubscriptionItem, on_delete=models.PROTECT, null=True, blank=True, related_name="lines"
    )
    corrects = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="corrections")
    sequence = models.PositiveIntegerField(default=0, help_text="0 bills the period first; later ones bill changes.")
    cause = models.CharField(max_length=12, choices=LineCause.choices, default=LineCause.PERIOD)
    managed_by = models.CharField(max_length=12, choices=ManagedBy.choices, default=ManagedBy.SUBSCRIPTION)
    name = models.CharField(max_length=256)
    description = models.TextField(max_length=1024, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    type = models.CharField(max_length=12, choices=RateCardType.choices)
    feature = models.ForeignKey(Feature, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    meter_version = models.ForeignKey(MeterVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    filters = models.JSONField(default=dict)
    price = models.JSONField()
    discounts = models.JSONField(null=True, blank=True)
    unit_config = models.JSONField(null=True, blank=True)
    prorate_commitments = models.BooleanField(default=False)
    tax_config = models.JSONField(null=True, blank=True)
    currency = CurrencyField(default="USD")
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()
    invoice_at = models.DateTimeField(help_text="When it came due.")
    before = models.JSONField(null=True, blank=True)
    now = models.JSONField(null=True, blank=True)
    quantity = NumericField()
    usage_discount = NumericField(default=0, help_text="How many of the units were free by a discount.")
    amount = NumericField()
    discount = NumericField(default=0)
    tax = models.ForeignKey(
        "invoicing.InvoiceTax", on_delete=models.SET_NULL, null=True, blank=True, related_name="lines"
    )
    tax_inclusive = NumericField(default=0)
    tax_exclusive = NumericField(default=0)
    trace = models.JSONField(default=list)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)

    objects = InvoiceLineQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subscription_item", "period_start", "sequence"], name="one_line_per_item_period_and_sequence"
            ),
            models.CheckConstraint(condition=Q(period_start__lt=F("period_end")), name="line_period_has_length"),
            models.CheckConstraint(condition=Q(type__in=RateCardType.values), name="line_type_is_known"),
            models.CheckConstraint(condition=Q(cause__in=LineCause.values), name="line_cause_is_known"),
            models.CheckConstraint(condition=Q(managed_by__in=ManagedBy.values), name="line_manager_is_known"),
            models.CheckConstraint(
                condition=Q(subscription_item__isnull=False) | Q(managed_by=ManagedBy.MANUAL),
                name="line_without_item_is_by_hand",
            ),
        ]
        indexes = [
            models.Index(fields=["subscription_item"], condition=LEFT_OPEN, name="line_left_open"),
            # How far usage is billed, and which lines came later: what changed after it was billed is found by these.
            models.Index(fields=["period_end"], condition=Q(meter_version__isnull=False), name="line_metered_until"),
            models.Index(
                fields=["subscription_item"], condition=Q(cause__in=["change", "cancellation"]), name="line_of_change"
            ),
        ]
        triggers = [frozen_with_its_invoice("line_is_frozen_with_its_invoice", "{row}.invoice_id")]

    def __str__(self) -> str:
        return f"{self.name} on {self.invoice}"

    @property
    def amount_money(self) -> Money:
        return Money(self.amount, self.currency)

    @property
    def net(self) -> Decimal:
        """What tax is computed on; of tax within the price, tax included."""
        return self.amount - self.discount

    @property
    def total(self) -> Decimal:
        """The net, with the tax that comes on top."""
        return self.net + self.tax_exclusive


class DetailedLineCategory(models.TextChoices):
    REGULAR = "regular", "Charge"
    DISCOUNT = "discount", "Discount"
    COMMITMENT = "commitment", "Minimum"
    ADJUSTMENT = "adjustment", "By hand"


class DetailedLine(models.Model):
    """One rounded part of a line: a tier's usage, a flat fee, what a discount takes off, what a minimum adds."""

    line = models.ForeignKey(InvoiceLine, on_delete=models.PROTECT, related_name="detailed_lines")
    position = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=128)
    name = models.CharField(max_length=400)
    category = models.CharField(max_length=20, choices=DetailedLineCategory.choices)
    of = models.CharField(max_length=128, blank=True, help_text="The key of the part that a discount reduces.")
    quantity = NumericField()
    unit_amount = NumericField()
    amount = NumericField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["line", "key"], name="one_detailed_line_per_key"),
            models.CheckConstraint(
                condition=Q(category__in=DetailedLineCategory.values), name="detailed_line_category_is_known"
            ),
        ]
        triggers = [
            frozen_with_its_invoice(
                "detailed_line_is_frozen_with_its_invoice",
                "(SELECT line.invoice_id FROM invoicing_invoiceline line WHERE line.id = {row}.line_id)",
            )
        ]

    def __str__(self) -> str:
        return self.name


class InvoiceDiscount(models.Model):
    """What is taken off a whole draft, by share or by amount; spread over its lines by what each of them charges."""

    ulid = UlidField()
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="invoice_discounts")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=256)
    percentage = NumericField(null=True, blank=True)
    fixed_amount = NumericField(null=True, blank=True)
    amount = NumericField(default=0, help_text="What it came to.")
    created_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(percentage__gt=0, percentage__lte=100, fixed_amount=None)
                | Q(percentage=None, fixed_amount__gt=0),
                name="invoice_discount_is_a_share_or_an_amount",
            ),
        ]
        triggers = [frozen_with_its_invoice("discount_is_frozen_with_its_invoice", "{row}.invoice_id")]

    def __str__(self) -> str:
        return f"{self.name} on {self.invoice}"


class InvoiceDocument(models.Model):
    """The invoice as it was sent: rendered once from frozen data, its bytes and their SHA-256."""

    invoice = models.OneToOneField(Invoice, on_delete=models.PROTECT, related_name="document")
    content = models.BinaryField()
    sha256 = models.BinaryField(max_length=32)
    created_at = models.DateTimeField()

    class Meta:
        triggers = [append_only("invoice_document_is_append_only")]

    def __str__(self) -> str:
        return f"{self.invoice}.pdf"
