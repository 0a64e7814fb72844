"""What settled invoices, and what customers have to their credit: ledgers, read-only."""

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from invoicing.models import Allocation, BalanceEntry
from metering.admin.base import ReadOnlyAdmin
from metering.admin.display import link_to, moment
from pricing.admin.display import money


@admin.register(Allocation)
class AllocationAdmin(ReadOnlyAdmin):
    is_tracked = False
    list_display = ("created", "invoice_link", "amount_shown", "payment_link", "credit_note_link", "balance_link")
    list_display_links = ("created",)
    list_select_related = ("invoice", "payment__invoice", "credit_note", "balance_entry__customer")
    search_fields = ("invoice__number", "credit_note__number", "payment__reference")
    search_help_text = "Number of an invoice or a credit note, or reference of a payment"
    ordering = ("-pk",)
    fieldsets = (
        (
            None,
            {"fields": (("invoice", "amount_shown"), ("payment", "credit_note"), ("balance_entry", "created_at"))},
        ),
    )
    invoice_link = link_to("invoice", "settles")
    payment_link = link_to("payment", "by payment")
    credit_note_link = link_to("credit_note", "by credit note")
    balance_link = link_to("balance_entry", "from the balance")

    @display(description="at", ordering="pk")
    def created(self, row: Allocation) -> str:
        return moment(row.created_at)

    @display(description="amount", ordering="amount")
    def amount_shown(self, row: Allocation) -> str:
        return money(row.amount, row.invoice.currency)


@admin.register(BalanceEntry)
class BalanceEntryAdmin(ReadOnlyAdmin):
    is_tracked = False
    list_display = ("created", "customer_link", "amount_shown", "balance_shown", "reason")
    list_select_related = ("customer",)
    list_filter = ("currency", ("customer", AutocompleteSelectFilter))
    search_fields = ("customer__name", "customer__key", "ulid", "credit_note__number")
    search_help_text = "Name or key of the customer, id, or number of a credit note"
    ordering = ("-pk",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("customer", "sequence"),
                    ("amount_shown", "balance_shown"),
                    "reason",
                    ("payment", "credit_note"),
                    ("created_at", "public_id"),
                )
            },
        ),
    )
    customer_link = link_to("customer", "customer")

    @display(description="at", ordering="pk")
    def created(self, row: BalanceEntry) -> str:
        return moment(row.created_at)

    @display(description="movement", ordering="amount")
    def amount_shown(self, row: BalanceEntry) -> str:
        return money(row.amount, row.currency)

    @display(description="balance", ordering="balance")
    def balance_shown(self, row: BalanceEntry) -> str:
        return money(row.balance, row.currency)
