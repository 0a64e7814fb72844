"""The OpenAPI document on `pricing.api.plan_addons`."""

from typing import Any

from drf_spectacular.utils import extend_schema_view
from rest_framework import serializers

from metering.api.schema.base import operation
from metering.api.schema.fields import PageOutput, UlidField, texts
from pricing.api.schema.addons import AddonOutput
from pricing.api.schema.versions import KEY_VERSION, validation_errors
from pricing.serializers.addons import PlanAddonChangeInput, PlanAddonCreateInput
from pricing.serializers.versions import VersionsAskedInput

_TAG = "Product catalog"


class PlanAddonOutput(serializers.Serializer[Any]):
    id = UlidField()
    metadata = texts(required=False)
    createdAt = serializers.DateTimeField()
    updatedAt = serializers.DateTimeField()
    addon = AddonOutput()
    fromPlanPhase = serializers.CharField()
    maxQuantity = serializers.IntegerField(required=False)
    validationErrors = validation_errors()


class PlanAddonPageOutput(PageOutput):
    items = PlanAddonOutput(many=True)


PLAN_ADDONS = extend_schema_view(
    get=operation(
        "listPlanAddons",
        _TAG,
        "List the add-ons that a plan offers",
        query=[VersionsAskedInput, KEY_VERSION],
        answers={200: PlanAddonPageOutput},
        problems=[404],
    ),
    post=operation(
        "createPlanAddon",
        _TAG,
        "Offer an add-on with a draft of a plan",
        body=PlanAddonCreateInput,
        answers={201: PlanAddonOutput},
        problems=[404, 409],
        is_idempotent=True,
    ),
)
PLAN_ADDON = extend_schema_view(
    get=operation(
        "getPlanAddon", _TAG, "Get how a plan offers an add-on", answers={200: PlanAddonOutput}, problems=[404]
    ),
    put=operation(
        "updatePlanAddon",
        _TAG,
        "Change how a draft offers an add-on",
        body=PlanAddonChangeInput,
        answers={200: PlanAddonOutput},
        problems=[404],
    ),
    delete=operation(
        "deletePlanAddon", _TAG, "Offer an add-on with a draft no more", answers={204: None}, problems=[404]
    ),
)
