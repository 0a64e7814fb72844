"""Tax rates by country and product, and what an invoice owes by each."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, IntegerField, Q, Value
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Coalesce, Left, Right

from invoicing.models.frozen import frozen_with_its_invoice
from invoicing.models.invoice import Invoice
from metering.models import NumericField, UlidField, tracked
from metering.models.customer import TstzRange


def _letter(letter: Func) -> Func:
    return Func(letter, function="ascii", output_field=IntegerField())


def _only(number: Func | CombinedExpression) -> Func:
    """Write a number as the range that holds it alone, as the server has no btree_gist."""
    return Func(number, number, Value("[]"), function="int8range")


# The two letters as one number.
_COUNTRY = _letter(Left("country", 1)) * 256 + _letter(Right("country", 1))


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
            ExclusionConstraint(
                name="one_tax_rate_at_a_time",
                expressions=[
                    (_only(_COUNTRY), RangeOperators.OVERLAPS),
                    (_only(Coalesce("code_id", Value(0))), RangeOperators.OVERLAPS),
                    (TstzRange("valid_from", "valid_to"), RangeOperators.OVERLAPS),
                ],
                violation_error_message="Another rate of this country and tax code holds at that time: end it first.",
            ),
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
            models.UniqueConstraint(fields=["invoice", "position"], name="one_tax_per_position"),
        ]
        triggers = [frozen_with_its_invoice("tax_is_frozen_with_its_invoice", "{row}.invoice_id")]

    def __str__(self) -> str:
        return f"{self.name} {self.percentage:f} % of {self.invoice}"
