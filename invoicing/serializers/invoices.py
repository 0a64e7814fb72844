"""Invoices as the API takes and shows them, in OpenMeter's shapes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from invoicing.lifecycle import InvoiceStatus
from invoicing.models import DetailedLineCategory, Invoice, InvoiceLine, InvoiceType
from invoicing.queries.states import details_of
from invoicing.serializers.invoice_lines import (
    LineTotals,
    Part,
    line_output,
    number,
    period_output,
    totals_output,
)
from invoicing.serializers.line_inputs import DraftLineInput, PendingLineInput, UlidInput
from invoicing.serializers.workflow import (
    PartyInput,
    PaymentInput,
    TaxConfigField,
    WaitField,
    party_of,
    party_output,
    shown_apps,
)
from metering.serializers.fields import ChoiceField, InstantField, PageInput, TextField, TextsField, present
from pricing.money import UnknownCurrency, exponent, zero

MAX_LINES = 1000
STATUSES = (
    *("gathering", "draft", "issuing", "issued", "payment_processing"),
    *("overdue", "paid", "uncollectible", "voided"),
)
# Those and what OpenMeter's document does not name, though its API answers it.
SHOWN_STATUSES = (*STATUSES, "delete", "deleted")
_PARTY = {"name": "name", "key": "key", "tax_id": "taxId", "address": "addresses"}
_EXPANDS = ["lines", "preceding", "workflow.apps"]


class CurrencyInput(TextField):
    """A code of ISO 4217."""

    def to_internal_value(self, data: Any) -> str:
        currency = super().to_internal_value(data)
        try:
            exponent(currency)
        except UnknownCurrency as error:
            raise serializers.ValidationError(str(error)) from error
        return currency


class PendingLinesInput(serializers.Serializer[Any]):
    currency = CurrencyInput(max_length=3)
    lines = serializers.ListField(child=PendingLineInput(), allow_empty=False, max_length=MAX_LINES)


class InvoiceNowFiltersInput(serializers.Serializer[Any]):
    lineIds = serializers.ListField(child=UlidInput(), required=False, allow_null=True, max_length=MAX_LINES)


class InvoiceNowInput(serializers.Serializer[Any]):
    customerId = UlidInput()
    asOf = InstantField(required=False, allow_null=True, default=None)
    filters = InvoiceNowFiltersInput(required=False, allow_null=True, default=None)
    progressiveBillingOverride = serializers.BooleanField(required=False, allow_null=True, default=None)


class DraftInvoicingInput(serializers.Serializer[Any]):
    autoAdvance = serializers.BooleanField(required=False)
    draftPeriod = WaitField(required=False)
    dueAfter = WaitField(required=False)
    subscriptionEndProrationMode = ChoiceField(["bill_actual_period"], required=False)
    defaultTaxConfig = TaxConfigField()


class DraftWorkflowInput(serializers.Serializer[Any]):
    invoicing = DraftInvoicingInput()
    payment = PaymentInput()


class DraftWorkflowSettingsInput(serializers.Serializer[Any]):
    workflow = DraftWorkflowInput()


class InvoiceReplaceInput(serializers.Serializer[Any]):
    description = TextField(max_length=1024, required=False, allow_blank=True, allow_null=True, default="")
    metadata = TextsField(default=dict)
    supplier = PartyInput()
    customer = PartyInput()
    workflow = DraftWorkflowSettingsInput()
    lines = serializers.ListField(child=DraftLineInput(), max_length=MAX_LINES)


class InvoiceGetInput(serializers.Serializer[Any]):
    expand = serializers.ListField(child=ChoiceField(_EXPANDS), required=False, default=["lines"])
    includeDeletedLines = serializers.BooleanField(default=False)


class InvoiceListInput(PageInput):
    statuses = serializers.ListField(child=ChoiceField(STATUSES), required=False, default=list)
    extendedStatuses = serializers.ListField(child=TextField(), required=False, default=list)
    issuedAfter = InstantField(required=False)
    issuedBefore = InstantField(required=False)
    periodStartAfter = InstantField(required=False)
    periodStartBefore = InstantField(required=False)
    createdAfter = InstantField(required=False)
    createdBefore = InstantField(required=False)
    expand = serializers.ListField(child=ChoiceField(_EXPANDS), required=False, default=list)
    customers = serializers.ListField(child=UlidInput(), required=False, default=list)
    includeDeleted = serializers.BooleanField(default=False)
    order = ChoiceField(["ASC", "DESC"], default="ASC")
    orderBy = ChoiceField(
        ["customer.name", "issuedAt", "status", "createdAt", "updatedAt", "periodStart"], default="createdAt"
    )


class VoidLineActionInput(serializers.Serializer[Any]):
    """Discard what was billed, or bill it again."""

    type = ChoiceField(["discard", "pending"])
    nextInvoiceAt = InstantField(required=False, allow_null=True)


class VoidActionInput(serializers.Serializer[Any]):
    percentage = serializers.DecimalField(max_digits=None, decimal_places=None)
    action = VoidLineActionInput()

    def validate_percentage(self, percentage: Decimal) -> Decimal:
        if percentage != 100:
            raise serializers.ValidationError("Void all of it with 100, or give a part back by a credit note.")
        return percentage


class InvoiceVoidInput(serializers.Serializer[Any]):
    """OpenMeter's action, or short `rebill`; what is billed again is the default."""

    reason = TextField(max_length=256, required=False, allow_blank=True, default="")
    action = VoidActionInput(required=False, allow_null=True, default=None)
    overrides = serializers.ListField(required=False, allow_null=True, max_length=0)
    rebill = serializers.BooleanField(required=False, allow_null=True, default=None)

    @property
    def is_billed_again(self) -> bool:
        """Tell whether what the invoice billed is to be billed anew."""
        sent = self.validated_data
        if sent["rebill"] is not None:
            return bool(sent["rebill"])
        return sent["action"] is None or sent["action"]["action"]["type"] == "pending"


