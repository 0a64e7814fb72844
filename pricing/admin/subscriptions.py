"""Subscriptions: who pays which prices, from when to when."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSplitDateTimeWidget

from metering import clock
from metering.admin.base import ConsoleAdmin, ReadOnlyAdmin
from metering.admin.display import Panel, json_of, link, link_to, list_url, moment, span
from metering.admin.forms import ConsoleForm
from metering.admin.pages import ActionForm, find_row, run_action
from metering.models import Customer
from pricing.admin.display import cadence, price_block
from pricing.models import Subscription, SubscriptionItem
from pricing.queries import current_period
from pricing.services.subscriptions.end import cancel_subscription
from pricing.services.subscriptions.start import start_subscription


class NewSubscriptionForm(ConsoleForm):
    active_from = forms.SplitDateTimeField(
        label="Start",
        required=False,
        help_text="Empty: now, by the customer's clock.",
        widget=UnfoldAdminSplitDateTimeWidget(),
    )
    billing_anchor = forms.SplitDateTimeField(
        label="Periods step from",
        required=False,
        help_text="Empty: the start. A first of a month makes periods whole months.",
        widget=UnfoldAdminSplitDateTimeWidget(),
    )


class CancelForm(ActionForm):
    active_to = forms.SplitDateTimeField(
        label="End at",
        help_text="Suggested: the end of the current billing period.",
        widget=UnfoldAdminSplitDateTimeWidget(),
    )


class SubscriptionStateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("live", "Running"), ("scheduled", "Scheduled"), ("ended", "Ended")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        now = clock.now()
        match self.value():
            case "live":
                return queryset.live(now)
            case "scheduled":
                return queryset.filter(active_from__gt=now)
            case "ended":
                return queryset.filter(active_to__lte=now)
        return queryset


class SubscriptionAdmin(ConsoleAdmin):
    """The page of a subscription as far as pricing knows it; `invoicing.admin` adds its invoices."""

    add_form = NewSubscriptionForm
    refusal_fields = {
        "customer_deleted": "customer",
        "plan_not_active": "plan",
        "customer_currency_mismatch": "plan",
        "only_single_subscription_allowed_per_customer_at_a_time": "customer",
        "only_single_subscription_item_allowed_at_a_time": "customer",
    }
    list_display = ("name", "customer_link", "plan_link", "state", "starts", "ends", "currency")
    list_select_related = ("customer__test_clock", "plan")
    list_filter = (SubscriptionStateFilter, ("customer", AutocompleteSelectFilter), ("plan", AutocompleteSelectFilter))
    search_fields = ("name", "ulid", "customer__name", "customer__key", "plan__key")
    search_help_text = "Name, id, name or key of the customer, or key of the plan"
    ordering = ("-pk",)
    autocomplete_fields = ("customer", "plan")
    add_fieldsets = ((None, {"fields": ("customer", "plan", "active_from", "billing_anchor")}),)
    fieldsets = (
        (
            None,
            {"fields": (("customer", "plan"), ("starts", "ends"), ("current", "billed"), ("currency", "time_zone"))},
        ),
        (
            "More",
            {"fields": (("billing_anchor", "created_at"), "metadata_shown", "public_id"), "classes": ("collapse",)},
        ),
    )
    customer_link = link_to("customer", "customer")
    plan_link = link_to("plan", "plan")
    metadata_shown = json_of("metadata")
    actions_detail = ["cancel_action"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # A contract is started and cancelled, never edited.
        return obj is None and super().has_change_permission(request, obj)

    @display(
        description="state",
        label={"Active": "success", "Scheduled": "info", "Canceled": "warning", "Inactive": "default"},
    )
    def state(self, row: Subscription) -> str:
        return row.status(clock.now(row.customer)).label

    @display(description="from", ordering="active_from")
    def starts(self, row: Subscription) -> str:
        return moment(row.active_from)

    @display(description="to", ordering="active_to")
    def ends(self, row: Subscription) -> str:
        return moment(row.active_to) if row.active_to else "open"

    @display(description="current billing period")
    def current(self, row: Subscription) -> str:
        period = current_period(row, clock.now(row.customer))
        return span(period.start, period.end, row.zone)

    @display(description="billed", ordering="billing_cadence")
    def billed(self, row: Subscription) -> str:
        return cadence(row.billing_cadence)

    def create(self, *, data: dict[str, Any], at: datetime) -> Subscription:
        customer: Customer = data["customer"]
        return start_subscription(
            customer_id=customer.pk,
            plan_id=data["plan"].pk,
            active_from=data["active_from"],
            billing_anchor=data["billing_anchor"],
            at=clock.now(customer),
        )

    def panels(self, request: HttpRequest, row: Subscription) -> list[Panel]:
        return [items_panel(row)]

    @action(description="Cancel", url_path="cancel", icon="cancel", permissions=["operate"])
    def cancel_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = find_row(self, request, object_id)
        at = clock.now(row.customer)

        def run(data: dict[str, Any]) -> str:
            ended = cancel_subscription(subscription_id=row.pk, active_to=data["active_to"], at=at)
            return f"{ended.name} of {row.customer.name} ends at {moment(ended.active_to)}."

        return run_action(
            self,
            request,
            row=row,
            title="Cancel the subscription",
            explanation=f"Nothing is billed for the time after its end. The customer's clock says {moment(at)}.",
            submit="Cancel the subscription",
            run=run,
            form_class=CancelForm,
            initial={"active_to": current_period(row, at).end},
            refusal_fields={"subscription_timing_invalid": "active_to"},
        )


def items_panel(subscription: Subscription) -> Panel:
    """Show what a subscription charges."""
    items = subscription.items.select_related("feature__meter").order_by("position", "pk")
    return Panel(
        title="What it charges",
        headers=("Name", "Feature", "Billed", "Price", "From", "To"),
        rows=[
            (
                link(item, item.name),
                link(item.feature),
                cadence(item.billing_cadence),
                price_block(item.price, subscription.currency),
                moment(item.active_from),
                moment(item.active_to) if item.active_to else "open",
            )
            for item in items[:50]
        ],
        empty="Nothing.",
        links=[("All items", list_url(SubscriptionItem, subscription__id__exact=subscription.pk))],
    )


class ItemStateFilter(SubscriptionStateFilter):
    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        now = clock.now()
        begun = queryset.filter(active_from__lte=now)
        match self.value():
            case "live":
                return begun.filter(Q(active_to=None) | Q(active_to__gt=now))
            case "scheduled":
                return queryset.filter(active_from__gt=now)
            case "ended":
                return queryset.filter(active_to__lte=now)
        return queryset


@admin.register(SubscriptionItem)
class SubscriptionItemAdmin(ReadOnlyAdmin):
    list_display = ("name", "customer_link", "subscription_link", "type", "feature_link", "starts", "ends")
    list_select_related = ("customer", "subscription__customer", "feature")
    list_filter = (
        ItemStateFilter,
        "type",
        ("customer", AutocompleteSelectFilter),
        ("feature", AutocompleteSelectFilter),
    )
    search_fields = ("name", "key", "ulid", "customer__name", "customer__key")
    search_help_text = "Name, key, id, or name or key of the customer"
    ordering = ("-pk",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name", "key"),
                    ("customer", "subscription"),
                    ("type", "feature"),
                    ("starts", "ends"),
                    "billed",
                    "price_shown",
                    "public_id",
                )
            },
        ),
    )
    customer_link = link_to("customer", "customer")
    subscription_link = link_to("subscription", "subscription")
    feature_link = link_to("feature", "feature")

    @display(description="from", ordering="active_from")
    def starts(self, row: SubscriptionItem) -> str:
        return moment(row.active_from)

    @display(description="to", ordering="active_to")
    def ends(self, row: SubscriptionItem) -> str:
        return moment(row.active_to) if row.active_to else "open"

    @display(description="billed", ordering="billing_cadence")
    def billed(self, row: SubscriptionItem) -> str:
        return cadence(row.billing_cadence)

    @display(description="price")
    def price_shown(self, row: SubscriptionItem) -> Any:
        return price_block(row.price, row.subscription.currency)


admin.site.register(Subscription, SubscriptionAdmin)
