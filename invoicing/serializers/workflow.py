"""Parties and workflows as the API takes and shows them, in OpenMeter's shapes."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from rest_framework import serializers

from invoicing.models import App, BillingProfile, CollectionMethod
from invoicing.serializers.apps import app_output
from invoicing.workflow import AUTOMATICALLY, InvalidWait, Workflow, parse_wait
from metering.serializers.customers import AddressInput
from metering.serializers.fields import ChoiceField, InstantField, TextField, present
from pricing.durations import InvalidDuration, parse_duration
from pricing.serializers.terms import OptionalObjectField
from pricing.tax_configs import tax_issues

_INTERVALS = {"DAY": "P1D", "WEEK": "P1W", "MONTH": "P1M", "YEAR": "P1Y"}
_ACTUAL = "bill_actual_period"


class WaitField(TextField):
    """An ISO 8601 duration of real time."""

    def to_internal_value(self, data: Any) -> Any:
        try:
            return parse_wait(super().to_internal_value(data))
        except InvalidWait as error:
            raise serializers.ValidationError(error.message) from error


class IntervalField(TextField):
    """A duration of the calendar above zero, or a word for one."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        interval = _INTERVALS.get(text, text)
        try:
            length = parse_duration(interval)
        except InvalidDuration as error:
            raise serializers.ValidationError(error.message) from error
        if not length or min(length.months, length.days, length.seconds) < 0:
            raise serializers.ValidationError("Use a duration above zero, such as P1M.")
        return interval


class TaxConfigField(OptionalObjectField):
    """How something is taxed."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        config = super().to_internal_value(data)
        if found := next(tax_issues(config), None):
            raise serializers.ValidationError(found.message)
        return config


class TaxIdentityInput(serializers.Serializer[Any]):
    code = TextField(max_length=32, required=False)


class PartyInput(serializers.Serializer[Any]):
    key = TextField(max_length=256, required=False, allow_null=True)
    name = TextField(max_length=256, required=False, allow_null=True)
    taxId = TaxIdentityInput(required=False, allow_null=True)
    addresses = AddressInput(many=True, required=False, allow_null=True)

    def validate_addresses(self, addresses: list[Any] | None) -> list[Any]:
        if len(addresses or ()) > 1:
            raise serializers.ValidationError("Send one address at most.")
        return addresses or []


class SupplierInput(PartyInput):
    name = TextField(max_length=256)


class RecurringPeriodInput(serializers.Serializer[Any]):
    anchor = InstantField()
    interval = IntervalField()


class CollectionAlignmentInput(serializers.Serializer[Any]):
    type = ChoiceField(["subscription", "anchored"])
    recurringPeriod = RecurringPeriodInput(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["type"] == "anchored" and not attrs.get("recurringPeriod"):
            raise serializers.ValidationError({"recurringPeriod": "Give the anchor and the interval of collection."})
        return attrs


class CollectionInput(serializers.Serializer[Any]):
    alignment = CollectionAlignmentInput(required=False, allow_null=True)
    interval = WaitField(required=False)


class InvoicingInput(serializers.Serializer[Any]):
    autoAdvance = serializers.BooleanField(required=False)
    draftPeriod = WaitField(required=False)
    dueAfter = WaitField(required=False)
    progressiveBilling = serializers.BooleanField(required=False)
    subscriptionEndProrationMode = ChoiceField([_ACTUAL, "bill_full_period"], required=False)
    defaultTaxConfig = TaxConfigField()

    def validate_subscriptionEndProrationMode(self, mode: str) -> str:
        if mode != _ACTUAL:
            raise serializers.ValidationError("Use bill_actual_period: what was not used is not billed.")
        return mode


class PaymentInput(serializers.Serializer[Any]):
    collectionMethod = ChoiceField(CollectionMethod.values, required=False)


class TaxInput(serializers.Serializer[Any]):
    enabled = serializers.BooleanField(required=False, default=True)
    enforced = serializers.BooleanField(required=False, default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["enforced"] and not attrs["enabled"]:
            raise serializers.ValidationError({"enforced": "Enable tax where it is enforced."})
        return attrs


class WorkflowInput(serializers.Serializer[Any]):
    collection = CollectionInput(required=False, allow_null=True)
    invoicing = InvoicingInput(required=False, allow_null=True)
    payment = PaymentInput(required=False, allow_null=True)
    tax = TaxInput(required=False, allow_null=True)


def workflow_of(sent: Mapping[str, Any]) -> Workflow:
    """Return the workflow that a checked `WorkflowInput` asks for; what it leaves out is as OpenMeter has it."""
    collection, invoicing = sent.get("collection") or {}, sent.get("invoicing") or {}
    alignment, tax = collection.get("alignment") or {}, sent.get("tax") or {}
    period = alignment.get("recurringPeriod") if alignment.get("type") == "anchored" else None
    return Workflow(
        collection_anchor=period and {"anchor": period["anchor"].isoformat(), "interval": period["interval"]},
        collection_interval=collection.get("interval", timedelta(hours=1)),
        is_auto_advancing=invoicing.get("autoAdvance", True),
        draft_period=invoicing.get("draftPeriod", timedelta(0)),
        due_after=invoicing.get("dueAfter", timedelta(days=30)),
        is_progressive=invoicing.get("progressiveBilling", True),
        default_tax_config=invoicing.get("defaultTaxConfig"),
        collection_method=(sent.get("payment") or {}).get("collectionMethod", AUTOMATICALLY),
        is_taxing=tax.get("enabled", True),
        is_tax_enforced=tax.get("enforced", False),
    )


def supplier_output(profile: BillingProfile) -> dict[str, Any]:
    """Return the seller of a profile."""
    return party_output(
        {"name": profile.supplier_name, "tax_id": profile.supplier_tax_id, "address": profile.supplier_address},
        id=profile.ulid,
    )


def party_output(stored: Mapping[str, Any], *, id: str) -> dict[str, Any]:
    """Return a seller or buyer as invoices store them."""
    address, tax_id = stored.get("address"), stored.get("tax_id")
    return present(
        {
            "id": id,
            "key": stored.get("key"),
            "name": stored.get("name"),
            "taxId": {"code": tax_id} if tax_id else None,
            "addresses": [address] if address else None,
        }
    )


def party_of(sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return a checked `PartyInput` as invoices store parties."""
    return {
        "name": sent.get("name") or "",
        "key": sent.get("key"),
        "tax_id": (sent.get("taxId") or {}).get("code", ""),
        "address": next(iter(sent.get("addresses") or ()), {}),
    }


def shown_apps(app: App, *, in_full: bool = False) -> dict[str, Any]:
    """Return the one app that computes tax, invoices and collects, as a reference unless it is asked for in full."""
    shown = app_output(app) if in_full else {"id": app.ulid}
    return dict.fromkeys(("tax", "invoicing", "payment"), shown)
