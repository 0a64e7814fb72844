"""Meters and what they have counted: versions, series, buckets."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateTimeFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from metering.admin.base import ConsoleAdmin, LedgerAdmin, ReadOnlyAdmin
from metering.admin.display import NOTHING, Panel, figure, figure_of, json_of, link, link_to, list_url, moment
from metering.admin.filters import DeletedFilter, exactly
from metering.admin.forms import ConsoleForm, NoteField, PairsField
from metering.models import Bucket, Event, Meter, MeterVersion, Series
from metering.services.meters import change_meter, create_meter


class MeterForm(ConsoleForm):
    description = NoteField()
    metadata = PairsField(example="team = inference", required=False, help_text="One name = value a line.")


class NewMeterForm(MeterForm):
    event_type = forms.CharField(
        help_text="Which events it counts, such as llm_tokens.", widget=UnfoldAdminTextInputWidget()
    )
    group_by = PairsField(
        label="Group by",
        example="model = $.model",
        required=False,
        help_text="One name = path a line: where the event's data holds what usage is split by.",
    )


@admin.register(Meter)
class MeterAdmin(ConsoleAdmin):
    form = MeterForm
    add_form = NewMeterForm
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
        (None, {"fields": ("name", "description", "metadata")}),
        (
            "What it counts (fixed)",
            {
                "fields": (
                    ("slug", "event_type"),
                    ("aggregation", "value_property"),
                    "group_by_shown",
                    ("event_from", "created_at"),
                    ("public_id", "deleted_at"),
                )
            },
        ),
    )
    readonly_fields = (
        "public_id",
        "slug",
        "event_type",
        "aggregation",
        "value_property",
        "group_by_shown",
        "event_from",
        "created_at",
        "deleted_at",
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else self.readonly_fields

    @display(description="group by")
    def group_by_shown(self, row: Meter) -> SafeString | str:
        paths = row.current_version.group_by
        return format_html("{}", "; ".join(f"{name} = {path}" for name, path in paths.items())) if paths else NOTHING

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

    def panels(self, request: HttpRequest, row: Meter) -> list[Panel]:
        versions = row.versions.order_by("-number")[:10]
        events = list_url(Event, type=row.event_type)
        return [
            Panel(
                title="Versions",
                headers=("Version", "Counts batches after", "Earlier ones counted", "Series", "Made"),
                rows=[
                    (
                        link(version),
                        figure(version.floor_batch),
                        moment(version.backfilled_at) if version.backfilled_at else "not yet",
                        _series_link(version),
                        moment(version.created_at),
                    )
                    for version in versions
                ],
                empty="None: this meter counts nothing.",
                links=[("Its events", events)],
            )
        ]


def _series_link(version: MeterVersion) -> SafeString:
    url = list_url(Series, meter_version__id__exact=version.pk)
    return format_html('<a href="{}" class="text-link">Series</a>', url)


@admin.register(MeterVersion)
class MeterVersionAdmin(ReadOnlyAdmin):
    list_display = ("version", "meter_link", "groups", "floor_batch", "backfilled", "created")
    list_select_related = ("meter",)
    list_filter = (("backfilled_at", admin.EmptyFieldListFilter),)
    search_fields = ("meter__slug", "meter__name")
    search_help_text = "Slug or name of the meter"
    ordering = ("-pk",)
    fieldsets = (
        (None, {"fields": (("meter", "number"), "group_by_shown", ("floor_batch", "backfilled_at"), "created_at")}),
    )
    meter_link = link_to("meter", "meter")
    group_by_shown = json_of("group_by")

    @display(description="version", ordering="meter__slug")
    def version(self, row: MeterVersion) -> str:
        return str(row)

    @display(description="group by")
    def groups(self, row: MeterVersion) -> str:
        return ", ".join(row.group_keys) or NOTHING

    @display(description="earlier batches counted", ordering="backfilled_at")
    def backfilled(self, row: MeterVersion) -> str:
        return moment(row.backfilled_at)

    @display(description="made", ordering="pk")
    def created(self, row: MeterVersion) -> str:
        return moment(row.created_at)


@admin.register(Series)
class SeriesAdmin(LedgerAdmin):
    list_display = ("id", "meter_link", "subject", "groups", "buckets_link")
    list_select_related = ("meter_version__meter",)
    list_filter = (("meter_version", AutocompleteSelectFilter), exactly("subject"))
    search_fields = ("subject__exact",)
    search_help_text = "The whole subject"
    sortable_by = ()
    fieldsets = ((None, {"fields": (("meter_version", "subject"), "groups", "buckets_link", "hash")}),)
    meter_link = link_to("meter_version", "meter")

    @display(description="group values")
    def groups(self, row: Series) -> str:
        pairs = zip(row.meter_version.group_keys, row.group_values, strict=False)
        return ", ".join(f"{name} = {value}" for name, value in pairs) or NOTHING

    @display(description="buckets")
    def buckets_link(self, row: Series) -> SafeString:
        return format_html('<a href="{}" class="text-link">Buckets</a>', list_url(Bucket, series__id__exact=row.pk))


@admin.register(Bucket)
class BucketAdmin(LedgerAdmin):
    list_display = ("start", "meter", "subject", "groups", "events_shown", "sum_shown", "max_batch")
    list_select_related = ("series__meter_version__meter",)
    list_filter = (("start_at", RangeDateTimeFilter),)
    search_fields = ("series__subject__exact",)
    search_help_text = "The whole subject"
    sortable_by = ()
    fieldsets = (
        (
            None,
            {"fields": (("series_link", "start_at"), ("events_shown", "values_shown"), "sum_shown", "max_batch")},
        ),
    )
    meter = link_to("series.meter_version", "meter")
    series_link = link_to("series", "series")
    events_shown = figure_of("events")
    values_shown = figure_of("values")
    sum_shown = figure_of("sum")

    @display(description="quarter hour")
    def start(self, row: Bucket) -> str:
        return moment(row.start_at)

    @display(description="subject")
    def subject(self, row: Bucket) -> str:
        return row.series.subject

    @display(description="group values")
    def groups(self, row: Bucket) -> str:
        return ", ".join(row.series.group_values) or NOTHING
