"""Sellers: billing profiles, the apps that collect for them, and their number series."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from invoicing.logo import InvalidLogo, check_logo
from invoicing.models import App, BillingProfile, CustomerBilling, Invoice, InvoiceSequence, InvoiceType
from invoicing.services.profiles import change_profile
from invoicing.threshold_words import parse_thresholds, thresholds_text
from metering.admin.base import ConsoleAdmin, ReadOnlyAdmin
from metering.admin.display import Panel, link, link_to, list_url, moment
from metering.admin.forms import ConsoleForm, PairsField

# The form's numbers, the workflow's waits, and their units.
_WAITS = (
    ("collection_hours", "collection_interval", "hours"),
    ("draft_days", "draft_period", "days"),
    ("due_days", "due_after", "days"),
)
_FLOW = ("is_auto_advancing", "collection_method", "is_progressive", "is_taxing", "is_tax_enforced")


def _whole(label: str, help_text: str) -> forms.IntegerField:
    widget = UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric"})
    return forms.IntegerField(label=label, min_value=0, help_text=help_text, widget=widget)


class ThresholdsField(forms.CharField):
    """One currency a line: the amounts to bill at, then perhaps how often again, as `USD 10, 50, then every 100`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            required=False,
            widget=UnfoldAdminTextareaWidget(attrs={"rows": 2, "placeholder": "USD 10, 50, then every 100"}),
            **kwargs,
        )

    def prepare_value(self, value: Any) -> Any:
        return thresholds_text(value) if isinstance(value, dict) else value

    def to_python(self, value: Any) -> Any:
        try:
            return parse_thresholds(super().to_python(value) or "")
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(super().has_changed(self.prepare_value(initial or {}), data))


class SellerForm(ConsoleForm):
    supplier_address = PairsField(
        label="Address",
        example="city = Berlin",
        required=False,
        help_text="One name = value a line: line1, line2, postalCode, city, state, country.",
    )
    logo_file = forms.FileField(
        label="Logo",
        required=False,
        help_text="PNG or SVG, at most 200 kB; stands on invoices. Leave it empty to keep it.",
    )
    collection_hours = _whole("Wait for late events (hours)", "So long after a period's end usage still joins it.")
    draft_days = _whole("Drafts stay open (days)", "So long drafts can be changed before they are issued.")
    due_days = _whole("Due after (days)", "Counted from the issue.")
    spend_thresholds = ThresholdsField(
        label="Spend thresholds",
        help_text="Usage is billed at once when it passes these within a billing period, one currency a line.",
    )

    class Meta:
        labels = {
            "supplier_name": "Seller's name",
            "supplier_tax_id": "Seller's tax id",
            "is_auto_advancing": "Issue by itself",
            "is_progressive": "Bill ahead",
            "largest_total": "Largest bill",
            "corrections": "Bill changes of usage",
            "zero_invoices": "Invoices of nothing",
            "is_taxing": "Compute tax",
            "is_tax_enforced": "Require a rate",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["collection_hours"] = self.instance.collection_interval // timedelta(hours=1)
            self.initial["draft_days"] = self.instance.draft_period // timedelta(days=1)
            self.initial["due_days"] = self.instance.due_after // timedelta(days=1)

    def clean_logo_file(self) -> bytes | None:
        """
        Return the picture's bytes, None if none was sent.

        :raises ValidationError: if it cannot be drawn.
        """
        sent = self.cleaned_data["logo_file"]
        if not sent:
            return None
        content: bytes = sent.read()
        try:
            check_logo(content)
        except InvalidLogo as refusal:
            raise forms.ValidationError(refusal.message) from None
        return content

    def changes(self) -> dict[str, Any]:
        changes = super().changes()
        waits = {
            name: timedelta(**{unit: changes.pop(field)})
            for field, name, unit in _WAITS
            if changes.get(field) is not None
        }
        flow = waits | {name: changes.pop(name) for name in _FLOW if name in changes}
        if flow:
            changes["workflow"] = replace(self.instance.workflow, **flow)
        if logo := changes.pop("logo_file", None):
            changes["logo"] = logo
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
    refusal_fields = {"prefix_taken": "number_prefix"}
    fieldsets = (
        (None, {"fields": ("name", ("supplier_name", "supplier_tax_id"), "supplier_address", "logo_file")}),
        (
            "Invoices",
            {
                "fields": (
                    ("number_prefix", "credit_note_prefix"),
                    ("collection_hours", "draft_days"),
                    ("due_days", "collection_method"),
                    "is_auto_advancing",
                    ("zero_invoices", "corrections"),
                    ("largest_total", "is_progressive"),
                    "spend_thresholds",
                )
            },
        ),
        ("Tax", {"fields": (("is_taxing", "is_tax_enforced"),)}),
        ("More", {"fields": (("app", "is_default"), "public_id"), "classes": ("collapse",)}),
    )
    readonly_fields = ("app", "is_default", "public_id")
    app_link = link_to("app", "collects by")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Another seller is made over the API, which asks for its app.
        return False

    def change(self, *, row: BillingProfile, data: dict[str, Any], at: datetime) -> BillingProfile:
        return change_profile(profile_id=row.pk, at=at, **data)

    def panels(self, request: HttpRequest, row: BillingProfile) -> list[Panel]:
        series = InvoiceSequence.objects.filter(profile=row).select_related("profile").order_by("-type")
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
    list_display = ("name", "type", "status", "created")
    list_filter = ("type",)
    search_fields = ("name", "ulid")
    search_help_text = "Name or id"
    ordering = ("pk",)
    fieldsets = (
        (None, {"fields": (("name", "type"), "status", ("created_at", "public_id"))}),
        ("Waits for its calls", {"fields": (("has_draft_hook", "has_issuing_hook"),)}),
    )

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
