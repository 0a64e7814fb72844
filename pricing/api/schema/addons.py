"""The OpenAPI document on `pricing.api.addons`."""

from typing import Any

from drf_spectacular.utils import extend_schema_view
from rest_framework import serializers

from metering.api.schema.base import operation
from metering.api.schema.fields import CurrencyField, PageOutput, UlidField, texts
from pricing.api.schema.rate_cards import RateCardOutputField
from pricing.api.schema.versions import KEY_VERSION, validation_errors
from pricing.models import InstanceType
from pricing.serializers.addons import ADDON_STATUSES, AddonChangeInput, AddonCreateInput, AddonListInput
from pricing.serializers.versions import VersionGetInput

_TAG = "Product catalog"


class AddonOutput(serializers.Serializer[Any]):
    id = UlidField()
    name = serializers.CharField()
    description = serializers.CharField(required=False)
    metadata = texts(required=False)
    createdAt = serializers.DateTimeField()
    updatedAt = serializers.DateTimeField()
    deletedAt = serializers.DateTimeField(required=False)
    key = serializers.CharField()
    version = serializers.IntegerField(min_value=1)
    instanceType = serializers.ChoiceField(choices=InstanceType.values)
    currency = CurrencyField()
    effectiveFrom = serializers.DateTimeField(required=False)
    effectiveTo = serializers.DateTimeField(required=False)
    status = serializers.ChoiceField(choices=ADDON_STATUSES)
    rateCards = serializers.ListField(child=RateCardOutputField())
    validationErrors = validation_errors()


class AddonPageOutput(PageOutput):
    items = AddonOutput(many=True)


ADDONS = extend_schema_view(
    get=operation(
        "listAddons", _TAG, "List add-ons", query=[AddonListInput, KEY_VERSION], answers={200: AddonPageOutput}
    ),
    post=operation(
        "createAddon",
        _TAG,
        "Draft the next version of an add-on",
        body=AddonCreateInput,
        answers={201: AddonOutput},
        is_idempotent=True,
    ),
)
ADDON = extend_schema_view(
    get=operation(
        "getAddon", _TAG, "Get an add-on", query=[VersionGetInput], answers={200: AddonOutput}, problems=[404]
    ),
    put=operation(
        "updateAddon", _TAG, "Replace a draft", body=AddonChangeInput, answers={200: AddonOutput}, problems=[404]
    ),
    delete=operation("deleteAddon", _TAG, "Delete an add-on", answers={204: None}, problems=[404]),
)
PUBLISH = extend_schema_view(
    post=operation(
        "publishAddon", _TAG, "Publish a draft", answers={200: AddonOutput}, problems=[404, 409], is_idempotent=True
    )
)
ARCHIVE = extend_schema_view(
    post=operation(
        "archiveAddon",
        _TAG,
        "Take an add-on out of sale",
        answers={200: AddonOutput},
        problems=[404],
        is_idempotent=True,
    )
)
