"""Customers that are not billed until somebody looked at the reason."""

from django.contrib import admin
from unfold.decorators import display

from invoicing.models import ParkedCustomer
from metering.admin.base import ReadOnlyAdmin
from metering.admin.display import link_to, moment, short


@admin.register(ParkedCustomer)
class ParkedCustomerAdmin(ReadOnlyAdmin):
    list_display = ("parked", "customer_link", "reason_shown", "state")
    list_select_related = ("customer",)
    list_filter = (("released_at", admin.EmptyFieldListFilter), "code")
    search_fields = ("customer__name", "customer__key", "reason", "ulid")
    search_help_text = "Name or key of the customer, reason or id"
    ordering = ("-pk",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("customer", "state"),
                    "reason",
                    ("code", "is_unexpected"),
                    ("parked_at", "released_at"),
                    ("run", "public_id"),
                )
            },
        ),
    )
    customer_link = link_to("customer", "customer")

    @display(description="since", ordering="pk")
    def parked(self, row: ParkedCustomer) -> str:
        return moment(row.parked_at)

    @display(description="reason")
    def reason_shown(self, row: ParkedCustomer) -> str:
        return short(row.reason)

    @display(description="state", label={"Parked": "danger", "Released": "success"})
    def state(self, row: ParkedCustomer) -> str:
        return "Parked" if row.released_at is None else "Released"
