"""Rate cards as the API takes and shows them, and what else plans share, in OpenMeter's shapes."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from metering.serializers.fields import ChoiceField, JsonObjectField, TextField, TextsField, present
from pricing.models import Feature, RateCardType
from pricing.services.plan_inputs import PhaseInput, RateCardInput
from pricing.terms import JsonObject, Terms


class OptionalObjectField(JsonObjectField):
    """An object of any members, whose rules are the services'; null is none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, allow_null=True, default=None, **kwargs)


class RateCardFields(serializers.Serializer[Any]):
    type = ChoiceField(RateCardType.values)
    key = TextField(max_length=64)
    name = TextField(max_length=256)
    description = TextField(max_length=1024, required=False, allow_blank=True, allow_null=True, default="")
    metadata = TextsField(default=dict)
    featureKey = TextField(max_length=64, required=False, allow_null=True, default=None)
    billingCadence = TextField(required=False, allow_null=True, default=None)
    price = OptionalObjectField()
    discounts = OptionalObjectField()
    unitConfig = OptionalObjectField()
    prorateCommitments = serializers.BooleanField(required=False, default=False)
    entitlementTemplate = OptionalObjectField()
    taxConfig = OptionalObjectField()


def rate_card_input(sent: Mapping[str, Any]) -> RateCardInput:
    """Return a rate card that was sent in the words of the services."""
    return RateCardInput(
        type=sent["type"],
        key=sent["key"],
        name=sent["name"],
        price=sent["price"],
        billing_cadence=sent["billingCadence"],
        description=sent["description"] or "",
        discounts=sent["discounts"],
        unit_config=sent["unitConfig"],
        prorate_commitments=sent["prorateCommitments"],
        entitlement_template=sent["entitlementTemplate"],
        tax_config=sent["taxConfig"],
        metadata=sent["metadata"] or {},
        feature_key=sent["featureKey"] or "",
    )


class RateCardField(RateCardFields):
    """A rate card, read into what the services take."""

    def to_internal_value(self, data: Any) -> RateCardInput:
        return rate_card_input(super().to_internal_value(data))


class PhaseField(serializers.Serializer[Any]):
    """A phase of a plan, read into what the services take."""

    key = TextField(max_length=64)
    name = TextField(max_length=256)
    description = TextField(max_length=1024, required=False, allow_blank=True, allow_null=True, default="")
    metadata = TextsField(default=dict)
    duration = TextField(required=False, allow_null=True, default=None)
    rateCards = RateCardField(many=True)

    def to_internal_value(self, data: Any) -> PhaseInput:
        sent = super().to_internal_value(data)
        return PhaseInput(
            rate_cards=sent["rateCards"],
            key=sent["key"],
            name=sent["name"],
            duration=sent["duration"],
            description=sent["description"] or "",
            metadata=sent["metadata"] or {},
        )


class ProRatingConfigInput(serializers.Serializer[Any]):
    enabled = serializers.BooleanField()
    mode = ChoiceField(["prorate_prices"])


class AlignmentInput(serializers.Serializer[Any]):
    """OpenMeter's switch of old; everything aligns here."""

    billablesMustAlign = serializers.BooleanField(required=False)


def rate_card_output(terms: Terms, feature: Feature | None) -> dict[str, Any]:
    """Return a rate card as the API shows it."""
    shown = {
        "type": terms.type,
        "key": terms.key,
        "name": terms.name,
        "description": terms.description,
        "metadata": dict(terms.metadata),
        "featureKey": feature and feature.key,
        "discounts": _discounts(terms.discounts),
        "unitConfig": terms.unit_config,
        "prorateCommitments": terms.prorate_commitments or None,
        "entitlementTemplate": _template(terms.entitlement_template),
        "taxConfig": terms.tax_config,
    }
    return present(shown) | {
        "billingCadence": terms.billing_cadence,
        "price": terms.price and price_output(terms.price),
    }


def price_output(price: JsonObject) -> dict[str, Any]:
    """Return a stored price with the members that OpenMeter's clients expect even where they are null."""
    shown = dict(price)
    if shown["type"] == "tiered":
        shown["tiers"] = [{"flatPrice": None, "unitPrice": None, **tier} for tier in shown["tiers"]]
    if shown["type"] == "matrix":
        shown["cells"] = [{**cell, "price": price_output(cell["price"])} for cell in shown["cells"]]
        default = shown.get("default")
        shown["default"] = default and price_output(default)
    return shown


def _discounts(discounts: JsonObject | None) -> dict[str, Any]:
    shown = dict(discounts or {})
    if percentage := shown.get("percentage"):
        # A number, unlike all other figures of a rate card.
        shown["percentage"] = {**percentage, "percentage": Decimal(percentage["percentage"])}
    return shown


def _template(template: JsonObject | None) -> dict[str, Any]:
    shown = dict(template or {})
    if (allowance := shown.get("issueAfterReset")) is not None:
        shown["issueAfterReset"] = Decimal(allowance)
    return shown
