"""What one thing costs and includes: the columns that rate cards and subscription items share."""

from django.db import models

from pricing.models.feature import Feature
from pricing.terms import Terms


class RateCardType(models.TextChoices):
    FLAT_FEE = "flat_fee", "Flat fee"
    USAGE_BASED = "usage_based", "Usage based"


class TermsColumns(models.Model):
    """The columns of `pricing.terms.Terms`; JSON is in OpenMeter's shape, read by `pricing.prices`."""

    type = models.CharField(max_length=12, choices=RateCardType.choices)
    key = models.CharField(max_length=64)
    name = models.CharField(max_length=256)
    description = models.TextField(max_length=1024, blank=True)
    feature = models.ForeignKey(Feature, on_delete=models.PROTECT, null=True, blank=True, related_name="%(class)ss")
    billing_cadence = models.CharField(max_length=8, default="P1M", blank=True, help_text="Empty for a one-time fee.")
    price = models.JSONField(null=True, blank=True, help_text="Empty for access without a price.")
    discounts = models.JSONField(null=True, blank=True)
    unit_config = models.JSONField(null=True, blank=True, help_text="How usage becomes the units that are priced.")
    prorate_commitments = models.BooleanField(
        default=False, help_text="Scale minimum and maximum spend to a part of a period."
    )
    entitlement_template = models.JSONField(null=True, blank=True)
    tax_config = models.JSONField(null=True, blank=True)
    metadata = models.JSONField(default=dict, blank=True)

    class Meta:
        abstract = True

    @property
    def terms(self) -> Terms:
        """Return these columns as one plain value."""
        return Terms(
            type=self.type,
            key=self.key,
            name=self.name,
            description=self.description,
            feature_id=self.feature_id,
            billing_cadence=self.billing_cadence or None,
            price=self.price,
            discounts=self.discounts,
            unit_config=self.unit_config,
            prorate_commitments=self.prorate_commitments,
            entitlement_template=self.entitlement_template,
            tax_config=self.tax_config,
            metadata=self.metadata,
        )

    @classmethod
    def columns_of(cls, terms: Terms) -> dict[str, object]:
        """Return plain terms as the values of these columns."""
        return {
            "type": terms.type,
            "key": terms.key,
            "name": terms.name,
            "description": terms.description,
            "feature_id": terms.feature_id,
            "billing_cadence": terms.billing_cadence or "",
            "price": terms.price,
            "discounts": terms.discounts,
            "unit_config": terms.unit_config,
            "prorate_commitments": terms.prorate_commitments,
            "entitlement_template": terms.entitlement_template,
            "tax_config": terms.tax_config,
            "metadata": dict(terms.metadata),
        }
