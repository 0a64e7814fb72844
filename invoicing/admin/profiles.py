"""Sellers: billing profiles, the apps that collect for them, and their number series."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from invoicing.models import App, BillingProfile, CustomerBilling, Invoice, InvoiceSequence, InvoiceType
from invoicing.services.sellers import change_seller
from metering.admin.base import ConsoleAdmin, ReadOnlyAdmin
from metering.admin.display import Panel, link, link_to, list_url, moment
from metering.admin.forms import ConsoleForm, PairsField


class SellerForm(ConsoleForm):
    supplier_address = PairsField(
        label="Address",
        example="city = Berlin",
        required=False,
        help_text="One name = value a line: line1, line2, postalCode, city, state, country.",
    )
    collection_hours = forms.IntegerField(
        label="Wait for late events (hours)",
        min_value=0,
        help_text="So long after a period's end its usage is still collected before the invoice is made.",
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric"}),
    )
    due_days = forms.IntegerField(
        label="Due after (days)", min_value=0, widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["collection_hours"] = self.instance.collection_interval // timedelta(hours=1)
            self.initial["due_days"] = self.instance.due_after // timedelta(days=1)

    def changes(self) -> dict[str, Any]:
        changes = super().changes()
        if "collection_hours" in changes:
            changes["collection_interval"] = timedelta(hours=changes.pop("collection_hours"))
        if "due_days" in changes:
            changes["due_after"] = timedelta(days=changes.pop("due_days"))
        return changes


@admin.register(BillingProfile)
class BillingProfileAdmin(ConsoleAdmin):
    form = SellerForm
    list_display = ("name", "supplier_name", "app_link", "number_prefix", "is_default")
    list_select_related = ("app",)
    list_filter = ("is_default", "app")
    search_fields = ("name", "supplier_name", "ulid")
    search_help_text = "Name of the profile or the seller, or id"
    ordering = ("pk",)
    fieldsets = (
        (None, {"fields": ("name", ("supplier_name", "supplier_tax_id"), "supplier_address")}),
        (
            "Invoices",
            {"fields": ("number_prefix", ("collection_hours", "due_days"), ("app", "is_default"), "public_id")},
        ),
    )
    readonly_fields = ("app", "is_default", "public_id")
    app_link = link_to("app", "collects by")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # The default seller is made at the first start; billing knows only that one so far.
        return False

    def change(self, *, row: BillingProfile, data: dict[str, Any], at: datetime) -> BillingProfile:
        return change_seller(profile_id=row.pk, at=at, **data)

    def panels(self, request: HttpRequest, row: BillingProfile) -> list[Panel]:
        series = InvoiceSequence.objects.filter(profile=row)
        return [
            Panel(
                title="Number series",
                headers=("Series", "Last number"),
                rows=[(link(found, _prefix(found)), found.last_number) for found in series],
                empty="None yet.",
                links=[("Its invoices", list_url(Invoice, profile__id__exact=row.pk))],
            )
        ]


@admin.register(App)
class AppAdmin(ReadOnlyAdmin):
    list_display = ("name", "type", "created")
    list_filter = ("type",)
    search_fields = ("name", "ulid")
    search_help_text = "Name or id"
    ordering = ("pk",)
    fieldsets = ((None, {"fields": (("name", "type"), ("created_at", "public_id"))}),)

    @display(description="since", ordering="pk")
    def created(self, row: App) -> str:
        return moment(row.created_at)


@admin.register(InvoiceSequence)
class InvoiceSequenceAdmin(ReadOnlyAdmin):
    is_tracked = False
    list_display = ("profile_link", "type", "prefix", "last_number")
    list_display_links = None
    list_select_related = ("profile",)
    search_fields = ("profile__name", "profile__number_prefix")
    search_help_text = "Name of the seller, or prefix"
    ordering = ("pk",)
    fieldsets = ((None, {"fields": (("profile", "type"), ("prefix", "last_number"))}),)
    profile_link = link_to("profile", "seller")

    @display(description="prefix")
    def prefix(self, row: InvoiceSequence) -> str:
        return _prefix(row)


@admin.register(CustomerBilling)
class CustomerBillingAdmin(ReadOnlyAdmin):
    list_display = ("customer_link", "profile_link", "thresholds")
    list_display_links = ("thresholds",)
    list_select_related = ("customer", "profile")
    list_filter = ("profile",)
    search_fields = ("customer__name", "customer__key")
    search_help_text = "Name or key of the customer"
    ordering = ("-pk",)
    fieldsets = ((None, {"fields": (("customer", "profile"), "thresholds")}),)
    customer_link = link_to("customer", "customer")
    profile_link = link_to("profile", "billed by")

    @display(description="spend thresholds")
    def thresholds(self, row: CustomerBilling) -> str:
        if row.spend_thresholds is None:
            return "As the seller's"
        return ", ".join(row.spend_thresholds) or "None"


def _prefix(series: InvoiceSequence) -> str:
    profile = series.profile
    return profile.number_prefix if series.type == InvoiceType.STANDARD else profile.credit_note_prefix