@dataclass(frozen=True)
class ShownLine:
    """A line and its parts; a removed one is kept as a record alone."""

    line: InvoiceLine
    parts: Sequence[Part]
    is_removed: bool = False


def invoice_output(
    invoice: Invoice,
    *,
    at: datetime,
    subject_keys: Iterable[str],
    sums: Mapping[str, Decimal],
    lines: Sequence[ShownLine] | None = None,
    expand: Sequence[str] = (),
    has_pending: bool = False,
    url: str = "",
) -> dict[str, Any]:
    """
    Return an invoice as the API shows it at a time, with `lines` where they are given.

    It is read with its customer, profile, app and what it corrects; `sums` are what its parts come to by category.
    `url` is where what it corrects is found.
    """
    is_gathering = invoice.status == InvoiceStatus.GATHERING
    details: dict[str, Any] = details_of(invoice, at)
    if is_gathering:
        details |= {"immutable": False, "availableActions": {"invoice": {}} if has_pending else {}}
    shown = {
        "id": invoice.ulid,
        "type": invoice.type,
        "number": str(invoice),
        "description": invoice.description,
        "metadata": invoice.metadata,
        "createdAt": invoice.created_at,
        "updatedAt": invoice.updated_at,
        "deletedAt": invoice.deleted_at,
        "currency": str(invoice.currency),
        "supplier": _party(invoice, stored_supplier(invoice), invoice.supplier, invoice.profile.ulid),
        "preceding": _preceding(invoice, url),
        "totals": totals_output(_totals(invoice, sums)),
        "status": InvoiceStatus(invoice.status).partition(".")[0],
        "period": period_output(invoice.period_start, invoice.period_end),
        "issuedAt": invoice.issued_at,
        "draftUntil": invoice.draft_until,
        "quantitySnapshotedAt": invoice.quantities_read_at,
        "collectionAt": invoice.collection_at,
        "dueAt": invoice.due_at,
        "voidedAt": invoice.voided_at,
        "sentToCustomerAt": invoice.sent_at,
        "workflow": _workflow(invoice, in_full="workflow.apps" in expand),
        "payment": _payment(invoice),
        # Our own: what of it was paid, credited or offset, and what is left.
        "settled": number(invoice.settled) if invoice.number else None,
        "due": number(invoice.due) if invoice.number else None,
        "externalIds": present({"invoicing": invoice.external_invoicing_id, "payment": invoice.external_payment_id}),
    }
    customer = _party(invoice, stored_buyer(invoice), invoice.buyer, invoice.customer.ulid)
    issues = [_issue(issue) for issue in invoice.validation_issues]
    return (
        present(shown)
        | {"customer": customer | {"usageAttribution": {"subjectKeys": list(subject_keys)}}}
        | {"statusDetails": details}
        | ({"validationIssues": issues} if issues else {})
        | ({} if lines is None else {"lines": [_line(line) for line in lines]})
    )


