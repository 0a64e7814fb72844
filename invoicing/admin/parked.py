"""Customers that are not billed until somebody looked at the reason."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from invoicing.models import ParkedCustomer
from invoicing.services.billing_run import rerun_customer
from metering import clock
from metering.admin.base import ReadOnlyAdmin
from metering.admin.display import link, link_to, moment, short
from metering.admin.pages import ActionForm, find_row, run_action


class RerunForm(ActionForm):
    accepts_any_total = forms.BooleanField(
        label="Bill it whatever it comes to",
        required=False,
        help_text="For a bill above the seller's largest total, once somebody looked at it.",
    )


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
    actions_detail = ["rerun_action"]

    def hidden_actions(self, row: ParkedCustomer) -> Collection[str]:
        return {"rerun"} if row.released_at else ()

    @action(description="Bill again", url_path="rerun", icon="replay", permissions=["operate"])
    def rerun_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> SafeString:
            done = rerun_customer(
                customer_id=row.customer_id, now=clock.now(), accepts_any_total=data["accepts_any_total"]
            )
            if done.failures:
                return format_html("{} is parked again: {}", row.customer.name, done.failures[0]["reason"])
            return format_html("{} is billed again, by {}: {} invoices.", row.customer.name, link(done), done.invoices)

        return run_action(
            self,
            request,
            row=row,
            title="Bill the customer again",
            explanation=f"{row.customer.name} was not billed since {moment(row.parked_at)}: {row.reason} "
            "Whoever still cannot be billed is parked again.",
            submit="Bill again",
            run=run,
            form_class=RerunForm,
        )

    @display(description="since", ordering="pk")
    def parked(self, row: ParkedCustomer) -> str:
        return moment(row.parked_at)

    @display(description="reason")
    def reason_shown(self, row: ParkedCustomer) -> str:
        return short(row.reason)

    @display(description="state", label={"Parked": "danger", "Released": "success"})
    def state(self, row: ParkedCustomer) -> str:
        return "Parked" if row.released_at is None else "Released"
