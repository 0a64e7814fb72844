"""What follows from a subscription's contract, row by row; all of it is read-only."""

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from metering import clock
from metering.admin.base import ReadOnlyAdmin
from metering.admin.display import Panel, json_of, link, link_to, list_url, moment
from pricing.admin.display import cadence
from pricing.admin.subscription_words import price_in_full
from pricing.models import AddonQuantity, SubscriptionAddon, SubscriptionItem, SubscriptionPhase


class RowStateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("live", "Running"), ("scheduled", "Scheduled"), ("ended", "Ended")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        now = clock.now()
        match self.value():
            case "live":
                return queryset.filter(Q(active_to=None) | Q(active_to__gt=now), active_from__lte=now)
            case "scheduled":
                return queryset.filter(active_from__gt=now)
            case "ended":
                return queryset.filter(active_to__lte=now)
        return queryset


class SpanAdmin(ReadOnlyAdmin):
    """Rows that hold from a time to another."""

    ordering = ("-pk",)
    subscription_link = link_to("subscription", "subscription")

    @display(description="from", ordering="active_from")
    def starts(self, row: Any) -> str:
        return moment(row.active_from)

    @display(description="to", ordering="active_to")
    def ends(self, row: Any) -> str:
        return moment(row.active_to) if row.active_to else "open"


@admin.register(SubscriptionPhase)
class SubscriptionPhaseAdmin(SpanAdmin):
    list_display = ("name", "key", "subscription_link", "starts", "ends")
    list_filter = (RowStateFilter,)
    list_select_related = ("subscription__customer",)
    search_fields = ("name", "key", "ulid", "subscription__name", "subscription__customer__name")
    search_help_text = "Name, key, id, or name of the subscription or customer"
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name", "key"),
                    "subscription",
                    ("starts", "ends"),
                    "description",
                    "metadata_shown",
                    "public_id",
                )
            },
        ),
    )
    metadata_shown = json_of("metadata")

    def panels(self, request: HttpRequest, row: SubscriptionPhase) -> list[Panel]:
        items = row.items.order_by("position", "active_from", "pk")
        return [
            Panel(
                title="What it charges",
                headers=("Name", "Price", "From", "To"),
                rows=[
                    (
                        link(item, item.name),
                        price_in_full(item.terms, row.subscription.currency),
                        self.starts(item),
                        self.ends(item),
                    )
                    for item in items[:50]
                ],
                empty="Nothing.",
            )
        ]


@admin.register(SubscriptionItem)
class SubscriptionItemAdmin(SpanAdmin):
    list_display = ("name", "customer_link", "subscription_link", "type", "feature_link", "starts", "ends")
    list_select_related = ("customer", "subscription__customer", "feature")
    list_filter = (
        RowStateFilter,
        "type",
        ("customer", AutocompleteSelectFilter),
        ("feature", AutocompleteSelectFilter),
    )
    search_fields = ("name", "key", "ulid", "customer__name", "customer__key")
    search_help_text = "Name, key, id, or name or key of the customer"
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name", "key"),
                    ("customer", "subscription"),
                    ("type", "feature"),
                    ("phase", "billed"),
                    ("starts", "ends"),
                    "price_shown",
                    "entitlement_shown",
                    "public_id",
                )
            },
        ),
    )
    customer_link = link_to("customer", "customer")
    feature_link = link_to("feature", "feature")
    entitlement_shown = json_of("entitlement_template", "entitlement")

    @display(description="billed", ordering="billing_cadence")
    def billed(self, row: SubscriptionItem) -> str:
        return cadence(row.billing_cadence) if row.billing_cadence else "once"

    @display(description="price")
    def price_shown(self, row: SubscriptionItem) -> str:
        return price_in_full(row.terms, row.subscription.currency)


@admin.register(SubscriptionAddon)
class SubscriptionAddonAdmin(ReadOnlyAdmin):
    list_display = ("name", "subscription_link", "addon_link", "quantity_now", "taken")
    list_select_related = ("subscription__customer__test_clock", "addon")
    list_filter = (("subscription", AutocompleteSelectFilter), ("addon", AutocompleteSelectFilter))
    search_fields = ("name", "ulid", "addon__key", "subscription__name", "subscription__customer__name")
    search_help_text = "Name, id, key of the add-on, or name of the subscription or customer"
    ordering = ("-pk",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name", "addon"),
                    ("subscription", "quantity_now"),
                    "description",
                    "metadata_shown",
                    ("taken", "public_id"),
                )
            },
        ),
    )
    subscription_link = link_to("subscription", "subscription")
    addon_link = link_to("addon", "add-on")
    metadata_shown = json_of("metadata")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("quantities")

    @display(description="quantity now")
    def quantity_now(self, row: SubscriptionAddon) -> int:
        at = clock.now(row.subscription.customer)
        begun = [found for found in row.quantities.all() if found.effective_at <= at]
        return max(begun, key=lambda found: found.effective_at).quantity if begun else 0

    @display(description="taken", ordering="pk")
    def taken(self, row: SubscriptionAddon) -> str:
        return moment(row.created_at)

    def panels(self, request: HttpRequest, row: SubscriptionAddon) -> list[Panel]:
        quantities = row.quantities.order_by("effective_at")
        return [
            Panel(
                title="Quantities",
                headers=("From", "Quantity"),
                rows=[(link(found, moment(found.effective_at)), found.quantity) for found in quantities],
                empty="None.",
                links=[("All quantities", list_url(AddonQuantity, subscription_addon__id__exact=row.pk))],
            )
        ]


@admin.register(AddonQuantity)
class AddonQuantityAdmin(ReadOnlyAdmin):
    list_display = ("addon_shown", "subscription_link", "effective", "quantity")
    list_select_related = ("subscription_addon__subscription__customer",)
    list_filter = (("subscription_addon", AutocompleteSelectFilter),)
    search_fields = ("subscription_addon__name", "subscription_addon__subscription__customer__name")
    search_help_text = "Name of the add-on or of the customer"
    ordering = ("-pk",)
    fieldsets = ((None, {"fields": ("subscription_addon", ("effective", "quantity"), "created_at")}),)
    subscription_link = link_to("subscription_addon.subscription", "subscription")

    @display(description="add-on", ordering="subscription_addon__name")
    def addon_shown(self, row: AddonQuantity) -> str:
        return row.subscription_addon.name

    @display(description="from", ordering="effective_at")
    def effective(self, row: AddonQuantity) -> str:
        return moment(row.effective_at)
