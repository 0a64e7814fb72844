"""Invoices and their lines. States have OpenMeter's names; what is issued is frozen by the database."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from djmoney.models.fields import CurrencyField
from djmoney.money import Money

from invoicing.models.frozen import IssuedAndChanged, append_only, frozen_with_its_invoice
from invoicing.models.profile import BillingProfile
from metering.errors import DomainError
from metering.models import Customer, MeterVersion, NumericField, UlidField, tracked
from pricing.models import Feature, RateCardType, Subscription, SubscriptionItem


class InvoiceStatus(models.TextChoices):
    DRAFT_CREATED = "draft.created", "Draft"
    DRAFT_COLLECTING = "draft.collecting", "Collecting usage"
    ISSUING = "issuing.syncing", "Issuing"
    ISSUED = "issued", "Issued"
    PAYMENT_PENDING = "payment_processing.pending", "Payment pending"
    PAYMENT_FAILED = "payment_processing.failed", "Payment failed"
    PAID = "paid", "Paid"


INVOICE_MOVES: dict[InvoiceStatus, frozenset[InvoiceStatus]] = {
    InvoiceStatus.DRAFT_CREATED: frozenset({InvoiceStatus.DRAFT_COLLECTING}),
    InvoiceStatus.DRAFT_COLLECTING: frozenset({InvoiceStatus.ISSUING}),
    InvoiceStatus.ISSUING: frozenset({InvoiceStatus.ISSUED}),
    InvoiceStatus.ISSUED: frozenset({InvoiceStatus.PAYMENT_PENDING}),
    InvoiceStatus.PAYMENT_PENDING: frozenset({InvoiceStatus.PAID, InvoiceStatus.PAYMENT_FAILED}),
    InvoiceStatus.PAYMENT_FAILED: frozenset({InvoiceStatus.PAYMENT_PENDING}),
    InvoiceStatus.PAID: frozenset(),
}
# From here on the invoice has a number and its content is frozen.
NUMBERED = (
    InvoiceStatus.ISSUED,
    InvoiceStatus.PAYMENT_PENDING,
    InvoiceStatus.PAYMENT_FAILED,
    InvoiceStatus.PAID,
)

UNPAID = (InvoiceStatus.ISSUED, InvoiceStatus.PAYMENT_PENDING, InvoiceStatus.PAYMENT_FAILED)
# Of an issued invoice nothing else changes.
MOVING_FIELDS = ["status", "paid_at"]


class InvalidMove(DomainError):
    """The invoice is not in a state that allows this."""

    status = 409
    code = "invoice_action_not_available"


class InvoiceQuerySet(models.QuerySet["Invoice"]):
    def issued(self) -> "InvoiceQuerySet":
        """Invoices that have a number."""
        return self.filter(status__in=NUMBERED)

    def unpaid(self) -> "InvoiceQuerySet":
        """Issued invoices that still wait for money, whether or not a payment failed."""
        return self.filter(status__in=UNPAID)

    def locked(self) -> "InvoiceQuerySet":
        """Invoices locked for this transaction, always in the same order."""
        return self.order_by("pk").select_for_update(of=("self",))


@tracked()
class Invoice(models.Model):
    """What a customer owes for what came due at one billing time. Seller and buyer are copied at issue."""

    ulid = UlidField()
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="invoices")
    profile = models.ForeignKey(BillingProfile, on_delete=models.PROTECT, related_name="invoices")
    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="invoices")
    draft_number = models.CharField(max_length=40)
    number = models.CharField(max_length=40, null=True, blank=True)
    sequence_number = models.PositiveIntegerField(null=True, blank=True)
    currency = CurrencyField(default="USD")
    status = models.CharField(max_length=40, choices=InvoiceStatus.choices)
    billed_at = models.DateTimeField(help_text="The billing time whose lines this invoice holds.")
    supplement = models.PositiveSmallIntegerField(
        default=0, help_text="0 is the first invoice of its billing time; later ones hold what was agreed after it."
    )
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()
    supplier = models.JSONField(default=dict)
    buyer = models.JSONField(default=dict)
    total = NumericField(default=0)
    created_at = models.DateTimeField(editable=False)
    issued_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)

    objects = InvoiceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "billed_at", "supplement"], name="one_invoice_per_billing_time"
            ),
            models.UniqueConstraint(fields=["profile", "sequence_number"], name="one_invoice_per_number"),
            models.CheckConstraint(condition=Q(status__in=InvoiceStatus.values), name="invoice_status_is_known"),
            models.CheckConstraint(
                condition=Q(status__in=NUMBERED, number__isnull=False, issued_at__isnull=False)
                | (~Q(status__in=NUMBERED) & Q(number=None, issued_at=None)),
                name="invoice_is_numbered_if_and_only_if_issued",
            ),
            models.CheckConstraint(condition=Q(total__gte=0), name="invoice_total_is_not_negative"),
            models.CheckConstraint(condition=Q(period_start__lt=F("period_end")), name="invoice_period_has_length"),
        ]
        indexes = [
            # Each billing run looks for the few that still wait for money.
            models.Index(fields=["status", "customer"], condition=Q(status__in=UNPAID), name="invoice_unpaid"),
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

    def check_move(self, to: InvoiceStatus) -> None:
        """
        Do nothing if the status allows a step.

        :raises InvalidMove: if it does not.
        """
        if to not in INVOICE_MOVES[InvoiceStatus(self.status)]:
            now, then = self.get_status_display().lower(), to.label.lower()
            raise InvalidMove(f"Choose another invoice, or another action: {self} is {now} and cannot become {then}.")

    def move(self, to: InvoiceStatus) -> None:
        """
        Take one step of `INVOICE_MOVES`; the caller holds the row and saves it.

        :raises InvalidMove: if the status does not allow the step.
        """
        self.check_move(to)
        self.status = to

    @property
    def total_money(self) -> Money:
        return Money(self.total, self.currency)


class InvoiceLineQuerySet(models.QuerySet["InvoiceLine"]):
    def shown(self) -> "InvoiceLineQuerySet":
        """Lines that say something: a plan's minimum that was reached adds nothing, and is kept as a record alone."""
        return self.exclude(amount=0, price__type="minimum")


