"""Discounts on whole invoices: made on the invoice's own page, listed here."""

from collections.abc import Collection

from django.contrib import admin
from unfold.decorators import display

from invoicing.admin.draft_edits import DiscountActs
from invoicing.lifecycle import EDITABLE
from invoicing.models import InvoiceDiscount
from metering.admin.base import ReadOnlyAdmin
from metering.admin.display import link_to
from pricing.admin.display import money


@admin.register(InvoiceDiscount)
class InvoiceDiscountAdmin(DiscountActs, ReadOnlyAdmin):
    is_tracked = False
    list_display = ("name", "invoice_link", "asked", "amount_shown")
    list_select_related = ("invoice",)
    search_fields = ("name", "invoice__number", "invoice__draft_number")
    search_help_text = "Name of the discount, or number of the invoice"
    ordering = ("-pk",)
    fieldsets = ((None, {"fields": (("name", "invoice"), ("asked", "amount_shown"), ("created_at", "public_id"))}),)
    invoice_link = link_to("invoice", "invoice")
    actions_detail = ["remove_action"]

    def hidden_actions(self, row: InvoiceDiscount) -> Collection[str]:
        return () if row.invoice.status in EDITABLE else {"remove"}

    @display(description="as agreed")
    def asked(self, row: InvoiceDiscount) -> str:
        if row.percentage is not None:
            return f"{row.percentage:f} %"
        return money(row.fixed_amount, row.invoice.currency)

    @display(description="amount", ordering="amount")
    def amount_shown(self, row: InvoiceDiscount) -> str:
        return money(row.amount, row.invoice.currency)
