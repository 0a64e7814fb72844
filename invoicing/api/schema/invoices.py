"""The OpenAPI document on `invoicing.api.invoices`."""

from typing import Any

from drf_spectacular.utils import extend_schema_view
from rest_framework import serializers

from invoicing.api.schema.workflow import (
    BillingPartyOutput,
    BillingProfileAppReferencesOutput,
    BillingWorkflowOutput,
)
from invoicing.models import DetailedLineCategory
from invoicing.serializers.simulation import SimulatedPeriodInput
from metering.api.schema.base import operation
from metering.api.schema.fields import CurrencyField, NumberField, UlidField, texts
from pricing.api.schema.rate_cards import (
    DiscountsOutput,
    FlatPriceWithPaymentTermOutput,
    NumericField,
    PriceOutputField,
    TaxConfigOutput,
    UnitConfigOutput,
)
from pricing.prices import PaymentTerm

_TAG = "Billing"
_STATUSES = [
    *("gathering", "draft", "issuing", "issued", "payment_processing"),
    *("overdue", "paid", "uncollectible", "voided"),
]


class InvoiceUsageBasedRateCardOutput(serializers.Serializer[Any]):
    featureKey = serializers.CharField(required=False)
    taxConfig = TaxConfigOutput(required=False)
    price = PriceOutputField(allow_null=True)
    discounts = DiscountsOutput(required=False)
    unitConfig = UnitConfigOutput(required=False)


class GroupQuantityOutput(serializers.Serializer[Any]):
    groups = texts(required=False)
    quantity = NumericField()


class InvoiceSimulationLineOutput(serializers.Serializer[Any]):
    """A line that is asked for."""

    id = UlidField(required=False)
    name = serializers.CharField(max_length=256)
    description = serializers.CharField(max_length=1024, required=False)
    metadata = texts(required=False, allow_null=True)
    period = SimulatedPeriodInput()
    invoiceAt = serializers.DateTimeField()
    rateCard = InvoiceUsageBasedRateCardOutput(required=False)
    price = PriceOutputField(required=False)
    featureKey = serializers.CharField(required=False)
    taxConfig = TaxConfigOutput(required=False)
    quantity = NumericField()
    preLinePeriodQuantity = NumericField(required=False)
    quantityByGroups = GroupQuantityOutput(
        many=True, required=False, help_text="What was used with which group values, for a price that differs by them."
    )


class InvoiceSimulationOutput(serializers.Serializer[Any]):
    """The invoice that is asked for."""

    number = serializers.CharField(max_length=256, required=False)
    currency = CurrencyField()
    lines = InvoiceSimulationLineOutput(many=True)


class _StampedOutput(serializers.Serializer[Any]):
    id = UlidField()
    createdAt = serializers.DateTimeField()
    updatedAt = serializers.DateTimeField()


class InvoiceTotalsOutput(serializers.Serializer[Any]):
    amount = NumericField()
    chargesTotal = NumericField()
    discountsTotal = NumericField()
    creditsTotal = NumericField()
    taxesInclusiveTotal = NumericField()
    taxesExclusiveTotal = NumericField()
    taxesTotal = NumericField()
    total = NumericField()


class DiscountReasonOutput(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=["maximum_spend", "ratecard_percentage", "ratecard_usage"])
    percentage = NumberField(min_value=0, max_value=100, required=False)
    quantity = NumericField(required=False)


class InvoiceLineAmountDiscountOutput(_StampedOutput):
    reason = DiscountReasonOutput()
    description = serializers.CharField(required=False)
    amount = NumericField()


class InvoiceLineUsageDiscountOutput(_StampedOutput):
    reason = DiscountReasonOutput()
    quantity = NumericField()
    preLinePeriodQuantity = NumericField(required=False)


class InvoiceLineDiscountsOutput(serializers.Serializer[Any]):
    amount = InvoiceLineAmountDiscountOutput(many=True, required=False)
    usage = InvoiceLineUsageDiscountOutput(many=True, required=False)


class InvoiceDetailedLineRateCardOutput(serializers.Serializer[Any]):
    price = FlatPriceWithPaymentTermOutput(allow_null=True)
    quantity = NumericField(required=False)


class _AnyLineOutput(_StampedOutput):
    name = serializers.CharField()
    currency = CurrencyField()
    period = SimulatedPeriodInput()
    managedBy = serializers.ChoiceField(choices=["subscription", "system", "manual"])
    status = serializers.ChoiceField(choices=["valid", "detailed", "split"])
    totals = InvoiceTotalsOutput()
    discounts = InvoiceLineDiscountsOutput(required=False)
    invoiceAt = serializers.DateTimeField()


class InvoiceDetailedLineOutput(_AnyLineOutput):
    type = serializers.ChoiceField(choices=["flat_fee"])
    category = serializers.ChoiceField(
        choices=[DetailedLineCategory.REGULAR.value, DetailedLineCategory.COMMITMENT.value], required=False
    )
    paymentTerm = serializers.ChoiceField(choices=list(PaymentTerm), required=False)
    perUnitAmount = NumericField(required=False)
    quantity = NumericField(required=False)
    rateCard = InvoiceDetailedLineRateCardOutput(required=False)


class InvoiceLineOutput(_AnyLineOutput):
    type = serializers.ChoiceField(choices=["usage_based"])
    description = serializers.CharField(required=False)
    metadata = texts(required=False, allow_null=True)
    rateCard = InvoiceUsageBasedRateCardOutput(required=False)
    price = PriceOutputField(required=False)
    featureKey = serializers.CharField(required=False)
    taxConfig = TaxConfigOutput(required=False)
    quantity = NumericField(required=False)
    meteredQuantity = NumericField(required=False)
    preLinePeriodQuantity = NumericField(required=False)
    meteredPreLinePeriodQuantity = NumericField(required=False)
    children = InvoiceDetailedLineOutput(many=True, required=False)


class InvoiceUsageAttributionOutput(serializers.Serializer[Any]):
    subjectKeys = serializers.ListField(child=serializers.CharField())


class BillingInvoiceCustomerOutput(BillingPartyOutput):
    usageAttribution = InvoiceUsageAttributionOutput()


class InvoiceStatusDetailsOutput(serializers.Serializer[Any]):
    immutable = serializers.BooleanField()
    failed = serializers.BooleanField()
    extendedStatus = serializers.CharField()
    availableActions = serializers.DictField()


class InvoiceWorkflowSettingsOutput(serializers.Serializer[Any]):
    apps = BillingProfileAppReferencesOutput(required=False)
    sourceBillingProfileId = UlidField()
    workflow = BillingWorkflowOutput()


class InvoiceOutput(_StampedOutput):
    type = serializers.ChoiceField(choices=["standard", "credit_note"])
    number = serializers.CharField()
    currency = CurrencyField()
    supplier = BillingPartyOutput()
    customer = BillingInvoiceCustomerOutput()
    period = SimulatedPeriodInput(required=False)
    totals = InvoiceTotalsOutput()
    status = serializers.ChoiceField(choices=_STATUSES)
    statusDetails = InvoiceStatusDetailsOutput()
    workflow = InvoiceWorkflowSettingsOutput()
    lines = InvoiceLineOutput(many=True, required=False)


SIMULATION = extend_schema_view(
    post=operation(
        "simulateInvoice",
        _TAG,
        "Price the lines of an invoice without storing it",
        body=InvoiceSimulationOutput,
        answers={200: InvoiceOutput},
        problems=[404, 412],
    )
)
