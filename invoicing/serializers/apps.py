"""Apps, the marketplace and the calls of custom invoicing, as the API takes and shows them, in OpenMeter's shapes."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rest_framework import serializers

from invoicing.app_catalog import LISTINGS, Listing
from invoicing.lifecycle import Trigger
from invoicing.models import App, AppType, CustomerAppData
from invoicing.serializers.line_inputs import UlidInput
from invoicing.services.apps import CustomerEntry
from invoicing.services.custom_invoicing import Told
from metering.serializers.fields import ChoiceField, InstantField, PageInput, TextField, TextsField, present

_TOLD_TRIGGERS = [
    Trigger.PAID,
    Trigger.PAYMENT_FAILED,
    Trigger.PAYMENT_UNCOLLECTIBLE,
    Trigger.PAYMENT_OVERDUE,
    Trigger.ACTION_REQUIRED,
    Trigger.VOID,
]


class AppReplaceInput(serializers.Serializer[Any]):
    name = TextField(max_length=256)
    description = TextField(max_length=1024, required=False, allow_blank=True, allow_null=True, default="")
    metadata = TextsField(default=dict)
    type = ChoiceField(AppType.values)

    def values(self) -> dict[str, Any]:
        """Return what was sent in the words of `change_app`."""
        sent = self.validated_data
        return {
            "type": sent["type"],
            "name": sent["name"],
            "description": sent["description"] or "",
            "metadata": sent["metadata"] or {},
        }


class SandboxAppReplaceInput(AppReplaceInput):
    type = ChoiceField([AppType.SANDBOX])


class CustomInvoicingAppReplaceInput(AppReplaceInput):
    type = ChoiceField([AppType.CUSTOM_INVOICING])
    enableDraftSyncHook = serializers.BooleanField()
    enableIssuingSyncHook = serializers.BooleanField()

    def values(self) -> dict[str, Any]:
        """Return what was sent in the words of `change_app`."""
        sent = self.validated_data
        return super().values() | {
            "has_draft_hook": sent["enableDraftSyncHook"],
            "has_issuing_hook": sent["enableIssuingSyncHook"],
        }


# What each type of app is changed by.
APP_INPUTS: Mapping[str, type[AppReplaceInput]] = {
    AppType.SANDBOX: SandboxAppReplaceInput,
    AppType.CUSTOM_INVOICING: CustomInvoicingAppReplaceInput,
}


class InstallInput(serializers.Serializer[Any]):
    name = TextField(max_length=256, required=False, allow_null=True)
    createBillingProfile = serializers.BooleanField(default=True)


class CustomerAppDataListInput(PageInput):
    type = ChoiceField(AppType.values, required=False)


class SandboxCustomerInput(serializers.Serializer[Any]):
    id = UlidInput(required=False)
    type = ChoiceField([AppType.SANDBOX])


class CustomInvoicingCustomerInput(serializers.Serializer[Any]):
    id = UlidInput(required=False)
    type = ChoiceField([AppType.CUSTOM_INVOICING])
    metadata = TextsField(default=dict)


class CustomerAppInput(serializers.Serializer[Any]):
    id = UlidInput(required=False)
    type = ChoiceField(AppType.values)
    metadata = TextsField(default=dict)

    def entry(self) -> CustomerEntry:
        """Return what was sent in the words of `keep_customer_data`."""
        sent = self.validated_data
        return CustomerEntry(sent["type"], sent.get("id"), sent["metadata"] or {})


class LineExternalIdInput(serializers.Serializer[Any]):
    lineId = UlidInput()
    externalId = TextField(max_length=256)


class LineDiscountExternalIdInput(serializers.Serializer[Any]):
    lineDiscountId = UlidInput()
    externalId = TextField(max_length=256)


class SyncResultInput(serializers.Serializer[Any]):
    invoiceNumber = TextField(max_length=256, required=False)
    externalId = TextField(max_length=256, required=False)
    lineExternalIds = LineExternalIdInput(many=True, required=False)
    lineDiscountExternalIds = LineDiscountExternalIdInput(many=True, required=False)


class DraftSynchronizedInput(serializers.Serializer[Any]):
    invoicing = SyncResultInput(required=False)

    def told(self) -> Told:
        """Return what the other system says."""
        sent = self.validated_data.get("invoicing") or {}
        discounts = sent.get("lineDiscountExternalIds", ())
        return Told(
            number=sent.get("invoiceNumber", ""),
            invoicing_id=sent.get("externalId", ""),
            lines={line["lineId"]: line["externalId"] for line in sent.get("lineExternalIds", ())},
            discounts={discount["lineDiscountId"]: discount["externalId"] for discount in discounts},
        )


class FinalizedInvoicingInput(serializers.Serializer[Any]):
    invoiceNumber = TextField(max_length=256, required=False)
    sentToCustomerAt = InstantField(required=False)


class FinalizedPaymentInput(serializers.Serializer[Any]):
    externalId = TextField(max_length=256, required=False)


class IssuingSynchronizedInput(serializers.Serializer[Any]):
    invoicing = FinalizedInvoicingInput(required=False)
    payment = FinalizedPaymentInput(required=False)

    def told(self) -> Told:
        """Return what the other system says."""
        invoicing, payment = (self.validated_data.get(part) or {} for part in ("invoicing", "payment"))
        return Told(
            number=invoicing.get("invoiceNumber", ""),
            sent_at=invoicing.get("sentToCustomerAt"),
            payment_id=payment.get("externalId", ""),
        )


class PaymentStatusInput(serializers.Serializer[Any]):
    trigger = ChoiceField([trigger.value for trigger in _TOLD_TRIGGERS])


def app_output(app: App) -> dict[str, Any]:
    """Return an app as the API shows it."""
    shown = present(
        {
            "id": app.ulid,
            "type": app.type,
            "name": app.name,
            "description": app.description,
            "metadata": app.metadata,
            "status": app.status,
            "createdAt": app.created_at,
            "updatedAt": app.updated_at,
            "deletedAt": app.deleted_at,
        }
    )
    return (
        shown
        | {"listing": listing_output(LISTINGS[app.type])}
        | (_hooks(app) if app.type == AppType.CUSTOM_INVOICING else {})
    )


def listing_output(listing: Listing) -> dict[str, Any]:
    """Return an entry of the marketplace."""
    return {
        "type": listing.type,
        "name": listing.name,
        "description": listing.description,
        "capabilities": [asdict(capability) for capability in listing.capabilities],
        "installMethods": ["no_credentials_required"],
    }


def customer_data_outputs(kept: Sequence[CustomerAppData]) -> list[dict[str, Any]]:
    """Return what apps keep of a customer; each row is read with its app."""
    return [
        {"id": row.app.ulid, "type": row.app.type, "app": app_output(row.app)} | present({"metadata": row.metadata})
        for row in kept
    ]


def _hooks(app: App) -> dict[str, Any]:
    return {"enableDraftSyncHook": app.has_draft_hook, "enableIssuingSyncHook": app.has_issuing_hook}
