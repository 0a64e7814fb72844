"""The OpenAPI document on `invoicing.api.invoices`."""

from typing import Any

from drf_spectacular.utils import extend_schema_view
from rest_framework import serializers

from invoicing.api.schema.invoice_lines import (
    InvoiceLineOutput,
    InvoiceTotalsOutput,
    InvoiceUsageBasedRateCardOutput,
    StampedOutput,
)
from invoicing.api.schema.workflow import (
    BillingPartyBody,
    BillingPartyOutput,
    BillingProfileAppsOrReferenceField,
    BillingWorkflowOutput,
    WorkflowPaymentOutput,
)
from invoicing.serializers.invoices import (
    SHOWN_STATUSES,
    InvoiceGetInput,
    InvoiceListInput,
    InvoiceNowInput,
    InvoiceVoidInput,
)
from invoicing.serializers.line_inputs import LinePeriodInput
from metering.api.schema.base import operation
from metering.api.schema.fields import CurrencyField, PageOutput, UlidField, texts
from pricing.api.schema.rate_cards import (
    NumericField,
    PriceOutputField,
    TaxConfigOutput,
)

_TAG = "Billing"


class GroupQuantityOutput(serializers.Serializer[Any]):
    groups = texts(required=False)
    quantity = NumericField()


class InvoiceSimulationLineOutput(serializers.Serializer[Any]):
    """A line that is asked for."""

    id = UlidField(required=False)
    name = serializers.CharField(max_length=256)
    description = serializers.CharField(max_length=1024, required=False)
    metadata = texts(required=False, allow_null=True)
    period = LinePeriodInput()
    invoiceAt = serializers.DateTimeField()
    rateCard = InvoiceUsageBasedRateCardOutput(required=False)
    price = PriceOutputField(required=False)
    featureKey = serializers.CharField(required=False)
    taxConfig = TaxConfigOutput(required=False)
    quantity = NumericField()
    preLinePeriodQuantity = NumericField(required=False)
    quantityByGroups = GroupQuantityOutput(
        many=True, required=False, help_text="What was used with which group values, for a price that differs by them."
    )


class InvoiceSimulationOutput(serializers.Serializer[Any]):
    """The invoice that is asked for."""

    number = serializers.CharField(max_length=256, required=False)
    currency = CurrencyField()
    lines = InvoiceSimulationLineOutput(many=True)


class InvoiceUsageAttributionOutput(serializers.Serializer[Any]):
    subjectKeys = serializers.ListField(child=serializers.CharField())


class BillingInvoiceCustomerOutput(BillingPartyOutput):
    usageAttribution = InvoiceUsageAttributionOutput()


class InvoiceActionOutput(serializers.Serializer[Any]):
    resultingState = serializers.CharField()


class InvoiceActionsOutput(serializers.Serializer[Any]):
    advance = InvoiceActionOutput(required=False)
    approve = InvoiceActionOutput(required=False)
    delete = InvoiceActionOutput(required=False)
    retry = InvoiceActionOutput(required=False)
    snapshotQuantities = InvoiceActionOutput(required=False)
    void = InvoiceActionOutput(required=False)
    invoice = serializers.DictField(required=False, help_text="Its lines can be invoiced now.")


class InvoiceStatusDetailsOutput(serializers.Serializer[Any]):
    immutable = serializers.BooleanField()
    failed = serializers.BooleanField()
    extendedStatus = serializers.CharField()
    availableActions = InvoiceActionsOutput()


class InvoiceDocumentReferenceOutput(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=["credit_note_original_invoice"])
    reason = serializers.CharField(required=False)
    issuedAt = serializers.DateTimeField(required=False)
    number = serializers.CharField(required=False)
    url = serializers.URLField()


class PaymentDueDateOutput(serializers.Serializer[Any]):
    dueAt = serializers.DateTimeField()
    amount = NumericField()
    currency = CurrencyField(required=False)


class PaymentTermsOutput(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=["due_date"])
    dueAt = PaymentDueDateOutput(many=True)


class InvoicePaymentOutput(serializers.Serializer[Any]):
    terms = PaymentTermsOutput(required=False)


class InvoiceIssueOutput(StampedOutput):
    severity = serializers.ChoiceField(choices=["critical", "warning"])
    field = serializers.CharField(required=False)
    code = serializers.CharField(required=False)
    component = serializers.CharField()
    message = serializers.CharField()


class InvoiceExternalIdsOutput(serializers.Serializer[Any]):
    invoicing = serializers.CharField(required=False)
    payment = serializers.CharField(required=False)


class InvoiceWorkflowSettingsOutput(serializers.Serializer[Any]):
    apps = BillingProfileAppsOrReferenceField(required=False)
    sourceBillingProfileId = UlidField()
    workflow = BillingWorkflowOutput()


