"""Billing profiles and the customers pinned to them, as the API takes and shows them, in OpenMeter's shapes."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from invoicing.models import BillingProfile, Corrections, CustomerBilling, ZeroInvoices
from invoicing.serializers.line_inputs import QuantityField, UlidInput
from invoicing.serializers.workflow import (
    SupplierInput,
    WorkflowInput,
    party_of,
    shown_apps,
    supplier_output,
    workflow_of,
)
from metering.serializers.fields import ChoiceField, PageInput, TextField, TextsField, present
from pricing.money import UnknownCurrency, exponent

_ORDERS = ["ASC", "DESC"]


class CurrencyThresholdsInput(serializers.Serializer[Any]):
    amounts = serializers.ListField(child=QuantityField(), required=False, default=list, max_length=100)
    recurring = QuantityField(required=False, allow_null=True, default=None)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        numbers = [*attrs["amounts"], *([attrs["recurring"]] if attrs["recurring"] else [])]
        if not numbers or any(Decimal(number) <= 0 for number in numbers):
            raise serializers.ValidationError("Give amounts above zero, such as 10.00.")
        if len(set(map(Decimal, attrs["amounts"]))) < len(attrs["amounts"]):
            raise serializers.ValidationError({"amounts": "Give each amount once."})
        return present(attrs | {"amounts": sorted(attrs["amounts"], key=Decimal) or None})


class ThresholdsField(serializers.DictField):
    """Spend thresholds by currency."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=CurrencyThresholdsInput(), **kwargs)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        found: dict[str, Any] = super().to_internal_value(data)
        for currency, thresholds in found.items():
            try:
                digits = exponent(currency)
            except UnknownCurrency as error:
                raise serializers.ValidationError({currency: str(error)}) from error
            numbers = [*thresholds.get("amounts", ()), thresholds.get("recurring", "0")]
            if any(Decimal(number) % Decimal(1).scaleb(-digits) for number in numbers):
                raise serializers.ValidationError({currency: f"Use at most {digits} decimals."})
        return found


class _ProfileFields(serializers.Serializer[Any]):
    name = TextField(max_length=256)
    description = TextField(max_length=1024, required=False, allow_blank=True, allow_null=True, default="")
    metadata = TextsField(default=dict)
    supplier = SupplierInput()
    default = serializers.BooleanField()
    workflow = WorkflowInput()
    numberPrefix = serializers.RegexField(r"^[A-Za-z0-9/_.-]{1,16}$", required=False)
    creditNotePrefix = serializers.RegexField(r"^[A-Za-z0-9/_.-]{1,16}$", required=False)
    zeroInvoices = ChoiceField(ZeroInvoices.values, required=False)
    corrections = ChoiceField(Corrections.values, required=False)
    spendThresholds = ThresholdsField(required=False)
    largestTotal = QuantityField(required=False, allow_null=True)

    def values(self) -> dict[str, Any]:
        """Return what was sent in the words of the services; our own members only where they were sent."""
        sent = self.validated_data
        supplier = party_of(sent["supplier"])
        own = {name: sent[member] for member, name in _OWN.items() if member in sent}
        if own.get("largest_total") is not None:
            own["largest_total"] = Decimal(own["largest_total"])
        return {
            "name": sent["name"],
            "description": sent["description"] or "",
            "metadata": sent["metadata"] or {},
            "supplier_name": supplier["name"],
            "supplier_tax_id": supplier["tax_id"],
            "supplier_address": supplier["address"],
            "is_default": sent["default"],
            "workflow": workflow_of(sent["workflow"]),
            **own,
        }


_OWN = {
    "numberPrefix": "number_prefix",
    "creditNotePrefix": "credit_note_prefix",
    "zeroInvoices": "zero_invoices",
    "corrections": "corrections",
    "spendThresholds": "spend_thresholds",
    "largestTotal": "largest_total",
}


class ProfileAppsInput(serializers.Serializer[Any]):
    tax = UlidInput()
    invoicing = UlidInput()
    payment = UlidInput()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(set(attrs.values())) > 1:
            raise serializers.ValidationError("Name the same app for tax, invoicing and payment.")
        return attrs


