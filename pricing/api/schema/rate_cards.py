"""The OpenAPI document on rate cards: what the objects hold that `pricing.serializers.terms` passes on as they are."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension, OpenApiSerializerFieldExtension
from drf_spectacular.plumbing import ResolvedComponent
from rest_framework import serializers

from metering.api.schema.fields import NumberField, UlidField, texts
from pricing.prices import NUMERIC, Operation, PaymentTerm, UnitRounding
from pricing.serializers.terms import RateCardField

Shape = type[serializers.Serializer[Any]]


class NumericField(serializers.RegexField):
    """A decimal number in a string."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(f"^{NUMERIC.pattern}$", **kwargs)


def _word(word: str) -> serializers.ChoiceField:
    return serializers.ChoiceField(choices=[word])


class FlatPriceOutput(serializers.Serializer[Any]):
    type = _word("flat")
    amount = NumericField()


class FlatPriceWithPaymentTermOutput(FlatPriceOutput):
    paymentTerm = serializers.ChoiceField(choices=list(PaymentTerm), required=False)


class UnitPriceOutput(serializers.Serializer[Any]):
    type = _word("unit")
    amount = NumericField()


class CommitmentsOutput(serializers.Serializer[Any]):
    minimumAmount = NumericField(required=False)
    maximumAmount = NumericField(required=False)


class UnitPriceWithCommitmentsOutput(UnitPriceOutput, CommitmentsOutput):
    pass


class PriceTierOutput(serializers.Serializer[Any]):
    upToAmount = NumericField(required=False)
    flatPrice = FlatPriceOutput(allow_null=True)
    unitPrice = UnitPriceOutput(allow_null=True)


class TieredPriceWithCommitmentsOutput(CommitmentsOutput):
    type = _word("tiered")
    mode = serializers.ChoiceField(choices=["volume", "graduated"])
    tiers = PriceTierOutput(many=True)
    flatPriceAtZeroUsage = serializers.BooleanField(
        required=False, help_text="Whether the first tier's flat price is charged without usage; true unless it says."
    )


class DynamicPriceWithCommitmentsOutput(CommitmentsOutput):
    type = _word("dynamic")
    multiplier = NumericField(required=False)


class PackagePriceWithCommitmentsOutput(CommitmentsOutput):
    type = _word("package")
    amount = NumericField()
    quantityPerPackage = NumericField()


class MatrixCellOutput(serializers.Serializer[Any]):
    match = texts()
    price = serializers.DictField(help_text="A unit, tiered, package or dynamic price.")


class MatrixPriceOutput(CommitmentsOutput):
    type = _word("matrix")
    dimensions = serializers.ListField(child=serializers.CharField(), help_text="Groups of the feature's meter.")
    cells = MatrixCellOutput(many=True)

    def get_fields(self) -> dict[str, Any]:
        # An attribute of this name would hide one of every field.
        others = serializers.DictField(
            required=False, allow_null=True, help_text="The price of what no cell matches; null charges nothing."
        )
        return {**super().get_fields(), "default": others}


_USAGE_PRICES: dict[str, Shape] = {
    "flat": FlatPriceWithPaymentTermOutput,
    "unit": UnitPriceWithCommitmentsOutput,
    "tiered": TieredPriceWithCommitmentsOutput,
    "dynamic": DynamicPriceWithCommitmentsOutput,
    "package": PackagePriceWithCommitmentsOutput,
    "matrix": MatrixPriceOutput,
}


class PriceOutputField(serializers.Field[Any, Any, Any, Any]):
    """A price of any type."""


class EntitlementTemplateOutputField(serializers.Field[Any, Any, Any, Any]):
    """An entitlement template of any type."""


class RateCardOutputField(serializers.Field[Any, Any, Any, Any]):
    """A rate card of either type."""


class DiscountPercentageOutput(serializers.Serializer[Any]):
    percentage = NumberField(min_value=0, max_value=100)


class DiscountUsageOutput(serializers.Serializer[Any]):
    quantity = NumericField()


class DiscountsOutput(serializers.Serializer[Any]):
    percentage = DiscountPercentageOutput(required=False)
    usage = DiscountUsageOutput(required=False)


class UnitConfigOutput(serializers.Serializer[Any]):
    operation = serializers.ChoiceField(choices=list(Operation))
    conversionFactor = NumericField()
    rounding = serializers.ChoiceField(choices=list(UnitRounding), required=False)
    precision = serializers.IntegerField(required=False)
    displayUnit = serializers.CharField(required=False)


