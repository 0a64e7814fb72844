"""Money: what came in, what it paid, and what is left to a customer's credit. Rows are added, never changed."""

from django.db import models
from django.db.models import Q
from djmoney.models.fields import CurrencyField

from invoicing.models.frozen import append_only
from invoicing.models.invoice import Invoice
from metering.models import Customer, NumericField, UlidField


class PaymentStatus(models.TextChoices):
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"


class PaymentMethod(models.TextChoices):
    SANDBOX = "sandbox", "Sandbox"
    CUSTOM_INVOICING = "custom_invoicing", "Custom invoicing"
    BANK_TRANSFER = "bank_transfer", "Bank transfer"


class Payment(models.Model):
    """
    One attempt to collect an invoice, or money that came in by itself; rows are added, never changed.

    Without an invoice it is money that nobody could place yet: its allocations say where it went since.
    """

    ulid = UlidField()
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, null=True, blank=True, related_name="payments")
    attempt = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Of an invoice, counted from 1.")
    provider = models.CharField(max_length=20, choices=PaymentMethod.choices)
    reference = models.CharField(max_length=128, blank=True, help_text="What the payer or the provider wrote.")
    currency = CurrencyField(default="USD")
    amount = NumericField()
    status = models.CharField(max_length=12, choices=PaymentStatus.choices)
    reason = models.CharField(max_length=256, blank=True)
    received_at = models.DateTimeField(help_text="When the money came in, or the attempt was made.")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["invoice", "attempt"], name="one_payment_per_attempt"),
            models.CheckConstraint(
                condition=Q(invoice=None, attempt=None) | Q(invoice__isnull=False, attempt__isnull=False),
                name="payment_of_an_invoice_is_counted",
            ),
            models.CheckConstraint(condition=Q(status__in=PaymentStatus.values), name="payment_status_is_known"),
            models.CheckConstraint(condition=Q(provider__in=PaymentMethod.values), name="payment_method_is_known"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_is_not_negative"),
        ]
        triggers = [append_only("payment_is_append_only")]

    def __str__(self) -> str:
        return f"{self.get_status_display()} payment of {self.invoice or self.reference or self.ulid}"


class Allocation(models.Model):
    """
    A part of a payment or of a credit note that settles an invoice; below zero, one that was taken back.

    `invoice.settled` is the sum of its rows; a credit that was kept for later is a `BalanceEntry`, and using it makes
    an allocation that names the entry.
    """

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="allocations")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, null=True, blank=True, related_name="allocations")
    credit_note = models.ForeignKey(Invoice, on_delete=models.PROTECT, null=True, blank=True, related_name="offsets")
    balance_entry = models.OneToOneField(
        "BalanceEntry", on_delete=models.PROTECT, null=True, blank=True, related_name="allocation"
    )
    amount = NumericField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="allocation_moves_something"),
            models.CheckConstraint(
                condition=Q(payment__isnull=False, credit_note=None, balance_entry=None)
                | Q(payment=None, credit_note__isnull=False, balance_entry=None)
                | Q(payment=None, credit_note=None, balance_entry__isnull=False),
                name="allocation_has_one_source",
            ),
        ]
        triggers = [append_only("allocation_is_append_only")]

    def __str__(self) -> str:
        return f"{self.amount:f} to {self.invoice}"


class BalanceEntry(models.Model):
    """One movement of what a customer has to their credit in a currency, with the balance after it."""

    ulid = UlidField()
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="balance_entries")
    currency = CurrencyField(default="USD")
    sequence = models.PositiveIntegerField(help_text="Counted from 1 for each customer and currency.")
    amount = NumericField(help_text="Above zero in the customer's favour.")
    balance = NumericField(help_text="After this movement.")
    reason = models.CharField(max_length=256)
    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, null=True, blank=True, related_name="balance_entries"
    )
    credit_note = models.ForeignKey(
        Invoice, on_delete=models.PROTECT, null=True, blank=True, related_name="balance_entries"
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "currency", "sequence"], name="one_balance_entry_per_sequence"),
            models.CheckConstraint(condition=Q(balance__gte=0), name="balance_is_not_negative"),
            models.CheckConstraint(condition=~Q(amount=0), name="balance_entry_moves_something"),
        ]
        triggers = [append_only("balance_entry_is_append_only")]

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency} of {self.customer}"
