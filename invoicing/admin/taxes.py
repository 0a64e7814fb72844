"""Tax codes, their rates, and what invoices owe by them."""

from django.contrib import admin
from unfold.decorators import display

from invoicing.models import InvoiceTax, TaxCode, TaxRate
from metering.admin.base import ReadOnlyAdmin
from metering.admin.display import link_to, moment
from pricing.admin.display import money


@admin.register(TaxCode)
class TaxCodeAdmin(ReadOnlyAdmin):
    list_display = ("key", "name", "stripe_code")
    search_fields = ("key", "name", "ulid")
    search_help_text = "Key, name or id"
    ordering = ("key",)
    fieldsets = ((None, {"fields": (("key", "name"), ("stripe_code", "public_id"))}),)


@admin.register(TaxRate)
class TaxRateAdmin(ReadOnlyAdmin):
    list_display = ("name", "country", "code_link", "percentage_shown", "since", "until")
    list_select_related = ("code",)
    list_filter = ("country",)
    search_fields = ("name", "country", "ulid")
    search_help_text = "Name, country or id"
    ordering = ("country", "code", "valid_from")
    fieldsets = (
        (
            None,
            {"fields": (("name", "country"), ("code", "percentage_shown"), ("valid_from", "valid_to"), "public_id")},
        ),
    )
    code_link = link_to("code", "of products")

    @display(description="rate", ordering="percentage")
    def percentage_shown(self, row: TaxRate) -> str:
        return f"{row.percentage:f} %"

    @display(description="from", ordering="valid_from")
    def since(self, row: TaxRate) -> str:
        return moment(row.valid_from)

    @display(description="until", ordering="valid_to")
    def until(self, row: TaxRate) -> str:
        return moment(row.valid_to)


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
