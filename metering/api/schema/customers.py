"""The OpenAPI document on `metering.api.customers`."""

from typing import Any

from drf_spectacular.utils import extend_schema_view
from rest_framework import serializers

from metering.api.schema.base import operation
from metering.api.schema.fields import CurrencyField, PageOutput, UlidField, texts
from metering.serializers.customers import (
    AddressInput,
    CustomerGetInput,
    CustomerInput,
    CustomerListInput,
    UsageAttributionInput,
)

_TAG = "Customers"


class PlanReferenceOutput(serializers.Serializer[Any]):
    id = UlidField()
    key = serializers.CharField()
    version = serializers.IntegerField()


class ProRatingConfigOutput(serializers.Serializer[Any]):
    enabled = serializers.BooleanField()
    mode = serializers.ChoiceField(choices=["prorate_prices"])


class CostBasisPinOutput(serializers.Serializer[Any]):
    customCurrencyId = UlidField()
    invoiceCurrency = CurrencyField()
    costBasisId = UlidField()


class SubscriptionAlignmentOutput(serializers.Serializer[Any]):
    billablesMustAlign = serializers.BooleanField(required=False, help_text="Always true.")


class SubscriptionOutput(serializers.Serializer[Any]):
    """What the layer above shows of a subscription, see `metering.queries.subscriptions`."""

    id = UlidField()
    name = serializers.CharField()
    description = serializers.CharField(required=False)
    status = serializers.ChoiceField(choices=["active", "inactive", "canceled", "scheduled"])
    customerId = UlidField()
    plan = PlanReferenceOutput(required=False)
    currency = CurrencyField()
    billingCadence = serializers.CharField(help_text="An ISO 8601 duration.")
    billingAnchor = serializers.DateTimeField()
    timeZone = serializers.CharField(help_text="The zone in which its periods start.")
    alignment = SubscriptionAlignmentOutput(required=False)
    proRatingConfig = ProRatingConfigOutput(required=False)
    settlementMode = serializers.ChoiceField(choices=["credit_then_invoice", "credit_only"])
    costBasisMode = serializers.ChoiceField(choices=["dynamic", "pinned"])
    costBasisPins = CostBasisPinOutput(many=True)
    minimumAmount = serializers.CharField(required=False, help_text="The least that a billing period comes to.")
    prorateMinimum = serializers.BooleanField(required=False)
    carriesUsage = serializers.BooleanField(help_text="Whether tiers go on where the plan before has left them.")
    awaitsPayment = serializers.BooleanField(
        required=False, help_text="True while a change to it waits for its payment; until then it bills nothing."
    )
    activeFrom = serializers.DateTimeField()
    activeTo = serializers.DateTimeField(required=False)
    metadata = texts(required=False)
    annotations = texts(required=False, help_text="The subscriptions before and after it, by id.")
    createdAt = serializers.DateTimeField()
    updatedAt = serializers.DateTimeField()


class CustomerOutput(serializers.Serializer[Any]):
    id = UlidField()
    key = serializers.CharField(required=False)
    name = serializers.CharField()
    description = serializers.CharField(required=False)
    usageAttribution = UsageAttributionInput(required=False)
    primaryEmail = serializers.CharField(required=False)
    currency = CurrencyField(required=False)
    billingAddress = AddressInput(required=False)
    timeZone = serializers.CharField(required=False)
    testClockId = UlidField(required=False)
    metadata = texts(required=False)
    currentSubscriptionId = UlidField(required=False)
    subscriptions = SubscriptionOutput(many=True, required=False)
    createdAt = serializers.DateTimeField()
    updatedAt = serializers.DateTimeField()
    deletedAt = serializers.DateTimeField(required=False)


class CustomerPageOutput(PageOutput):
    items = CustomerOutput(many=True)


CUSTOMERS = extend_schema_view(
    get=operation(
        "listCustomers", _TAG, "List customers", query=[CustomerListInput], answers={200: CustomerPageOutput}
    ),
    post=operation(
        "createCustomer",
        _TAG,
        "Create a customer",
        body=CustomerInput,
        answers={201: CustomerOutput},
        problems=[409],
        is_idempotent=True,
    ),
)
CUSTOMER = extend_schema_view(
    get=operation(
        "getCustomer",
        _TAG,
        "Get a customer",
        query=[CustomerGetInput],
        answers={200: CustomerOutput},
        problems=[404],
    ),
    put=operation(
        "updateCustomer",
        _TAG,
        "Replace a customer",
        body=CustomerInput,
        answers={200: CustomerOutput},
        problems=[404, 409, 412],
    ),
    delete=operation("deleteCustomer", _TAG, "Delete a customer", answers={204: None}, problems=[404, 409]),
)
