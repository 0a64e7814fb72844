"""Credit notes, payments and balances as the API takes and shows them; amounts are decimal numbers in strings."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

from invoicing.models import Invoice, InvoiceLine, InvoiceTax, Payment
from invoicing.serializers.line_inputs import QuantityField, UlidInput
from metering.serializers.fields import InstantField, PageInput, TextField, present
from pricing.money import UnknownCurrency, exponent, quantize


class AmountField(QuantityField):
    """An amount of money, above zero."""

    def run_validation(self, data: Any = empty) -> Decimal:
        amount = Decimal(super().run_validation(data))
        if not amount:
            raise serializers.ValidationError('Give an amount above zero, such as "12.50".')
        return amount


class CurrencyInput(serializers.CharField):
    """A code of ISO 4217."""

    def to_internal_value(self, data: Any) -> str:
        code = super().to_internal_value(data)
        try:
            exponent(code)
        except UnknownCurrency as error:
            raise serializers.ValidationError(str(error)) from error
        return code


class CreditItemInput(serializers.Serializer[Any]):
    lineId = UlidInput()
    amount = AmountField()


class CreditNoteInput(serializers.Serializer[Any]):
    reason = TextField(max_length=256, allow_blank=True, required=False, default="")
    items = CreditItemInput(many=True, allow_empty=False)


class CreditNoteListInput(PageInput):
    customerId = UlidInput(required=False)
    invoiceId = UlidInput(required=False)


class BankTransferInput(serializers.Serializer[Any]):
    """Money that came in; name the invoice or the customer, or neither, to allocate it later."""

    amount = AmountField()
    currency = CurrencyInput()
    receivedAt = InstantField()
    reference = TextField(max_length=128, allow_blank=True, required=False, default="")
    invoiceId = UlidInput(required=False)
    customerId = UlidInput(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "invoiceId" in attrs and "customerId" in attrs:
            raise serializers.ValidationError({"customerId": "Name the invoice or the customer, not both."})
        return attrs


class AllocationInput(serializers.Serializer[Any]):
    """Where waiting money goes: to an invoice, or to all invoices of a customer and then to their credit."""

    invoiceId = UlidInput(required=False)
    customerId = UlidInput(required=False)
    amount = AmountField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("invoiceId" in attrs) == ("customerId" in attrs):
            raise serializers.ValidationError({"invoiceId": "Name either the invoice or the customer."})
        if "amount" in attrs and "customerId" in attrs:
            raise serializers.ValidationError({"amount": "Leave the amount out: a customer gets all that is left."})
        return attrs


class PaymentListInput(PageInput):
    customerId = UlidInput(required=False)
    invoiceId = UlidInput(required=False)
    unmatched = serializers.BooleanField(default=False)


def credit_note_output(note: Invoice) -> dict[str, Any]:
    """Return a credit note, its amounts as what is given back; it is read with its invoice, lines and taxes."""
    shown = {
        "id": note.ulid,
        "number": note.number,
        "status": note.status,
        "reason": note.reason,
        "invoiceId": note.corrects and note.corrects.ulid,
        "customerId": note.customer.ulid,
        "currency": note.currency,
        "createdAt": note.created_at,
        "issuedAt": note.issued_at,
        "totals": {
            "amount": _back(note.amount, note.currency),
            "discountsTotal": _back(note.discount, note.currency),
            "taxesInclusiveTotal": _back(note.tax_inclusive, note.currency),
            "taxesExclusiveTotal": _back(note.tax_exclusive, note.currency),
            "total": _back(note.total, note.currency),
        },
        "used": _back(note.settled, note.currency),
        "left": _back(note.due, note.currency),
        "lines": [_line(line) for line in note.lines.all()],
        "taxes": [_tax(tax, note.currency) for tax in note.taxes.all()],
    }
    return present(shown)


def payment_output(payment: Payment, left: Decimal) -> dict[str, Any]:
    """Return a payment and where its money went; it is read with its invoice, allocations and balance entries."""
    shown = {
        "id": payment.ulid,
        "method": payment.provider,
        "status": payment.status,
        "reference": payment.reference,
        "reason": payment.reason,
        "currency": payment.currency,
        "amount": _amount(payment.amount, payment),
        "receivedAt": payment.received_at,
        "createdAt": payment.created_at,
        "invoiceId": payment.invoice and payment.invoice.ulid,
        "attempt": payment.attempt,
        "allocations": [
            {"invoiceId": row.invoice.ulid, "amount": _amount(row.amount, payment), "createdAt": row.created_at}
            for row in payment.allocations.all()
        ],
        "credits": [
            {"customerId": row.customer.ulid, "amount": _amount(row.amount, payment), "createdAt": row.created_at}
            for row in payment.balance_entries.all()
        ],
        "unmatched": _amount(left, payment),
    }
    return present(shown)


def balances_output(balances: Mapping[str, Decimal]) -> list[dict[str, str]]:
    """Return what a customer has to their credit, one object for each currency."""
    return [
        {"currency": currency, "balance": f"{quantize(balances[currency], currency):f}"}
        for currency in sorted(balances)
    ]


def outputs(notes: Iterable[Invoice]) -> list[dict[str, Any]]:
    """Return credit notes."""
    return [credit_note_output(note) for note in notes]


def _line(line: InvoiceLine) -> dict[str, Any]:
    shown = {
        "id": line.ulid,
        "lineId": line.corrects and line.corrects.ulid,
        "name": line.name,
        "amount": _back(line.amount, line.currency),
        "discount": _back(line.discount, line.currency),
        "taxInclusive": _back(line.tax_inclusive, line.currency),
        "taxExclusive": _back(line.tax_exclusive, line.currency),
        "total": _back(line.total, line.currency),
    }
    return present(shown)


def _tax(tax: InvoiceTax, currency: str) -> dict[str, Any]:
    shown = {
        "name": tax.name,
        "country": tax.country,
        "code": tax.code,
        "percentage": f"{tax.percentage:f}",
        "behavior": tax.behavior,
        "taxable": _back(tax.taxable, currency),
        "amount": _back(tax.amount, currency),
    }
    return present(shown)


def _amount(amount: Decimal, payment: Payment) -> str:
    return f"{quantize(amount, payment.currency):f}"


def _back(amount: Decimal, currency: str) -> str:
    """Write an amount of a credit note, which is zero or below, as what is given back."""
    return f"{quantize(-amount, currency):f}"
