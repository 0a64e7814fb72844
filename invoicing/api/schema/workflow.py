"""The OpenAPI document on parties, apps and workflows, which profiles and invoices share."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from rest_framework import serializers

from invoicing.api.schema.apps import AppOutput
from invoicing.models import CollectionMethod
from metering.api.schema.fields import UlidField
from metering.serializers.customers import AddressInput
from pricing.api.schema.rate_cards import OneOfExtension, TaxConfigOutput


class BillingPartyTaxIdentityOutput(serializers.Serializer[Any]):
    code = serializers.CharField(required=False)


class BillingPartyBody(serializers.Serializer[Any]):
    key = serializers.CharField(required=False)
    name = serializers.CharField(required=False)
    taxId = BillingPartyTaxIdentityOutput(required=False)
    addresses = AddressInput(many=True, required=False)


class BillingPartyOutput(BillingPartyBody):
    id = serializers.CharField(required=False)


class AppReferenceOutput(serializers.Serializer[Any]):
    id = UlidField()


class BillingProfileAppReferencesOutput(serializers.Serializer[Any]):
    tax = AppReferenceOutput()
    invoicing = AppReferenceOutput()
    payment = AppReferenceOutput()


class BillingProfileAppsOutput(serializers.Serializer[Any]):
    tax = AppOutput()
    invoicing = AppOutput()
    payment = AppOutput()


class BillingProfileAppsOrReferenceField(serializers.Field[Any, Any, Any, Any]):
    """The app for each purpose: in full where that is asked for, else by its id."""


class BillingProfileAppsExtension(OpenApiSerializerFieldExtension):
    target_class = BillingProfileAppsOrReferenceField

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        shapes = (BillingProfileAppsOutput, BillingProfileAppReferencesOutput)
        return {"anyOf": [auto_schema.resolve_serializer(shape, direction).ref for shape in shapes]}


class RecurringPeriodOutput(serializers.Serializer[Any]):
    anchor = serializers.DateTimeField()
    interval = serializers.CharField(help_text="An ISO 8601 duration.")


class CollectionAlignmentSubscriptionOutput(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=["subscription"])


class CollectionAlignmentAnchoredOutput(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=["anchored"])
    recurringPeriod = RecurringPeriodOutput()


class CollectionAlignmentOutputField(serializers.Field[Any, Any, Any, Any]):
    """When lines are collected."""


class CollectionAlignmentExtension(OneOfExtension):
    target_class = CollectionAlignmentOutputField
    component = "BillingWorkflowCollectionAlignment"
    shapes = {"subscription": CollectionAlignmentSubscriptionOutput, "anchored": CollectionAlignmentAnchoredOutput}


class WorkflowCollectionOutput(serializers.Serializer[Any]):
    alignment = CollectionAlignmentOutputField(required=False)
    interval = serializers.CharField(required=False)


class WorkflowInvoicingOutput(serializers.Serializer[Any]):
    autoAdvance = serializers.BooleanField(required=False)
    draftPeriod = serializers.CharField(required=False)
    dueAfter = serializers.CharField(required=False)
    progressiveBilling = serializers.BooleanField(required=False)
    subscriptionEndProrationMode = serializers.ChoiceField(
        choices=["bill_actual_period", "bill_full_period"], required=False
    )
    defaultTaxConfig = TaxConfigOutput(required=False)


class WorkflowPaymentOutput(serializers.Serializer[Any]):
    collectionMethod = serializers.ChoiceField(choices=CollectionMethod.values, required=False)


class WorkflowTaxOutput(serializers.Serializer[Any]):
    enabled = serializers.BooleanField(required=False)
    enforced = serializers.BooleanField(required=False)


class BillingWorkflowOutput(serializers.Serializer[Any]):
    collection = WorkflowCollectionOutput(required=False)
    invoicing = WorkflowInvoicingOutput(required=False)
    payment = WorkflowPaymentOutput(required=False)
    tax = WorkflowTaxOutput(required=False)