class StripeTaxConfigOutput(serializers.Serializer[Any]):
    code = serializers.RegexField(r"^txcd_\d{8}$")


class CustomInvoicingTaxConfigOutput(serializers.Serializer[Any]):
    code = serializers.CharField()


class TaxConfigOutput(serializers.Serializer[Any]):
    behavior = serializers.ChoiceField(choices=["inclusive", "exclusive"], required=False)
    stripe = StripeTaxConfigOutput(required=False)
    customInvoicing = CustomInvoicingTaxConfigOutput(required=False)
    taxCodeId = UlidField(required=False)


class RateCardMeteredEntitlementOutput(serializers.Serializer[Any]):
    type = _word("metered")
    metadata = texts(required=False)
    isSoftLimit = serializers.BooleanField(required=False)
    issueAfterReset = NumberField(required=False, min_value=0)
    issueAfterResetPriority = serializers.IntegerField(required=False, min_value=1, max_value=255)
    preserveOverageAtReset = serializers.BooleanField(required=False)
    usagePeriod = serializers.CharField(required=False, help_text="An ISO 8601 duration.")


class RateCardStaticEntitlementOutput(serializers.Serializer[Any]):
    type = _word("static")
    metadata = texts(required=False)
    config = serializers.CharField(help_text="JSON in a string.")


class RateCardBooleanEntitlementOutput(serializers.Serializer[Any]):
    type = _word("boolean")
    metadata = texts(required=False)


class _AnyRateCardOutput(serializers.Serializer[Any]):
    key = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField(required=False)
    metadata = texts(required=False, allow_null=True)
    featureKey = serializers.CharField(required=False)
    entitlementTemplate = EntitlementTemplateOutputField(required=False)
    taxConfig = TaxConfigOutput(required=False)
    discounts = DiscountsOutput(required=False)
    unitConfig = UnitConfigOutput(required=False)
    prorateCommitments = serializers.BooleanField(required=False)


class RateCardFlatFeeOutput(_AnyRateCardOutput):
    type = _word("flat_fee")
    billingCadence = serializers.CharField(allow_null=True, help_text="An ISO 8601 duration; null bills once.")
    price = FlatPriceWithPaymentTermOutput(allow_null=True)


class RateCardUsageBasedOutput(_AnyRateCardOutput):
    type = _word("usage_based")
    billingCadence = serializers.CharField(help_text="An ISO 8601 duration.")
    price = PriceOutputField(allow_null=True)


class OneOfExtension(OpenApiSerializerFieldExtension):
    """A component that is one of several shapes, told apart by `type`."""

    component: str
    shapes: dict[str, Shape]

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        component = ResolvedComponent(self.component, ResolvedComponent.SCHEMA, object=self.component)
        component.schema = one_of(self.shapes, auto_schema, direction)
        auto_schema.registry.register_on_missing(component)
        return dict(component.ref)


def one_of(shapes: dict[str, Shape], auto_schema: Any, direction: Any) -> dict[str, Any]:
    refs = {word: auto_schema.resolve_serializer(shape, direction).ref for word, shape in shapes.items()}
    mapping = {word: ref["$ref"] for word, ref in refs.items()}
    return {"oneOf": list(refs.values()), "discriminator": {"propertyName": "type", "mapping": mapping}}


class PriceOutputExtension(OneOfExtension):
    target_class = PriceOutputField
    component = "RateCardUsageBasedPrice"
    shapes = _USAGE_PRICES


class EntitlementTemplateExtension(OneOfExtension):
    target_class = EntitlementTemplateOutputField
    component = "RateCardEntitlement"
    shapes = {
        "metered": RateCardMeteredEntitlementOutput,
        "static": RateCardStaticEntitlementOutput,
        "boolean": RateCardBooleanEntitlementOutput,
    }


_RATE_CARDS: dict[str, Shape] = {"flat_fee": RateCardFlatFeeOutput, "usage_based": RateCardUsageBasedOutput}


class RateCardOutputExtension(OpenApiSerializerFieldExtension):
    """A rate card that is shown has the shape of one that is sent."""

    target_class = RateCardOutputField

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        return dict(auto_schema.resolve_serializer(RateCardField, direction).ref)


class RateCardInputExtension(OpenApiSerializerExtension):
    target_class = RateCardField

    def get_name(self, auto_schema: Any, direction: Any) -> str:
        return "RateCard"

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        return one_of(_RATE_CARDS, auto_schema, direction)
