"""The OpenAPI document on `invoicing.api.taxes`."""

from typing import Any

from drf_spectacular.utils import extend_schema_view
from rest_framework import serializers

from invoicing.serializers.taxes import TaxCodeInput, TaxRateEndInput, TaxRateInput, TaxRateListInput
from metering.api.schema.base import operation
from metering.api.schema.fields import PageOutput, UlidField
from metering.serializers.fields import PageInput
from pricing.api.schema.rate_cards import NumericField

_TAG = "Billing"


class TaxCodeOutput(serializers.Serializer[Any]):
    id = UlidField()
    key = serializers.CharField()
    name = serializers.CharField()
    stripeCode = serializers.CharField(required=False)
    createdAt = serializers.DateTimeField()


class TaxCodePageOutput(PageOutput):
    items = TaxCodeOutput(many=True)


class TaxRateOutput(serializers.Serializer[Any]):
    id = UlidField()
    name = serializers.CharField()
    country = serializers.RegexField("^[A-Z]{2}$")
    taxCodeId = UlidField(required=False, help_text="Without one it is for every product that has no rate of its own.")
    percentage = NumericField()
    validFrom = serializers.DateTimeField()
    validTo = serializers.DateTimeField(required=False)
    createdAt = serializers.DateTimeField()
    updatedAt = serializers.DateTimeField()


class TaxRatePageOutput(PageOutput):
    items = TaxRateOutput(many=True)


TAX_CODES = extend_schema_view(
    post=operation(
        "createTaxCode",
        _TAG,
        "Create a tax code",
        body=TaxCodeInput,
        answers={201: TaxCodeOutput},
        problems=[409],
        is_idempotent=True,
    ),
    get=operation("listTaxCodes", _TAG, "List tax codes", query=[PageInput], answers={200: TaxCodePageOutput}),
)
TAX_RATES = extend_schema_view(
    post=operation(
        "createTaxRate",
        _TAG,
        "Create a tax rate",
        body=TaxRateInput,
        answers={201: TaxRateOutput},
        problems=[409],
        is_idempotent=True,
    ),
    get=operation("listTaxRates", _TAG, "List tax rates", query=[TaxRateListInput], answers={200: TaxRatePageOutput}),
)
TAX_RATE_END = extend_schema_view(
    post=operation(
        "endTaxRate",
        _TAG,
        "Let a tax rate hold up to a time",
        body=TaxRateEndInput,
        answers={200: TaxRateOutput},
        problems=[404, 409],
    )
)
