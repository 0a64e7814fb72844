"""Payments: every attempt to collect an invoice."""

from django.contrib import admin
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from invoicing.models import Payment
from metering.admin.base import ReadOnlyAdmin
from metering.admin.display import link_to, moment
from pricing.admin.display import money


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    is_tracked = False
    list_display = (
        "attempt_shown",
        "invoice_link",
        "customer_link",
        "status_shown",
        "amount_shown",
        "reason",
        "created",
    )
    list_select_related = ("invoice__customer",)
    list_filter = ("status", "provider", "currency", ("created_at", RangeDateTimeFilter))
    search_fields = ("invoice__number", "ulid", "invoice__customer__name", "invoice__customer__key")
    search_help_text = "Number of the invoice, id, or name or key of the customer"
    ordering = ("-pk",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("invoice", "customer_link"),
                    ("status", "amount_shown"),
                    ("attempt", "provider"),
                    ("reason", "created_at"),
                    "public_id",
                )
            },
        ),
    )
    invoice_link = link_to("invoice", "invoice")
    customer_link = link_to("invoice.customer", "customer")

    @display(description="attempt", ordering="attempt")
    def attempt_shown(self, row: Payment) -> str:
        return f"#{row.attempt} by {row.provider}"

    @display(description="state", ordering="status", label={"Succeeded": "success", "Failed": "danger"})
    def status_shown(self, row: Payment) -> str:
        return row.get_status_display()

    @display(description="amount", ordering="amount")
    def amount_shown(self, row: Payment) -> str:
        return money(row.amount, row.currency)

    @display(description="at", ordering="pk")
    def created(self, row: Payment) -> str:
        return moment(row.created_at)
