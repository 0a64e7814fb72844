"""Test clocks: time that operators move by hand."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSplitDateTimeWidget

from metering import clock
from metering.admin.base import ConsoleAdmin
from metering.admin.display import Panel, link, list_url, moment
from metering.admin.pages import ActionForm, find_row, run_action
from metering.models import Customer, TestClock
from metering.services.clocks import create_test_clock, move_test_clock


class MoveForm(ActionForm):
    to = forms.SplitDateTimeField(label="Move to", widget=UnfoldAdminSplitDateTimeWidget())


@admin.register(TestClock)
class TestClockAdmin(ConsoleAdmin):
    list_display = ("name", "now_shown", "customer_count", "created")
    search_fields = ("name", "ulid")
    search_help_text = "Name or id"
    ordering = ("-pk",)
    refusal_fields = {"clock_moves_forward": "to"}
    add_fieldsets = ((None, {"fields": ("name", "now_at")}),)
    fieldsets = ((None, {"fields": ("name", "now_at", ("public_id", "created_at"))}),)
    readonly_fields = ("public_id", "created_at")
    actions_detail = ["move_action"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Its name stays and its time is moved by the action alone.
        return obj is None and super().has_change_permission(request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[TestClock]:
        return super().get_queryset(request).annotate(customers_there=Count("customers"))

    @display(description="now", ordering="now_at")
    def now_shown(self, row: TestClock) -> str:
        return moment(row.now_at)

    @display(description="customers", ordering="customers_there")
    def customer_count(self, row: TestClock) -> int:
        return row.customers_there  # type: ignore[attr-defined]

    @display(description="created", ordering="pk")
    def created(self, row: TestClock) -> str:
        return moment(row.created_at)

    def create(self, *, data: dict[str, Any], at: datetime) -> TestClock:
        return create_test_clock(**data, at=at)

    def panels(self, request: HttpRequest, row: TestClock) -> list[Panel]:
        return [
            Panel(
                title="Customers on this clock",
                headers=("Customer", "Created"),
                rows=[(link(found), moment(found.created_at)) for found in row.customers.order_by("pk")[:20]],
                empty="None yet: choose this clock when you add a customer.",
                links=[("All of them", list_url(Customer, test_clock__id__exact=row.pk))],
            )
        ]

    @action(description="Move to …", url_path="move", icon="fast_forward", permissions=["operate"])
    def move_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> str:
            moved = move_test_clock(clock_id=row.pk, to=data["to"], at=clock.now())
            return f"{moved.name} now says {moment(moved.now_at)}."

        return run_action(
            self,
            request,
            row=row,
            title="Move the clock",
            explanation=f"The clock says {moment(row.now_at)} and moves forward only. "
            "What falls due for its customers is billed by the next billing run.",
            submit="Move",
            run=run,
            form_class=MoveForm,
            initial={"to": row.now_at},
            refusal_fields={"clock_moves_forward": "to"},
        )