class BillingProfileCreateInput(_ProfileFields):
    apps = ProfileAppsInput()


class BillingProfileReplaceInput(_ProfileFields):
    pass


class BillingProfileGetInput(serializers.Serializer[Any]):
    expand = serializers.ListField(child=ChoiceField(["apps"]), required=False, default=list)


class BillingProfileListInput(PageInput, BillingProfileGetInput):
    includeArchived = serializers.BooleanField(default=False)
    order = ChoiceField(_ORDERS, default="ASC")
    orderBy = ChoiceField(["createdAt", "updatedAt", "default", "name"], default="createdAt")


class CustomerOverrideInput(serializers.Serializer[Any]):
    billingProfileId = UlidInput(required=False, allow_null=True, default=None)
    spendThresholds = ThresholdsField(required=False, allow_null=True)


class CustomerOverrideGetInput(serializers.Serializer[Any]):
    expand = serializers.ListField(child=ChoiceField(["apps", "customer"]), required=False, default=list)


class CustomerOverrideListInput(PageInput, CustomerOverrideGetInput):
    """The texts match any part, in either case."""

    billingProfile = serializers.ListField(child=UlidInput(), required=False, default=list)
    customersWithoutPinnedProfile = serializers.BooleanField(default=False)
    includeAllCustomers = serializers.BooleanField(default=True)
    customerId = serializers.ListField(child=UlidInput(), required=False, default=list)
    customerName = TextField(required=False, allow_blank=True)
    customerKey = TextField(required=False, allow_blank=True)
    customerPrimaryEmail = TextField(required=False, allow_blank=True)
    order = ChoiceField(_ORDERS, default="ASC")
    orderBy = ChoiceField(
        ["customerId", "customerName", "customerKey", "customerPrimaryEmail", "customerCreatedAt"],
        default="customerName",
    )


def profile_output(profile: BillingProfile, *, expand: Sequence[str] = ()) -> dict[str, Any]:
    """Return a profile as the API shows it, its `apps` in full where `expand` asks for them."""
    shown = {
        "id": profile.ulid,
        "name": profile.name,
        "description": profile.description,
        "metadata": profile.metadata,
        "createdAt": profile.created_at,
        "updatedAt": profile.updated_at,
        "deletedAt": profile.deleted_at,
        **_terms(profile, expand),
        "numberPrefix": profile.number_prefix,
        "creditNotePrefix": profile.credit_note_prefix,
        "zeroInvoices": profile.zero_invoices,
        "corrections": profile.corrections,
        "spendThresholds": profile.spend_thresholds,
        "largestTotal": None if profile.largest_total is None else f"{profile.largest_total:f}",
    }
    return present(shown) | {"default": profile.is_default}


def override_output(
    *,
    customer_id: str,
    billing: CustomerBilling | None,
    profile: BillingProfile,
    expand: Sequence[str] = (),
    customer: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return how a customer is billed: what is their own, and the profile that it comes to."""
    shown: dict[str, Any] = {"baseBillingProfileId": profile.ulid, "customerProfile": _terms(profile, expand)}
    if billing is not None:
        shown["customerOverride"] = present(
            {
                "customerId": customer_id,
                "billingProfileId": billing.profile and billing.profile.ulid,
                "createdAt": billing.created_at,
                "updatedAt": billing.updated_at,
            }
        )
        if billing.spend_thresholds is not None:
            shown["customerOverride"]["spendThresholds"] = billing.spend_thresholds
    return shown | ({"customer": customer} if customer else {})


def query_lists(parameters: Any, names: Sequence[str]) -> dict[str, Any]:
    """Return a query string in the shape of its serializer: repeated keys, or one with commas, are lists."""
    asked: dict[str, Any] = {name: parameters[name] for name in parameters}
    for name in names:
        if name in parameters:
            asked[name] = [part for value in parameters.getlist(name) for part in value.split(",") if part]
    return asked


def _terms(profile: BillingProfile, expand: Sequence[str]) -> dict[str, Any]:
    return {
        "supplier": supplier_output(profile),
        "workflow": profile.workflow.to_json(),
        "apps": shown_apps(profile.app, in_full="apps" in expand),
    }
