"""Money that came in, or was tried for."""

from django.db import models
from django.db.models import Q
from djmoney.models.fields import CurrencyField

from invoicing.models.frozen import append_only
from invoicing.models.invoice import Invoice
from metering.models import NumericField, UlidField


class PaymentStatus(models.TextChoices):
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"


class Payment(models.Model):
    """One attempt to collect an invoice, and how it ended; rows are added, never changed."""

    ulid = UlidField()
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="payments")
    attempt = models.PositiveSmallIntegerField()
    provider = models.CharField(max_length=20)
    currency = CurrencyField(default="USD")
    amount = NumericField()
    status = models.CharField(max_length=12, choices=PaymentStatus.choices)
    reason = models.CharField(max_length=256, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["invoice", "attempt"], name="one_payment_per_attempt"),
            models.UniqueConstraint(
                fields=["invoice"], condition=Q(status=PaymentStatus.SUCCEEDED), name="an_invoice_is_paid_once"
            ),
            models.CheckConstraint(condition=Q(status__in=PaymentStatus.values), name="payment_status_is_known"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="payment_is_not_negative"),
        ]
        triggers = [append_only("payment_is_append_only")]

    def __str__(self) -> str:
        return f"{self.get_status_display()} payment of {self.invoice}"
