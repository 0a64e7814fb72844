"""Tax rates by country and product, and what an invoice owes by each."""

from django.db import models
from django.db.models import F, Q

from invoicing.models.invoice import Invoice
from metering.models import NumericField, UlidField, tracked


class TaxBehavior(models.TextChoices):
    EXCLUSIVE = "exclusive", "On top of the price"
    INCLUSIVE = "inclusive", "Within the price"


@tracked()
class TaxCode(models.Model):
    """A kind of product, as tax law tells them apart."""

    ulid = UlidField()
    key = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=256)
    stripe_code = models.CharField(max_length=16, blank=True)
    created_at = models.DateTimeField(editable=False)

    def __str__(self) -> str:
        return self.name


@tracked()
class TaxRate(models.Model):
    """What a country takes of a kind of product while the rate is valid; without a code, of every other kind."""

    ulid = UlidField()
    name = models.CharField(max_length=64, help_text="As it stands on invoices, such as VAT.")
    country = models.CharField(max_length=2, help_text="ISO 3166: two capitals.")
    code = models.ForeignKey(TaxCode, on_delete=models.PROTECT, null=True, blank=True, related_name="rates")
    percentage = NumericField()
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(percentage__gte=0, percentage__lte=100), name="tax_rate_is_a_share"),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_from__lt=F("valid_to")), name="tax_rate_ends_after_it_starts"
            ),
            models.CheckConstraint(condition=Q(country__regex="^[A-Z]{2}$"), name="tax_country_is_two_capitals"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.percentage:f} % in {self.country}"


class InvoiceTax(models.Model):
    """One rate on one invoice: computed on the sum of its rounded line nets, then allocated to the lines."""

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="taxes")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=64)
    country = models.CharField(max_length=2)
    code = models.CharField(max_length=64, blank=True)
    percentage = NumericField()
    behavior = models.CharField(max_length=12, choices=TaxBehavior.choices)
    taxable = NumericField(help_text="The sum of the line nets; of tax within the price, tax included.")
    amount = NumericField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(behavior__in=TaxBehavior.values), name="tax_behavior_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.percentage:f} % of {self.invoice}"
