"""The OpenAPI document on `invoicing.api.profiles` and `invoicing.api.customer_billing`."""

from typing import Any

from drf_spectacular.utils import extend_schema_view
from rest_framework import serializers

from invoicing.api.schema.workflow import (
    BillingPartyBody,
    BillingPartyOutput,
    BillingProfileAppsOrReferenceField,
    BillingWorkflowOutput,
)
from invoicing.models import Corrections, ZeroInvoices
from invoicing.serializers.profiles import (
    BillingProfileGetInput,
    BillingProfileListInput,
    CustomerOverrideGetInput,
    CustomerOverrideInput,
    CustomerOverrideListInput,
)
from metering.api.schema.base import operation
from metering.api.schema.customers import CustomerOutput
from metering.api.schema.fields import PageOutput, UlidField, texts
from pricing.api.schema.rate_cards import NumericField

_TAG = "Billing"


class CurrencyThresholdsOutput(serializers.Serializer[Any]):
    amounts = serializers.ListField(child=NumericField(), required=False)
    recurring = NumericField(required=False)


class BillingProfileOutput(serializers.Serializer[Any]):
    id = UlidField()
    name = serializers.CharField()
    description = serializers.CharField(required=False)
    metadata = texts(required=False, allow_null=True)
    createdAt = serializers.DateTimeField()
    updatedAt = serializers.DateTimeField()
    deletedAt = serializers.DateTimeField(required=False)
    supplier = BillingPartyOutput()
    workflow = BillingWorkflowOutput()
    apps = BillingProfileAppsOrReferenceField()
    default = serializers.BooleanField()
    numberPrefix = serializers.CharField(help_text="What numbers of invoices start with.")
    creditNotePrefix = serializers.CharField(help_text="What numbers of credit notes start with.")
    zeroInvoices = serializers.ChoiceField(
        choices=ZeroInvoices.values, help_text="What becomes of an invoice that comes to nothing."
    )
    corrections = serializers.ChoiceField(
        choices=Corrections.values, help_text="Where usage that changes after its invoice was issued is billed."
    )
    spendThresholds = serializers.DictField(
        child=CurrencyThresholdsOutput(),
        required=False,
        help_text="Bill at once when usage of a billing period passes these, by currency.",
    )
    largestTotal = NumericField(
        required=False, help_text="A customer whose bill comes to more waits until somebody looked at it."
    )


class BillingProfileReplaceBody(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=256)
    description = serializers.CharField(max_length=1024, required=False)
    metadata = texts(required=False, allow_null=True)
    supplier = BillingPartyBody()
    default = serializers.BooleanField()
    workflow = BillingWorkflowOutput()
    numberPrefix = serializers.CharField(max_length=16, required=False)
    creditNotePrefix = serializers.CharField(max_length=16, required=False)
    zeroInvoices = serializers.ChoiceField(choices=ZeroInvoices.values, required=False)
    corrections = serializers.ChoiceField(choices=Corrections.values, required=False)
    spendThresholds = serializers.DictField(child=CurrencyThresholdsOutput(), required=False)
    largestTotal = NumericField(required=False, allow_null=True)


class BillingProfileAppsBody(serializers.Serializer[Any]):
    tax = UlidField()
    invoicing = UlidField()
    payment = UlidField()


class BillingProfileCreateBody(BillingProfileReplaceBody):
    apps = BillingProfileAppsBody()


class BillingProfilePageOutput(PageOutput):
    items = BillingProfileOutput(many=True)


class CustomerOverrideOutput(serializers.Serializer[Any]):
    createdAt = serializers.DateTimeField()
    updatedAt = serializers.DateTimeField()
    billingProfileId = UlidField(required=False)
    customerId = UlidField()
    spendThresholds = serializers.DictField(
        child=CurrencyThresholdsOutput(), required=False, help_text="In place of the profile's."
    )


class BillingCustomerProfileOutput(serializers.Serializer[Any]):
    supplier = BillingPartyOutput()
    workflow = BillingWorkflowOutput()
    apps = BillingProfileAppsOrReferenceField()


class CustomerOverrideWithDetailsOutput(serializers.Serializer[Any]):
    customerOverride = CustomerOverrideOutput(required=False)
    baseBillingProfileId = UlidField()
    customerProfile = BillingCustomerProfileOutput(required=False)
    customer = CustomerOutput(required=False)


class CustomerOverridePageOutput(PageOutput):
    items = CustomerOverrideWithDetailsOutput(many=True)


PROFILES = extend_schema_view(
    get=operation(
        "listBillingProfiles",
        _TAG,
        "List billing profiles",
        query=[BillingProfileListInput],
        answers={200: BillingProfilePageOutput},
    ),
    post=operation(
        "createBillingProfile",
        _TAG,
        "Create a billing profile",
        body=BillingProfileCreateBody,
        answers={201: BillingProfileOutput},
        problems=[409],
        is_idempotent=True,
    ),
)
PROFILE = extend_schema_view(
    get=operation(
        "getBillingProfile",
        _TAG,
        "Get a billing profile",
        query=[BillingProfileGetInput],
        answers={200: BillingProfileOutput},
        problems=[404],
    ),
    put=operation(
        "updateBillingProfile",
        _TAG,
        "Replace what a billing profile says",
        body=BillingProfileReplaceBody,
        answers={200: BillingProfileOutput},
        problems=[404, 409],
    ),
    delete=operation("deleteBillingProfile", _TAG, "Delete a billing profile", answers={204: None}, problems=[404]),
)
CUSTOMERS = extend_schema_view(
    get=operation(
        "listBillingProfileCustomerOverrides",
        _TAG,
        "List how customers are billed",
        query=[CustomerOverrideListInput],
        answers={200: CustomerOverridePageOutput},
    )
)
CUSTOMER = extend_schema_view(
    get=operation(
        "getBillingProfileCustomerOverride",
        _TAG,
        "Tell how a customer is billed",
        query=[CustomerOverrideGetInput],
        answers={200: CustomerOverrideWithDetailsOutput},
        problems=[404],
    ),
    put=operation(
        "upsertBillingProfileCustomerOverride",
        _TAG,
        "Pin a customer to a billing profile",
        body=CustomerOverrideInput,
        answers={200: CustomerOverrideWithDetailsOutput},
        problems=[404, 412],
    ),
    delete=operation(
        "deleteBillingProfileCustomerOverride",
        _TAG,
        "Bill a customer by the default profile again",
        answers={204: None},
        problems=[404],
    ),
)