class InvoiceLine(models.Model):
    """
    What one subscription item costs in one service period: the price of *now* minus the price of *before*.

    Both states hold range, batch bound, subject spans and quantity, so the line can be recomputed from raw events.
    """

    ulid = UlidField()
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveSmallIntegerField()
    subscription_item = models.ForeignKey(SubscriptionItem, on_delete=models.PROTECT, related_name="lines")
    sequence = models.PositiveIntegerField(default=0, help_text="0 bills the period first; later ones bill changes.")
    name = models.CharField(max_length=256)
    type = models.CharField(max_length=12, choices=RateCardType.choices)
    feature = models.ForeignKey(Feature, on_delete=models.PROTECT, null=True, related_name="+")
    meter_version = models.ForeignKey(MeterVersion, on_delete=models.PROTECT, null=True, related_name="+")
    filters = models.JSONField(default=dict)
    price = models.JSONField()
    discounts = models.JSONField(null=True)
    unit_config = models.JSONField(null=True)
    prorate_commitments = models.BooleanField(default=False)
    currency = CurrencyField(default="USD")
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()
    before = models.JSONField(null=True)
    now = models.JSONField()
    quantity = NumericField()
    usage_discount = NumericField(default=0, help_text="How many of the units were free by a discount.")
    amount = NumericField()
    trace = models.JSONField()
    created_at = models.DateTimeField(editable=False)

    objects = InvoiceLineQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subscription_item", "period_start", "sequence"], name="one_line_per_item_period_and_sequence"
            ),
            models.CheckConstraint(condition=Q(period_start__lt=F("period_end")), name="line_period_has_length"),
            models.CheckConstraint(condition=Q(type__in=RateCardType.values), name="line_type_is_known"),
        ]
        triggers = [frozen_with_its_invoice("line_is_frozen_with_its_invoice", "{row}.invoice_id")]

    def __str__(self) -> str:
        return f"{self.name} on {self.invoice}"

    @property
    def amount_money(self) -> Money:
        return Money(self.amount, self.currency)


class DetailedLineCategory(models.TextChoices):
    REGULAR = "regular", "Charge"
    DISCOUNT = "discount", "Discount"
    COMMITMENT = "commitment", "Minimum"


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