class InvoiceOutput(StampedOutput):
    deletedAt = serializers.DateTimeField(required=False)
    type = serializers.ChoiceField(choices=["standard", "credit_note"])
    description = serializers.CharField(required=False)
    metadata = texts(required=False, allow_null=True)
    preceding = InvoiceDocumentReferenceOutput(many=True, required=False)
    issuedAt = serializers.DateTimeField(required=False)
    draftUntil = serializers.DateTimeField(required=False)
    quantitySnapshotedAt = serializers.DateTimeField(required=False)
    collectionAt = serializers.DateTimeField(required=False)
    dueAt = serializers.DateTimeField(required=False)
    voidedAt = serializers.DateTimeField(required=False)
    sentToCustomerAt = serializers.DateTimeField(required=False)
    payment = InvoicePaymentOutput(required=False)
    settled = NumericField(required=False, help_text="What of it was paid, credited or offset.")
    due = NumericField(required=False, help_text="What is left of it.")
    validationIssues = InvoiceIssueOutput(many=True, required=False)
    externalIds = InvoiceExternalIdsOutput(required=False)
    number = serializers.CharField()
    currency = CurrencyField()
    supplier = BillingPartyOutput()
    customer = BillingInvoiceCustomerOutput()
    period = LinePeriodInput(required=False)
    totals = InvoiceTotalsOutput()
    status = serializers.ChoiceField(choices=list(SHOWN_STATUSES))
    statusDetails = InvoiceStatusDetailsOutput()
    workflow = InvoiceWorkflowSettingsOutput()
    lines = InvoiceLineOutput(many=True, required=False)


class InvoicePageOutput(PageOutput):
    items = InvoiceOutput(many=True)


class PendingLinesOutput(serializers.Serializer[Any]):
    lines = InvoiceLineOutput(many=True)
    invoice = InvoiceOutput()
    isInvoiceNew = serializers.BooleanField()


class PendingLineBody(serializers.Serializer[Any]):
    """A line that is asked for."""

    name = serializers.CharField(max_length=256)
    description = serializers.CharField(max_length=1024, required=False)
    metadata = texts(required=False, allow_null=True)
    period = LinePeriodInput()
    invoiceAt = serializers.DateTimeField()
    rateCard = InvoiceUsageBasedRateCardOutput(required=False)
    price = PriceOutputField(required=False)
    featureKey = serializers.CharField(required=False)
    taxConfig = TaxConfigOutput(required=False)


class DraftLineBody(PendingLineBody):
    """A line to keep, by its id, or a new one."""

    id = UlidField(required=False)


class PendingLinesBody(serializers.Serializer[Any]):
    currency = CurrencyField()
    lines = PendingLineBody(many=True)


class DraftInvoicingBody(serializers.Serializer[Any]):
    autoAdvance = serializers.BooleanField(required=False)
    draftPeriod = serializers.CharField(required=False)
    dueAfter = serializers.CharField(required=False)
    subscriptionEndProrationMode = serializers.ChoiceField(
        choices=["bill_actual_period", "bill_full_period"], required=False, help_text="Only the first is taken."
    )
    defaultTaxConfig = TaxConfigOutput(required=False)


class DraftWorkflowBody(serializers.Serializer[Any]):
    invoicing = DraftInvoicingBody()
    payment = WorkflowPaymentOutput()


class DraftWorkflowSettingsBody(serializers.Serializer[Any]):
    workflow = DraftWorkflowBody()


class InvoiceReplaceBody(serializers.Serializer[Any]):
    description = serializers.CharField(max_length=1024, required=False)
    metadata = texts(required=False, allow_null=True)
    supplier = BillingPartyBody()
    customer = BillingPartyBody()
    lines = DraftLineBody(many=True)
    workflow = DraftWorkflowSettingsBody()


def _action(name: str, summary: str) -> Any:
    return extend_schema_view(post=operation(name, _TAG, summary, answers={200: InvoiceOutput}, problems=[404, 409]))


INVOICES = extend_schema_view(
    get=operation("listInvoices", _TAG, "List invoices", query=[InvoiceListInput], answers={200: InvoicePageOutput})
)
INVOICE = extend_schema_view(
    get=operation(
        "getInvoice",
        _TAG,
        "Get an invoice",
        query=[InvoiceGetInput],
        answers={200: InvoiceOutput},
        problems=[404],
    ),
    put=operation(
        "updateInvoice",
        _TAG,
        "Replace what a draft says",
        body=InvoiceReplaceBody,
        answers={200: InvoiceOutput},
        problems=[404, 409],
    ),
    delete=operation("deleteInvoice", _TAG, "Delete a draft", answers={204: None}, problems=[404]),
)
ADVANCE = _action("advanceInvoiceAction", "Move an invoice on as far as nothing waits")
APPROVE = _action("approveInvoiceAction", "Issue a draft that waits for approval")
RETRY = _action("retryInvoiceAction", "Try the step that failed again")
SNAPSHOT_QUANTITIES = _action("snapshotQuantitiesInvoiceAction", "Read the usage of a draft now")
RECALCULATE_TAXES = _action("recalculateInvoiceTaxAction", "Tax a draft anew")
VOID = extend_schema_view(
    post=operation(
        "voidInvoiceAction",
        _TAG,
        "Cancel an issued invoice by a numbered credit note",
        body=InvoiceVoidInput,
        answers={200: InvoiceOutput},
        problems=[404, 409],
    )
)
PENDING_LINES = extend_schema_view(
    post=operation(
        "createPendingInvoiceLine",
        _TAG,
        "Add lines that wait for their time",
        body=PendingLinesBody,
        answers={201: PendingLinesOutput},
        problems=[404, 412],
        is_idempotent=True,
    )
)
INVOICE_NOW = extend_schema_view(
    post=operation(
        "invoicePendingLinesAction",
        _TAG,
        "Invoice now what has come due",
        body=InvoiceNowInput,
        answers={201: InvoiceOutput(many=True)},
        problems=[404, 409],
        is_idempotent=True,
    )
)
SIMULATION = extend_schema_view(
    post=operation(
        "simulateInvoice",
        _TAG,
        "Price the lines of an invoice without storing it",
        body=InvoiceSimulationOutput,
        answers={200: InvoiceOutput},
        problems=[404, 412],
    )
)
