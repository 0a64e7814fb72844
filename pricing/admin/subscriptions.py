"""Subscriptions: who pays which prices, from when to when, and how that changed."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import action, display

from metering import clock
from metering.admin.base import ConsoleAdmin
from metering.admin.display import NOTHING, Panel, change_url, json_of, link, link_to, list_url, moment, span
from metering.admin.pages import find_row, run_action
from pricing.admin import subscription_acts as acts
from pricing.admin.display import cadence
from pricing.admin.reviewed import Act, run_reviewed
from pricing.admin.subscription_addon_acts import addon_act, quantity_act
from pricing.admin.subscription_changes import changes_of_subscription
from pricing.admin.subscription_forms import newer_versions, untaken_addons
from pricing.admin.subscription_rows import RowStateFilter
from pricing.admin.subscription_timeline import timeline_of
from pricing.models import Subscription, SubscriptionItem
from pricing.queries import current_period
from pricing.services.subscriptions.end import delete_subscription
from pricing.services.subscriptions.states import Act as Move
from pricing.services.subscriptions.states import is_allowed

_LIST = "admin:pricing_subscription_changelist"
# The buttons by their address, and what has to be allowed for each.
_MOVES = {
    "change-plan": Move.CHANGE,
    "migrate": Move.MIGRATE,
    "add-on": Move.CHANGE_ADDONS,
    "quantity": Move.CHANGE_ADDONS,
    "cancel": Move.CANCEL,
    "continue": Move.UNSCHEDULE_CANCELATION,
    "restore": Move.RESTORE,
    "withdraw": Move.DELETE,
}


class SubscriptionStateFilter(RowStateFilter):
    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*super().lookups(request, model_admin), ("awaiting", "Awaits payment")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() is None:
            return queryset
        awaits_payment = self.value() == "awaiting"
        return super().queryset(request, queryset.filter(awaits_payment=awaits_payment))


class SubscriptionAdmin(ConsoleAdmin):
    """The page of a subscription as far as pricing knows it; `invoicing.admin` adds its invoices."""

    list_display = ("name", "customer_link", "plan_link", "state", "starts", "ends", "currency")
    list_select_related = ("customer__test_clock", "plan")
    list_filter = (SubscriptionStateFilter, ("customer", AutocompleteSelectFilter), ("plan", AutocompleteSelectFilter))
    search_fields = ("name", "ulid", "customer__name", "customer__key", "plan__key")
    search_help_text = "Name, id, name or key of the customer, or key of the plan"
    ordering = ("-pk",)
    autocomplete_fields = ("customer", "plan")
    change_form_template = "admin/console/subscription_form.html"

    class Media:
        css: ClassVar = {"all": ["console/subscriptions.css"]}

    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("customer_link", "plan_shown"),
                    ("state", "currency"),
                    ("starts", "ends"),
                    ("current", "billed"),
                    ("before_shown", "next_shown"),
                )
            },
        ),
        (
            "More",
            {
                "fields": (
                    ("billing_anchor", "time_zone"),
                    ("is_prorating", "carries_usage"),
                    ("settlement_mode", "created_at"),
                    "description",
                    "metadata_shown",
                    "public_id",
                ),
                "classes": ("collapse",),
            },
        ),
    )
    readonly_fields = ("customer_link", "created_at")
    customer_link = link_to("customer", "customer")
    plan_link = link_to("plan", "plan")
    metadata_shown = json_of("metadata")
    actions_detail = [
        "change_action",
        "migrate_action",
        "add_on_action",
        "quantity_action",
        "cancel_action",
        "continue_action",
        "restore_action",
        "paid_action",
        "withdraw_action",
    ]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # A contract is started and cancelled, never edited.
        return obj is None and super().has_change_permission(request, obj)

    def hidden_actions(self, row: Subscription) -> Collection[str]:
        at = clock.now(row.customer)
        hidden = {path for path, move in _MOVES.items() if not is_allowed(move, row, at)}
        if not newer_versions(row).exists():
            hidden.add("migrate")
        if not untaken_addons(row).exists():
            hidden.add("add-on")
        if not row.addons.exists():
            hidden.add("quantity")
        if _next_of(row) is None:
            hidden.add("restore")
        if not row.awaits_payment:
            hidden.add("paid")
        return hidden

    @display(
        description="state",
        label={
            "Active": "success",
            "Scheduled": "info",
            "Awaits payment": "info",
            "Canceled": "warning",
            "Inactive": "default",
        },
    )
    def state(self, row: Subscription) -> str:
        return "Awaits payment" if row.awaits_payment else row.status(clock.now(row.customer)).label

    @display(description="from", ordering="active_from")
    def starts(self, row: Subscription) -> str:
        return "once it is paid" if row.awaits_payment else moment(row.active_from)

    @display(description="to", ordering="active_to")
    def ends(self, row: Subscription) -> str:
        return moment(row.active_to) if row.active_to else "open"

    @display(description="current billing period")
    def current(self, row: Subscription) -> str:
        if row.awaits_payment:
            return NOTHING
        period = current_period(row, clock.now(row.customer))
        return span(period.start, period.end, row.zone)

    @display(description="billed", ordering="billing_cadence")
    def billed(self, row: Subscription) -> str:
        return cadence(row.billing_cadence)

    @display(description="plan")
    def plan_shown(self, row: Subscription) -> SafeString | str:
        return link(row.plan, f"{row.plan.name} v{row.plan.version}") if row.plan else "made for this customer alone"

    @display(description="before it")
    def before_shown(self, row: Subscription) -> SafeString | str:
        return _neighbour(row.supersedes)

    @display(description="after it")
    def next_shown(self, row: Subscription) -> SafeString | str:
        return _neighbour(_next_of(row))

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return run_reviewed(
            self,
            request,
            row=None,
            act=acts.start_act(request),
            back=reverse(_LIST),
        )

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        if row is not None:
            context["timeline"] = timeline_of(row, clock.now(row.customer))
            context["changes"] = changes_of_subscription(row)
            context["notice"] = _notice(row)
            context["items_url"] = list_url(SubscriptionItem, subscription__id__exact=row.pk)
        return super().render_change_form(request, context, *args, **kwargs)

    def panels(self, request: HttpRequest, row: Subscription) -> list[Panel]:
        """Leave room for what other apps add; the timeline shows what pricing knows."""
        return []

    @action(description="Change plan", url_path="change-plan", icon="swap_horiz", permissions=["operate"])
    def change_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._run(request, object_id, acts.change_act)

    @action(description="Migrate", url_path="migrate", icon="upgrade", permissions=["operate"])
    def migrate_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._run(request, object_id, acts.migrate_act)

    @action(description="Add-on", url_path="add-on", icon="extension", permissions=["operate"])
    def add_on_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._run(request, object_id, addon_act)

    @action(description="Quantity", url_path="quantity", icon="tune", permissions=["operate"])
    def quantity_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._run(request, object_id, quantity_act)

    @action(description="Cancel", url_path="cancel", icon="cancel", permissions=["operate"])
    def cancel_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._run(request, object_id, acts.cancel_act)

    @action(description="Take cancellation back", url_path="continue", icon="undo", permissions=["operate"])
    def continue_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._run(request, object_id, acts.continue_act)

    @action(description="Restore", url_path="restore", icon="settings_backup_restore", permissions=["operate"])
    def restore_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._run(request, object_id, acts.restore_act)

    @action(description="Mark as paid", url_path="paid", icon="paid", permissions=["operate"])
    def paid_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._run(request, object_id, acts.paid_act)

    @action(description="Withdraw", url_path="withdraw", icon="delete", permissions=["operate"])
    def withdraw_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> str:
            delete_subscription(subscription_id=row.pk, at=clock.now(row.customer))
            return f"{row.name} of {row.customer.name} is withdrawn."

        return run_action(
            self,
            request,
            row=row,
            title="Withdraw the subscription",
            explanation="It has not started and bills nothing, so it is deleted. What ends for it keeps its end.",
            submit="Withdraw the subscription",
            run=run,
            back_url=change_url(row.supersedes) if row.supersedes else reverse(_LIST),
        )

    def _run(
        self, request: HttpRequest, object_id: str, make: Callable[[HttpRequest, Subscription, datetime], Act]
    ) -> HttpResponse:
        row = find_row(self, request, object_id)
        at = clock.now(row.customer)
        act = make(request, row, at)
        return run_reviewed(self, request, row=row, act=act, back=change_url(row))


def _next_of(row: Subscription) -> Subscription | None:
    return Subscription.objects.filter(supersedes=row).first()


def _neighbour(row: Subscription | None) -> SafeString | str:
    if row is None:
        return NOTHING
    state = "once it is paid" if row.awaits_payment else f"from {moment(row.active_from)}"
    return format_html("{}, {}", link(row, row.name), state)


def _notice(row: Subscription) -> SafeString | str:
    if row.awaits_payment:
        return format_html("It takes over from {} once it is paid, and bills nothing until then.", link(row.supersedes))
    following = _next_of(row)
    if following is not None and following.awaits_payment:
        return format_html("{} takes over once it is paid. Until then everything stays as it is.", link(following))
    return ""


admin.site.register(Subscription, SubscriptionAdmin)
