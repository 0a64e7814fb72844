"""Tokens with which browsers read usage, and how far the usage queries are that clients named."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action, display

from metering import clock
from metering.admin.base import LedgerAdmin, ReadOnlyAdmin
from metering.admin.display import figure_of, moment
from metering.admin.pages import find_row, run_action
from metering.models import PortalToken, QueryProgress
from metering.services.portal_tokens import invalidate_portal_tokens


class UsableFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "usable"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Usable"), ("no", "Invalidated or expired")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        usable = queryset.usable(clock.now())
        if self.value() == "yes":
            return usable
        return queryset.exclude(pk__in=usable.values("pk")) if self.value() == "no" else queryset


@admin.register(PortalToken)
class PortalTokenAdmin(ReadOnlyAdmin):
    list_display = ("public_id", "subject", "meters", "created", "expires", "state")
    list_filter = (UsableFilter,)
    search_fields = ("=subject", "ulid")
    search_help_text = "The whole subject, or id"
    ordering = ("-pk",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("subject", "meters"), ("created", "expires"), ("state", "invalidated"), "public_id",
                )
            },
        ),
    )  # fmt: skip
    actions_detail = ["invalidate_action"]

    @display(description="meters")
    def meters(self, row: PortalToken) -> str:
        return "All" if row.allowed_meters is None else ", ".join(row.allowed_meters)

    @display(description="created", ordering="pk")
    def created(self, row: PortalToken) -> str:
        return moment(row.created_at)

    @display(description="expires", ordering="expires_at")
    def expires(self, row: PortalToken) -> str:
        return moment(row.expires_at)

    @display(description="invalidated")
    def invalidated(self, row: PortalToken) -> str:
        return moment(row.invalidated_at)

    @display(description="state", label={"Usable": "success", "Invalidated": "danger", "Expired": "warning"})
    def state(self, row: PortalToken) -> str:
        if row.invalidated_at is not None:
            return "Invalidated"
        return "Expired" if row.expires_at <= clock.now() else "Usable"

    @action(description="Invalidate", url_path="invalidate", icon="block", permissions=["operate"])
    def invalidate_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> str:
            invalidate_portal_tokens(public_id=row.ulid, at=clock.now())
            return f"{row} is invalidated. The next request with it is refused."

        return run_action(
            self,
            request,
            row=row,
            title="Invalidate the token",
            explanation=f"Pages that show the usage of {row.subject} with it ask for a new one. This cannot be undone.",
            submit="Invalidate",
            run=run,
        )


@admin.register(QueryProgress)
class QueryProgressAdmin(LedgerAdmin):
    list_display = ("client_id", "success_shown", "failed_shown", "total_shown", "updated")
    search_fields = ("=client_id",)
    search_help_text = "The whole client id of the query"
    fieldsets = ((None, {"fields": ("client_id", ("success_shown", "failed_shown"), ("total_shown", "updated"))}),)
    success_shown = figure_of("success", "steps done")
    failed_shown = figure_of("failed", "steps failed")
    total_shown = figure_of("total", "steps in all")

    @display(description="updated")
    def updated(self, row: QueryProgress) -> str:
        return moment(row.updated_at)
