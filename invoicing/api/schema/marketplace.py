"""The OpenAPI document on `invoicing.api.marketplace`."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema_view
from rest_framework import serializers

from invoicing.api.schema.apps import CAPABILITIES, AppOutput, MarketplaceListingOutput
from invoicing.models import AppType
from invoicing.serializers.apps import InstallInput
from metering.api.schema.base import operation
from metering.api.schema.fields import PageOutput
from metering.serializers.fields import PageInput

_TAG = "Apps"
_TYPE = OpenApiParameter("type", {"type": "string", "enum": AppType.values}, OpenApiParameter.PATH, required=True)


class MarketplaceListingPageOutput(PageOutput):
    items = MarketplaceListingOutput(many=True)


class MarketplaceInstallOutput(serializers.Serializer[Any]):
    app = AppOutput()
    defaultForCapabilityTypes = serializers.ListField(child=serializers.ChoiceField(choices=CAPABILITIES))


LISTINGS = extend_schema_view(
    get=operation(
        "listMarketplaceListings",
        _TAG,
        "List the apps there are",
        query=[PageInput],
        answers={200: MarketplaceListingPageOutput},
    ),
)
LISTING = extend_schema_view(
    get=operation(
        "getMarketplaceListing",
        _TAG,
        "Get one of the apps there are",
        query=[_TYPE],
        answers={200: MarketplaceListingOutput},
        problems=[404],
    ),
)
INSTALL = extend_schema_view(
    post=operation(
        "marketplaceAppInstall",
        _TAG,
        "Install an app",
        query=[_TYPE],
        body=InstallInput,
        answers={200: MarketplaceInstallOutput},
        problems=[404, 409],
        is_idempotent=True,
    ),
)
