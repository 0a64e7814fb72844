"""Tax codes, their rates, and what invoices owe by them."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSplitDateTimeWidget

from invoicing.models import InvoiceTax, TaxCode, TaxRate
from invoicing.services.taxes import create_tax_code, create_tax_rate, end_tax_rate
from metering import clock
from metering.admin.base import ConsoleAdmin, ReadOnlyAdmin
from metering.admin.display import link_to, moment
from metering.admin.forms import ConsoleForm
from metering.admin.pages import ActionForm, find_row, run_action
from pricing.admin.display import money


@admin.register(TaxCode)
class TaxCodeAdmin(ConsoleAdmin):
    list_display = ("key", "name", "stripe_code")
    search_fields = ("key", "name", "ulid")
    search_help_text = "Key, name or id"
    ordering = ("key",)
    fieldsets = ((None, {"fields": (("key", "name"), "stripe_code")}),)
    refusal_fields = {"tax_code_exists": "key"}

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def create(self, *, data: dict[str, Any], at: datetime) -> TaxCode:
        return create_tax_code(at=at, **data)


class TaxRateForm(ConsoleForm):
    class Meta:
        labels = {"code": "Of products", "percentage": "Rate in %"}
        help_texts = {
            "code": "Empty: of every kind of product that has no rate of its own.",
            "valid_to": "Empty: until it is ended.",
        }

    def clean_country(self) -> str:
        """Take the two letters in either case."""
        return str(self.cleaned_data["country"]).upper()


@admin.register(TaxRate)
class TaxRateAdmin(ConsoleAdmin):
    form = TaxRateForm
    list_display = ("name", "country", "code_link", "percentage_shown", "since", "until")
    list_select_related = ("code",)
    list_filter = ("country",)
    search_fields = ("name", "country", "ulid")
    search_help_text = "Name, country or id"
    ordering = ("country", "code", "valid_from")
    fieldsets = ((None, {"fields": (("name", "country"), ("code", "percentage"), ("valid_from", "valid_to"))}),)
    code_link = link_to("code", "of products")
    refusal_fields = {"tax_rate_overlaps": "valid_from", "tax_rate_invalid": "percentage"}
    actions_detail = ["end_action"]

    @display(description="rate", ordering="percentage")
    def percentage_shown(self, row: TaxRate) -> str:
        return f"{row.percentage:f} %"

    @display(description="from", ordering="valid_from")
    def since(self, row: TaxRate) -> str:
        return moment(row.valid_from)

    @display(description="until", ordering="valid_to")
    def until(self, row: TaxRate) -> str:
        return moment(row.valid_to)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # What a rate was stays known: it is ended, and another one begins.
        return False

    def hidden_actions(self, row: TaxRate) -> Collection[str]:
        return {"end"} if row.valid_to else ()

    def create(self, *, data: dict[str, Any], at: datetime) -> TaxRate:
        code = data.pop("code")
        return create_tax_rate(at=at, code_id=code and code.pk, **data)

    @action(description="End", url_path="end", icon="event_busy", permissions=["operate"])
    def end_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> str:
            ended = end_tax_rate(rate_id=row.pk, valid_to=data["valid_to"], at=clock.now())
            return f"{ended} holds until {moment(ended.valid_to)}."

        return run_action(
            self,
            request,
            row=row,
            title="End the rate",
            explanation="From that time on it is not charged any more. Invoices that are issued keep it.",
            submit="End it",
            run=run,
            form_class=EndForm,
            initial={"valid_to": clock.now()},
            refusal_fields={"tax_rate_overlaps": "valid_to", "tax_rate_invalid": "valid_to"},
        )


class EndForm(ActionForm):
    valid_to = forms.SplitDateTimeField(label="Holds until", widget=UnfoldAdminSplitDateTimeWidget())


@admin.register(InvoiceTax)
class InvoiceTaxAdmin(ReadOnlyAdmin):
    is_tracked = False
    list_display = ("name", "invoice_link", "rate", "taxable_shown", "amount_shown")
    list_select_related = ("invoice",)
    list_filter = ("country",)
    search_fields = ("name", "invoice__number", "invoice__draft_number")
    search_help_text = "Name of the tax, or number of the invoice"
    ordering = ("-pk",)
    fieldsets = (
        (
            None,
            {"fields": (("name", "invoice"), ("rate", "behavior"), ("taxable_shown", "amount_shown"), "country")},
        ),
    )
    invoice_link = link_to("invoice", "invoice")

    @display(description="rate", ordering="percentage")
    def rate(self, row: InvoiceTax) -> str:
        return f"{row.percentage:f} %"

    @display(description="taxed", ordering="taxable")
    def taxable_shown(self, row: InvoiceTax) -> str:
        return money(row.taxable, row.invoice.currency)

    @display(description="tax", ordering="amount")
    def amount_shown(self, row: InvoiceTax) -> str:
        return money(row.amount, row.invoice.currency)
