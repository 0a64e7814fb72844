"""The OpenAPI document on lines of invoices."""

from typing import Any

from rest_framework import serializers

from invoicing.models import DetailedLineCategory
from invoicing.serializers.line_inputs import LinePeriodInput
from metering.api.schema.fields import CurrencyField, NumberField, UlidField, texts
from pricing.api.schema.rate_cards import (
    DiscountsOutput,
    FlatPriceWithPaymentTermOutput,
    NumericField,
    OneOfExtension,
    PriceOutputField,
    TaxConfigOutput,
    UnitConfigOutput,
)
from pricing.prices import PaymentTerm


class InvoiceUsageBasedRateCardOutput(serializers.Serializer[Any]):
    featureKey = serializers.CharField(required=False)
    taxConfig = TaxConfigOutput(required=False)
    price = PriceOutputField(allow_null=True)
    discounts = DiscountsOutput(required=False)
    unitConfig = UnitConfigOutput(required=False)


class StampedOutput(serializers.Serializer[Any]):
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


class DiscountReasonMaximumSpendOutput(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=["maximum_spend"])


class DiscountReasonRatecardPercentageOutput(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=["ratecard_percentage"])
    percentage = NumberField(min_value=0, max_value=100)


class DiscountReasonRatecardUsageOutput(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=["ratecard_usage"])
    quantity = NumericField()


class DiscountReasonInvoiceOutput(serializers.Serializer[Any]):
    """The line's share of a discount of the whole invoice."""

    type = serializers.ChoiceField(choices=["invoice_discount"])


class DiscountReasonOutputField(serializers.Field[Any, Any, Any, Any]):
    """Why something is taken off."""


class DiscountReasonExtension(OneOfExtension):
    target_class = DiscountReasonOutputField
    component = "BillingDiscountReason"
    shapes = {
        "maximum_spend": DiscountReasonMaximumSpendOutput,
        "ratecard_percentage": DiscountReasonRatecardPercentageOutput,
        "ratecard_usage": DiscountReasonRatecardUsageOutput,
        "invoice_discount": DiscountReasonInvoiceOutput,
    }


class InvoiceLineAmountDiscountOutput(StampedOutput):
    reason = DiscountReasonOutputField()
    description = serializers.CharField(required=False)
    amount = NumericField()


class InvoiceLineUsageDiscountOutput(StampedOutput):
    reason = DiscountReasonOutputField()
    quantity = NumericField()
    preLinePeriodQuantity = NumericField(required=False)


class InvoiceLineDiscountsOutput(serializers.Serializer[Any]):
    amount = InvoiceLineAmountDiscountOutput(many=True, required=False)
    usage = InvoiceLineUsageDiscountOutput(many=True, required=False)


class InvoiceDetailedLineRateCardOutput(serializers.Serializer[Any]):
    taxConfig = TaxConfigOutput(required=False)
    price = FlatPriceWithPaymentTermOutput(allow_null=True)
    quantity = NumericField(required=False)


class InvoiceReferenceOutput(serializers.Serializer[Any]):
    id = UlidField()
    number = serializers.CharField(required=False)


class IdOutput(serializers.Serializer[Any]):
    id = UlidField()


class InvoiceLineSubscriptionOutput(serializers.Serializer[Any]):
    subscription = IdOutput()
    phase = IdOutput()
    item = IdOutput()
    billingPeriod = LinePeriodInput()


class InvoiceLineTaxOutput(serializers.Serializer[Any]):
    config = TaxConfigOutput(required=False)
    percent = NumberField(required=False)
    behavior = serializers.ChoiceField(choices=["inclusive", "exclusive"], required=False)


class _AnyLineOutput(StampedOutput):
    name = serializers.CharField()
    currency = CurrencyField()
    period = LinePeriodInput()
    managedBy = serializers.ChoiceField(choices=["subscription", "system", "manual"])
    status = serializers.ChoiceField(choices=["valid", "detailed", "split"])
    totals = InvoiceTotalsOutput()
    discounts = InvoiceLineDiscountsOutput(required=False)
    invoiceAt = serializers.DateTimeField()
    invoice = InvoiceReferenceOutput(required=False)
    subscription = InvoiceLineSubscriptionOutput(required=False)
    taxConfig = TaxConfigOutput(required=False)


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
    deletedAt = serializers.DateTimeField(required=False)
    taxes = InvoiceLineTaxOutput(many=True, required=False)
    rateCard = InvoiceUsageBasedRateCardOutput(required=False)
    price = PriceOutputField(required=False)
    featureKey = serializers.CharField(required=False)
    quantity = NumericField(required=False)
    meteredQuantity = NumericField(required=False)
    preLinePeriodQuantity = NumericField(required=False)
    meteredPreLinePeriodQuantity = NumericField(required=False)
    children = InvoiceDetailedLineOutput(many=True, required=False)
