"""Payments: attempts to collect invoices, and bank transfers that somebody writes down and places."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSplitDateTimeWidget, UnfoldAdminTextInputWidget

from invoicing.models import Allocation, BalanceEntry, Invoice, Payment, PaymentStatus
from invoicing.queries.balances import unplaced
from invoicing.services.bank_transfers import allocate_payment, credit_payment, record_bank_transfer
from metering import clock
from metering.admin.base import ReadOnlyAdmin
from metering.admin.display import NOTHING, Number, Panel, link, link_to, moment
from metering.admin.forms import CurrencyChoiceField
from metering.admin.pages import ActionForm, find_row, run_action
from metering.models import Customer
from pricing.admin.display import money
from pricing.admin.row_forms import AmountField


class _NamedField(forms.CharField):
    """Finds a row by what people call it."""

    def __init__(self, *, label: str, help_text: str) -> None:
        super().__init__(label=label, help_text=help_text, required=False, widget=UnfoldAdminTextInputWidget())


class InvoiceField(_NamedField):
    """The number of an issued invoice."""

    def clean(self, value: Any) -> Invoice | None:
        number = super().clean(value)
        if not number:
            return None
        found = Invoice.objects.issued().filter(number=number).first()
        if found is None:
            raise forms.ValidationError(f"Name an issued invoice by its number: there is none {number}.")
        return found


class CustomerField(_NamedField):
    """The key of a customer."""

    def clean(self, value: Any) -> Customer | None:
        key = super().clean(value)
        if not key:
            return None
        found = Customer.objects.live().filter(key=key).first()
        if found is None:
            raise forms.ValidationError(f"Name a customer by their key: there is none {key}.")
        return found


class TransferForm(ActionForm):
    amount = AmountField("Amount", placeholder="0.00")
    currency = CurrencyChoiceField()
    reference = forms.CharField(
        required=False, max_length=128, help_text="What the payer wrote.", widget=UnfoldAdminTextInputWidget()
    )
    received_at = forms.SplitDateTimeField(label="Received", widget=UnfoldAdminSplitDateTimeWidget())
    invoice = InvoiceField(label="Invoice", help_text="Its number. What is too much goes to the customer's balance.")
    customer = CustomerField(
        label="Or customer", help_text="Their key: pays what is due longest. Leave both empty to place it later."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].required = True


class PlaceForm(ActionForm):
    invoice = InvoiceField(label="Invoice", help_text="Its number.")
    customer = CustomerField(
        label="Or customer", help_text="Their key: pays what is due longest, the rest goes to their balance."
    )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if not self.errors and bool(data.get("invoice")) == bool(data.get("customer")):
            raise forms.ValidationError("Name an invoice or a customer, one of them.")
        return data


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    is_tracked = False
    list_display = (
        "payment_shown",
        "invoice_link",
        "customer_link",
        "status_shown",
        "amount_shown",
        "reference",
        "created",
    )
    list_select_related = ("invoice__customer",)
    list_filter = ("status", "provider", "currency", ("received_at", RangeDateTimeFilter))
    search_fields = ("invoice__number", "ulid", "reference", "invoice__customer__name", "invoice__customer__key")
    search_help_text = "Number of the invoice, reference, id, or name or key of the customer"
    ordering = ("-pk",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("invoice", "customer_link"),
                    ("status", "amount_shown"),
                    ("left_shown", "reference"),
                    ("attempt", "provider"),
                    "reason",
                    ("received_at", "created_at"),
                    "public_id",
                )
            },
        ),
    )
    invoice_link = link_to("invoice", "invoice")
    actions_list = ["transfer_action"]
    actions_detail = ["place_action"]

    @display(description="payment", ordering="attempt")
    def payment_shown(self, row: Payment) -> str:
        return f"#{row.attempt} by {row.provider}" if row.attempt else row.get_provider_display()

    @display(description="customer")
    def customer_link(self, row: Payment) -> SafeString | str:
        return link(row.invoice.customer) if row.invoice else NOTHING

    @display(description="state", ordering="status", label={"Succeeded": "success", "Failed": "danger"})
    def status_shown(self, row: Payment) -> str:
        return row.get_status_display()

    @display(description="amount", ordering="amount")
    def amount_shown(self, row: Payment) -> str:
        return money(row.amount, row.currency)

    @display(description="not placed yet")
    def left_shown(self, row: Payment) -> str:
        return money(unplaced(row), row.currency)

    @display(description="at", ordering="pk")
    def created(self, row: Payment) -> str:
        return moment(row.received_at)

    def hidden_actions(self, row: Payment) -> Collection[str]:
        may_place = row.status == PaymentStatus.SUCCEEDED and unplaced(row) > 0
        return () if may_place else {"place"}

    def panels(self, request: HttpRequest, row: Payment) -> list[Panel]:
        placed = [
            (link(part.invoice), Number(money(part.amount, row.currency)), moment(part.created_at))
            for part in Allocation.objects.filter(payment=row).select_related("invoice").order_by("pk")
        ]
        kept = [
            (link(entry.customer, f"Balance of {entry.customer.name}"), Number(money(entry.amount, row.currency)), "")
            for entry in BalanceEntry.objects.filter(payment=row).select_related("customer").order_by("pk")
        ]
        return [
            Panel(
                title="Where it went",
                headers=("To", Number("Amount"), "At"),
                rows=[*placed, *kept],
                empty="Nowhere yet.",
            )
        ]

    @action(description="Record a bank transfer", url_path="transfer", icon="add_card", permissions=["operate"])
    def transfer_action(self, request: HttpRequest) -> HttpResponse:
        def run(data: dict[str, Any]) -> SafeString:
            payment = record_bank_transfer(
                amount=data["amount"],
                currency=data["currency"],
                reference=data["reference"],
                received_at=data["received_at"],
                invoice_id=data["invoice"] and data["invoice"].pk,
                customer_id=data["customer"] and data["customer"].pk,
                at=clock.now(),
            )
            left = unplaced(payment)
            if left:
                return format_html(
                    "{} is recorded; {} of it wait to be placed.", link(payment), money(left, data["currency"])
                )
            return format_html("{} is recorded and placed.", link(payment))

        return run_action(
            self,
            request,
            row=None,
            title="Record a bank transfer",
            explanation="Writes down money that came in. It settles the invoice you name, or the customer's, "
            "or waits until somebody places it.",
            submit="Record",
            run=run,
            form_class=TransferForm,
            initial={"received_at": clock.now()},
            refusal_fields={"payment_invalid": "amount", "payment_cannot_be_allocated": "invoice"},
        )

    @action(description="Place", url_path="place", icon="call_split", permissions=["operate"])
    def place_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> str:
            if data["invoice"]:
                allocate_payment(payment_id=row.pk, invoice_id=data["invoice"].pk, at=clock.now())
                return f"It pays {data['invoice']}; {money(unplaced(row), row.currency)} are left."
            credit_payment(payment_id=row.pk, customer_id=data["customer"].pk, at=clock.now())
            return f"It is placed for {data['customer'].name}."

        return run_action(
            self,
            request,
            row=row,
            title="Place the money",
            explanation=f"{money(unplaced(row), row.currency)} of it are not placed yet.",
            submit="Place",
            run=run,
            form_class=PlaceForm,
            refusal_fields={"payment_cannot_be_allocated": "invoice"},
        )
