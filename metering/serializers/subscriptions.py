"""The shape in which a customer's subscriptions are shown; the layer above, which knows them, fills it."""

from typing import Any

from rest_framework import serializers

from metering.serializers.fields import ChoiceField, UlidField


class PlanReferenceOutput(serializers.Serializer[Any]):
    id = UlidField()
    key = serializers.CharField()
    version = serializers.IntegerField()


class ProRatingConfigOutput(serializers.Serializer[Any]):
    enabled = serializers.BooleanField()
    mode = ChoiceField(choices=["prorate_prices"])


class SubscriptionOutput(serializers.Serializer[Any]):
    id = UlidField()
    name = serializers.CharField()
    status = ChoiceField(choices=["active", "inactive", "canceled", "scheduled"])
    customerId = UlidField()
    plan = PlanReferenceOutput(required=False)
    currency = serializers.RegexField(r"^[A-Z]{3}$")
    billingCadence = serializers.CharField(help_text="An ISO 8601 duration.")
    billingAnchor = serializers.DateTimeField()
    proRatingConfig = ProRatingConfigOutput(required=False)
    settlementMode = ChoiceField(choices=["credit_then_invoice"])
    costBasisMode = ChoiceField(choices=["dynamic"])
    costBasisPins = serializers.ListField(child=serializers.DictField())
    activeFrom = serializers.DateTimeField()
    activeTo = serializers.DateTimeField(required=False)
    metadata = serializers.DictField(child=serializers.CharField(), required=False)
    createdAt = serializers.DateTimeField()
    updatedAt = serializers.DateTimeField()
