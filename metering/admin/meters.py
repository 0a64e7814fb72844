"""Meters: what they count, and what they would have counted before they are saved."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from metering import clock
from metering.admin.base import ConsoleAdmin
from metering.admin.display import moment
from metering.admin.filters import DeletedFilter
from metering.admin.forms import ConsoleForm, NoteField, PairsField, UnchangedSinceField
from metering.admin.meter_preview import RANGES, previewed, seen_types_panel
from metering.admin.meter_versions import groups_text, versions_context
from metering.admin.pages import find_row, run_action
from metering.models import Meter
from metering.queries.recent import recent_types
from metering.services.meters import change_meter, create_meter, delete_meter


class MeterForm(ConsoleForm):
    unless_changed_since = UnchangedSinceField()
    description = NoteField()
    metadata = PairsField(example="team = inference", required=False, help_text="One name = value a line.")
    group_by = PairsField(
        label="Group by",
        example="model = $.model",
        required=False,
        help_text="One name = path a line: where the event's data holds what usage is split by. All events there are"
        " count by the new groups at once; what was billed keeps the old ones.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        meter = kwargs.get("instance")
        version = meter and meter.versions.order_by("-number").first()
        if meter is not None and version is not None:
            stored = {"group_by": version.group_by, "unless_changed_since": meter.updated_at}
            kwargs["initial"] = {**stored, **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)

    def changes(self) -> dict[str, Any]:
        seen = {"unless_changed_since": self.cleaned_data.get("unless_changed_since")}
        changes = super().changes()
        return changes | seen if changes else {}


class NewMeterForm(MeterForm):
    # So Django leaves out the inherited field: what is not there yet cannot have changed.
    unless_changed_since = None  # type: ignore[assignment]
    event_type = forms.CharField(
        help_text="Which events it counts, such as llm_tokens.",
        widget=UnfoldAdminTextInputWidget(attrs={"list": "seen-types", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["value_property"].widget.attrs |= {"list": "seen-fields", "autocomplete": "off"}
        self.fields[
            "group_by"
        ].help_text = "One name = path a line: where the event's data holds what usage is split by."


@admin.register(Meter)
class MeterAdmin(ConsoleAdmin):
    form = MeterForm
    add_form = NewMeterForm
    change_form_template = "admin/console/meter_form.html"
    list_display = ("slug", "name", "event_type", "aggregation", "value_property", "created", "state")
    list_filter = ("aggregation", DeletedFilter)
    search_fields = ("slug", "name", "event_type", "ulid")
    search_help_text = "Slug, name, event type or id"
    ordering = ("slug",)
    add_fieldsets = (
        (None, {"fields": (("name", "slug"), ("event_type", "aggregation"), "value_property", "group_by")}),
        ("More", {"fields": ("event_from", "description", "metadata"), "classes": ("collapse",)}),
    )
    fieldsets = (
        (None, {"fields": ("name", "description", "metadata", "group_by")}),
        (
            "What it counts (fixed)",
            {
                "fields": (
                    ("slug", "event_type"),
                    ("aggregation", "value_property"),
                    ("event_from", "created_at"),
                    ("public_id", "deleted_at"),
                )
            },
        ),
    )
    actions_detail = ["delete_action"]
    readonly_fields = (
        "public_id",
        "slug",
        "event_type",
        "aggregation",
        "value_property",
        "event_from",
        "created_at",
        "deleted_at",
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else self.readonly_fields

    @display(description="group by")
    def group_by(self, row: Meter) -> SafeString | str:
        """What is shown to those who may not change it."""
        return groups_text(row.current_version)

    def get_urls(self) -> list[Any]:
        preview = path("preview/", self.admin_site.admin_view(self.preview_view), name="metering_meter_preview")
        progress = path(
            "<int:object_id>/back-fill/", self.admin_site.admin_view(self.backfill_view), name="metering_meter_backfill"
        )
        return [preview, progress, *super().get_urls()]

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """Show what the meter in the form would have measured; `meter` names one whose groups are to change."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        meter = find_row(self, request, request.GET["meter"]) if "meter" in request.GET else None
        return TemplateResponse(
            request, "admin/console/_meter_preview.html", previewed(request.GET, meter, clock.now())
        )

    def backfill_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Show the versions of a meter again, for the page that waits for their back-fill."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = versions_context(find_row(self, request, str(object_id)))
        return TemplateResponse(request, "admin/console/_meter_versions.html", context)

    def hidden_actions(self, row: Meter) -> Collection[str]:
        return {"delete-meter"} if row.deleted_at else ()

    @action(description="Delete", url_path="delete-meter", icon="delete", permissions=["operate"])
    def delete_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        meter = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> str:
            delete_meter(meter_id=meter.pk, at=clock.now())
            return f"The meter {meter} is deleted. Another one may have its slug."

        return run_action(
            self,
            request,
            row=meter,
            title="Delete",
            explanation="The meter answers no more queries, for good, and its slug is free again. Its events and what"
            " was billed by it stay.",
            submit="Delete the meter",
            run=run,
        )

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        if row is None:
            types = recent_types()
            context |= {"seen_types": types, "seen": [seen_types_panel(types)]}
        else:
            context |= versions_context(row)
        context |= {"may_preview": self._may_write(request, row), "ranges": RANGES}
        return super().render_change_form(request, context, *args, **kwargs)

    def _may_write(self, request: HttpRequest, row: Meter | None) -> bool:
        return self.has_add_permission(request) if row is None else self.has_change_permission(request, row)

    @display(description="created", ordering="pk")
    def created(self, row: Meter) -> str:
        return moment(row.created_at)

    @display(description="state", label={"Live": "success", "Deleted": "danger"})
    def state(self, row: Meter) -> str:
        return "Live" if row.deleted_at is None else "Deleted"

    def create(self, *, data: dict[str, Any], at: datetime) -> Meter:
        return create_meter(**data, at=at)

    def change(self, *, row: Meter, data: dict[str, Any], at: datetime) -> Meter:
        return change_meter(meter_id=row.pk, at=at, **data)
