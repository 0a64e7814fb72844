"""The OpenAPI document on `invoicing.api.credit_notes` and `invoicing.api.payments`."""

from typing import Any

from drf_spectacular.utils import extend_schema_view
from rest_framework import serializers

from invoicing.models import InvoiceStatus, PaymentMethod, PaymentStatus, TaxBehavior
from invoicing.serializers.money import (
    AllocationInput,
    BankTransferInput,
    CreditNoteInput,
    CreditNoteListInput,
    PaymentListInput,
)
from metering.api.schema.base import operation
from metering.api.schema.fields import CurrencyField, PageOutput, UlidField
from metering.serializers.fields import PageInput
from pricing.api.schema.rate_cards import NumericField

_TAG = "Billing"


class CreditNoteTotalsOutput(serializers.Serializer[Any]):
    amount = NumericField()
    discountsTotal = NumericField()
    taxesInclusiveTotal = NumericField()
    taxesExclusiveTotal = NumericField()
    total = NumericField()


class CreditNoteLineOutput(serializers.Serializer[Any]):
    id = UlidField()
    lineId = UlidField(required=False, help_text="The line that it gives back some of.")
    name = serializers.CharField()
    amount = NumericField()
    discount = NumericField()
    taxInclusive = NumericField()
    taxExclusive = NumericField()
    total = NumericField()


class CreditNoteTaxOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    country = serializers.CharField()
    code = serializers.CharField(required=False)
    percentage = NumericField()
    behavior = serializers.ChoiceField(choices=TaxBehavior.values)
    taxable = NumericField()
    amount = NumericField()


class CreditNoteOutput(serializers.Serializer[Any]):
    """What is given back, as positive amounts."""

    id = UlidField()
    number = serializers.CharField()
    status = serializers.ChoiceField(choices=[status.value for status in InvoiceStatus])
    reason = serializers.CharField(required=False)
    invoiceId = UlidField(required=False, help_text="The invoice that it corrects.")
    customerId = UlidField()
    currency = CurrencyField()
    createdAt = serializers.DateTimeField()
    issuedAt = serializers.DateTimeField()
    totals = CreditNoteTotalsOutput()
    used = NumericField(help_text="How much of it settled invoices.")
    left = NumericField(help_text="How much of it is left on the customer's balance.")
    lines = CreditNoteLineOutput(many=True)
    taxes = CreditNoteTaxOutput(many=True)


class CreditNotePageOutput(PageOutput):
    items = CreditNoteOutput(many=True)


class PaymentAllocationOutput(serializers.Serializer[Any]):
    invoiceId = UlidField()
    amount = NumericField()
    createdAt = serializers.DateTimeField()


class PaymentCreditOutput(serializers.Serializer[Any]):
    customerId = UlidField()
    amount = NumericField()
    createdAt = serializers.DateTimeField()


class PaymentOutput(serializers.Serializer[Any]):
    id = UlidField()
    method = serializers.ChoiceField(choices=PaymentMethod.values)
    status = serializers.ChoiceField(choices=PaymentStatus.values)
    reference = serializers.CharField(required=False)
    reason = serializers.CharField(required=False, help_text="Why it failed.")
    currency = CurrencyField()
    amount = NumericField()
    receivedAt = serializers.DateTimeField()
    createdAt = serializers.DateTimeField()
    invoiceId = UlidField(required=False, help_text="Of an attempt to collect an invoice.")
    attempt = serializers.IntegerField(required=False)
    allocations = PaymentAllocationOutput(many=True, help_text="The invoices that it settles.")
    credits = PaymentCreditOutput(many=True, help_text="What of it was kept to a customer's credit.")
    unmatched = NumericField(help_text="How much of it waits to be allocated.")


class PaymentPageOutput(PageOutput):
    items = PaymentOutput(many=True)


class BalanceOutput(serializers.Serializer[Any]):
    currency = CurrencyField()
    balance = NumericField()


CREDIT_NOTES_OF_INVOICE = extend_schema_view(
    post=operation(
        "createCreditNote",
        _TAG,
        "Give back some of an issued invoice",
        body=CreditNoteInput,
        answers={201: CreditNoteOutput},
        problems=[404, 409],
        is_idempotent=True,
    ),
    get=operation(
        "listCreditNotesOfInvoice",
        _TAG,
        "List the credit notes of an invoice",
        query=[PageInput],
        answers={200: CreditNotePageOutput},
        problems=[404],
    ),
)
CREDIT_NOTES = extend_schema_view(
    get=operation(
        "listCreditNotes",
        _TAG,
        "List credit notes, newest first",
        query=[CreditNoteListInput],
        answers={200: CreditNotePageOutput},
    )
)
PAYMENTS = extend_schema_view(
    post=operation(
        "recordPayment",
        _TAG,
        "Record a bank transfer",
        body=BankTransferInput,
        answers={201: PaymentOutput},
        problems=[404, 409],
        is_idempotent=True,
    ),
    get=operation(
        "listPayments",
        _TAG,
        "List payments, newest first",
        query=[PaymentListInput],
        answers={200: PaymentPageOutput},
        problems=[404],
    ),
)
PAYMENT = extend_schema_view(
    get=operation("getPayment", _TAG, "Get a payment", answers={200: PaymentOutput}, problems=[404])
)
ALLOCATIONS = extend_schema_view(
    post=operation(
        "allocatePayment",
        _TAG,
        "Say where money that waits goes",
        body=AllocationInput,
        answers={201: PaymentOutput},
        problems=[404, 409],
        is_idempotent=True,
    )
)
BALANCES = extend_schema_view(
    get=operation(
        "listCustomerBalances",
        _TAG,
        "Tell what a customer has to their credit",
        answers={200: BalanceOutput(many=True)},
        problems=[404],
    )
)