def stored_supplier(invoice: Invoice) -> dict[str, Any]:
    """Return the seller of an invoice as its profile says."""
    profile = invoice.profile
    return {"name": profile.supplier_name, "tax_id": profile.supplier_tax_id, "address": profile.supplier_address}


def stored_buyer(invoice: Invoice) -> dict[str, Any]:
    """Return the buyer of an invoice as the customer's record says."""
    customer = invoice.customer
    return {"name": customer.name, "key": customer.key, "tax_id": "", "address": customer.billing_address}


def party_changes(sent: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a checked `PartyInput` says otherwise than the record; what it leaves out is as recorded."""
    found = {member: party_of(sent)[member] for member, name in _PARTY.items() if name in sent}
    return {name: value for name, value in found.items() if (value or None) != (stored.get(name) or None)}


def _party(invoice: Invoice, recorded: Mapping[str, Any], frozen: Mapping[str, Any], id: str) -> dict[str, Any]:
    """Return a party as the invoice names it, or would if it were issued now."""
    return party_output(frozen if invoice.number else {**recorded, **frozen}, id=id)


def _line(shown: ShownLine) -> dict[str, Any]:
    return line_output(shown.line, shown.parts, is_removed=shown.is_removed)


def _totals(invoice: Invoice, sums: Mapping[str, Decimal]) -> LineTotals:
    nothing = zero(str(invoice.currency))
    discounts = invoice.discount - sums.get(DetailedLineCategory.DISCOUNT, nothing)
    charges = nothing + sums.get(DetailedLineCategory.COMMITMENT, nothing)
    return LineTotals(
        amount=nothing + invoice.amount - charges - sums.get(DetailedLineCategory.DISCOUNT, nothing),
        charges=charges,
        discounts=nothing + discounts,
        tax_inclusive=nothing + invoice.tax_inclusive,
        tax_exclusive=nothing + invoice.tax_exclusive,
        credits=nothing,
    )


def _preceding(invoice: Invoice, url: str) -> list[dict[str, Any]] | None:
    original = invoice.corrects
    if invoice.type != InvoiceType.CREDIT_NOTE or original is None:
        return None
    reference = {
        "type": "credit_note_original_invoice",
        "reason": invoice.reason,
        "issuedAt": original.issued_at,
        "number": str(original),
        "url": url,
    }
    return [present(reference)]


def _workflow(invoice: Invoice, *, in_full: bool) -> dict[str, Any]:
    return {
        "apps": shown_apps(invoice.profile.app, in_full=in_full),
        "sourceBillingProfileId": invoice.profile.ulid,
        "workflow": invoice.workflow or invoice.profile.workflow.to_json(),
    }


def _payment(invoice: Invoice) -> dict[str, Any] | None:
    if invoice.due_at is None:
        return None
    due = {"dueAt": invoice.due_at, "amount": number(invoice.total), "currency": str(invoice.currency)}
    return {"terms": {"type": "due_date", "dueAt": [due]}}


def _issue(issue: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in issue.items() if value != ""}
