"""The OpenAPI document on `pricing.api.subscription_addons`."""

from typing import Any

from drf_spectacular.utils import extend_schema_view
from rest_framework import serializers

from metering.api.schema.base import operation
from metering.api.schema.fields import UlidField, texts
from pricing.api.schema.rate_cards import RateCardOutputField
from pricing.models import InstanceType
from pricing.serializers.subscription_addons import SubscriptionAddonInput, SubscriptionAddonUpdateInput

_TAG = "Subscriptions"


class SubscriptionAddonReferenceOutput(serializers.Serializer[Any]):
    id = UlidField()
    key = serializers.CharField()
    version = serializers.IntegerField()
    instanceType = serializers.ChoiceField(choices=InstanceType.values)


class SubscriptionAddonTimelineSegmentOutput(serializers.Serializer[Any]):
    activeFrom = serializers.DateTimeField()
    activeTo = serializers.DateTimeField(required=False)
    quantity = serializers.IntegerField()


class SubscriptionAddonRateCardOutput(serializers.Serializer[Any]):
    rateCard = RateCardOutputField()
    affectedSubscriptionItemIds = serializers.ListField(child=UlidField())


class SubscriptionAddonOutput(serializers.Serializer[Any]):
    id = UlidField()
    name = serializers.CharField()
    description = serializers.CharField(required=False)
    metadata = texts(required=False)
    createdAt = serializers.DateTimeField()
    updatedAt = serializers.DateTimeField()
    activeFrom = serializers.DateTimeField()
    activeTo = serializers.DateTimeField(required=False)
    addon = SubscriptionAddonReferenceOutput()
    quantityAt = serializers.DateTimeField(help_text="When the quantity was looked at.")
    quantity = serializers.IntegerField()
    timeline = SubscriptionAddonTimelineSegmentOutput(many=True)
    subscriptionId = UlidField()
    rateCards = SubscriptionAddonRateCardOutput(many=True)


SUBSCRIPTION_ADDONS = extend_schema_view(
    get=operation(
        "listSubscriptionAddons",
        _TAG,
        "List a subscription's add-ons",
        answers={200: SubscriptionAddonOutput(many=True)},
        problems=[404],
    ),
    post=operation(
        "createSubscriptionAddon",
        _TAG,
        "Add an add-on to a subscription",
        body=SubscriptionAddonInput,
        answers={201: SubscriptionAddonOutput},
        problems=[404, 409],
        is_idempotent=True,
    ),
)
SUBSCRIPTION_ADDON = extend_schema_view(
    get=operation(
        "getSubscriptionAddon",
        _TAG,
        "Get an add-on of a subscription",
        answers={200: SubscriptionAddonOutput},
        problems=[404],
    ),
    patch=operation(
        "updateSubscriptionAddon",
        _TAG,
        "Change the quantity of an add-on",
        body=SubscriptionAddonUpdateInput,
        answers={200: SubscriptionAddonOutput},
        problems=[404, 409],
    ),
)
