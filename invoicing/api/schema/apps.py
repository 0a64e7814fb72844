"""The OpenAPI document on `invoicing.api.apps`."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.utils import extend_schema_view
from rest_framework import serializers

from invoicing.models import AppStatus, AppType
from invoicing.serializers.apps import (
    CustomerAppDataListInput,
    CustomInvoicingAppReplaceInput,
    CustomInvoicingCustomerInput,
    SandboxAppReplaceInput,
    SandboxCustomerInput,
)
from metering.api.schema.base import operation
from metering.api.schema.fields import PageOutput, UlidField, texts
from metering.serializers.fields import PageInput
from pricing.api.schema.rate_cards import one_of

_APPS, _CUSTOMERS = "Apps", "Customers"
CAPABILITIES = ["reportUsage", "reportEvents", "calculateTax", "invoiceCustomers", "collectPayments"]


class AppCapabilityOutput(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=CAPABILITIES)
    key = serializers.RegexField(r"^[a-z0-9]+(?:_[a-z0-9]+)*$")
    name = serializers.CharField()
    description = serializers.CharField()


class MarketplaceListingOutput(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=AppType.values)
    name = serializers.CharField()
    description = serializers.CharField()
    capabilities = AppCapabilityOutput(many=True)
    installMethods = serializers.ListField(child=serializers.ChoiceField(choices=["no_credentials_required"]))


class _AppMembers(serializers.Serializer[Any]):
    id = UlidField()
    name = serializers.CharField()
    description = serializers.CharField(required=False)
    metadata = texts(required=False, allow_null=True)
    createdAt = serializers.DateTimeField()
    updatedAt = serializers.DateTimeField()
    deletedAt = serializers.DateTimeField(required=False)
    listing = MarketplaceListingOutput()
    status = serializers.ChoiceField(choices=AppStatus.values)


class SandboxAppOutput(_AppMembers):
    type = serializers.ChoiceField(choices=[AppType.SANDBOX.value])


class CustomInvoicingAppOutput(_AppMembers):
    type = serializers.ChoiceField(choices=[AppType.CUSTOM_INVOICING.value])
    enableDraftSyncHook = serializers.BooleanField()
    enableIssuingSyncHook = serializers.BooleanField()


class AppOutput(serializers.Serializer[Any]):
    """An app of any type."""


class AppReplaceUpdateInput(serializers.Serializer[Any]):
    """What an app of any type is changed by."""


class SandboxCustomerAppDataOutput(serializers.Serializer[Any]):
    id = UlidField(required=False)
    type = serializers.ChoiceField(choices=[AppType.SANDBOX.value])
    app = SandboxAppOutput(required=False)


class CustomInvoicingCustomerAppDataOutput(serializers.Serializer[Any]):
    id = UlidField(required=False)
    type = serializers.ChoiceField(choices=[AppType.CUSTOM_INVOICING.value])
    app = CustomInvoicingAppOutput(required=False)
    metadata = texts(required=False)


class CustomerAppDataOutput(serializers.Serializer[Any]):
    """What an app of any type keeps of a customer."""


class CustomerAppDataInput(serializers.Serializer[Any]):
    """What an app of any type shall keep of a customer."""


class _OneOf(OpenApiSerializerExtension):
    """One of several shapes, told apart by `type`."""

    shapes: dict[str, type[serializers.Serializer[Any]]]
    name: str

    def get_name(self, auto_schema: Any, direction: Any) -> str:
        return self.name

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        return one_of(self.shapes, auto_schema, direction)


class AppExtension(_OneOf):
    target_class = AppOutput
    name = "App"
    shapes = {"sandbox": SandboxAppOutput, "custom_invoicing": CustomInvoicingAppOutput}


class AppReplaceUpdateExtension(_OneOf):
    target_class = AppReplaceUpdateInput
    name = "AppReplaceUpdate"
    shapes = {"sandbox": SandboxAppReplaceInput, "custom_invoicing": CustomInvoicingAppReplaceInput}


class CustomerAppDataExtension(_OneOf):
    target_class = CustomerAppDataOutput
    name = "CustomerAppData"
    shapes = {"sandbox": SandboxCustomerAppDataOutput, "custom_invoicing": CustomInvoicingCustomerAppDataOutput}


class CustomerAppDataInputExtension(_OneOf):
    target_class = CustomerAppDataInput
    name = "CustomerAppDataCreateOrUpdateItem"
    shapes = {"sandbox": SandboxCustomerInput, "custom_invoicing": CustomInvoicingCustomerInput}


class AppPageOutput(PageOutput):
    items = AppOutput(many=True)


class CustomerAppDataPageOutput(PageOutput):
    items = CustomerAppDataOutput(many=True)


APPS = extend_schema_view(
    get=operation("listApps", _APPS, "List apps", query=[PageInput], answers={200: AppPageOutput}),
)
APP = extend_schema_view(
    get=operation("getApp", _APPS, "Get an app", answers={200: AppOutput}, problems=[404]),
    put=operation(
        "updateApp",
        _APPS,
        "Change an app",
        body=AppReplaceUpdateInput,
        answers={200: AppOutput},
        problems=[404, 409],
    ),
    delete=operation("uninstallApp", _APPS, "Uninstall an app", answers={204: None}, problems=[404, 409]),
)
CUSTOMER_APPS = extend_schema_view(
    get=operation(
        "listCustomerAppData",
        _CUSTOMERS,
        "List what apps keep of a customer",
        query=[CustomerAppDataListInput],
        answers={200: CustomerAppDataPageOutput},
        problems=[404],
    ),
    put=operation(
        "upsertCustomerAppData",
        _CUSTOMERS,
        "Have apps keep something of a customer",
        body=CustomerAppDataInput(many=True),
        answers={200: CustomerAppDataOutput(many=True)},
        problems=[404],
    ),
)
CUSTOMER_APP = extend_schema_view(
    delete=operation(
        "deleteCustomerAppData", _CUSTOMERS, "Have an app forget a customer", answers={204: None}, problems=[404]
    ),
)
