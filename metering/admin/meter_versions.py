"""The versions of meters, and how far the back-fill of each is."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from metering.admin.base import ReadOnlyAdmin
from metering.admin.display import NOTHING, Number, Panel, figure, json_of, link, link_to, list_url, moment, percent
from metering.models import Event, Meter, MeterVersion, Series
from metering.queries.backfill import Backfill, backfill_of, with_backfill

_SHOWN_VERSIONS = 10


def versions_context(meter: Meter) -> dict[str, Any]:
    """Return what the panel of a meter's versions shows, and the address to ask again while one is being filled."""
    versions = list(with_backfill(meter.versions.order_by("-number"))[:_SHOWN_VERSIONS])
    backfills = {version.pk: backfill_of(version) for version in versions}
    panel = Panel(
        title="Versions",
        headers=("Version", "Groups", Number("Counts batches after"), "Earlier events in buckets", "Series", "Made"),
        rows=[
            (
                link(version),
                groups_text(version),
                figure(version.floor_batch),
                _shown(version, backfills[version.pk]),
                _series_link(version),
                moment(version.created_at),
            )
            for version in versions
        ],
        empty="None: this meter counts nothing.",
        links=[("Its events", list_url(Event, type=meter.event_type))],
    )
    is_filling = any(backfills.values())
    return {
        "versions": panel,
        "backfill_url": reverse("admin:metering_meter_backfill", args=(meter.pk,)) if is_filling else None,
    }


def groups_text(version: MeterVersion) -> SafeString | str:
    """Show a version's groups with their paths."""
    pairs = (f"{name} = {path}" for name, path in version.group_by.items())
    return format_html("{}", "; ".join(pairs)) if version.group_by else NOTHING


def _shown(version: MeterVersion, backfill: Backfill | None) -> str:
    if backfill is None:
        return f"all, since {moment(version.backfilled_at)}"
    more = "more than " if backfill.has_more else ""
    share = percent(backfill.done, backfill.total)
    return f"{share}, {more}{figure(backfill.events_left)} events left, read one by one until then"


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
        (None, {"fields": (("meter", "number"), "group_by_shown", ("floor_batch", "backfilled"), "created_at")}),
    )
    meter_link = link_to("meter", "meter")
    group_by_shown = json_of("group_by")

    def get_queryset(self, request: HttpRequest) -> Any:
        return with_backfill(super().get_queryset(request))

    @display(description="version", ordering="meter__slug")
    def version(self, row: MeterVersion) -> str:
        return str(row)

    @display(description="group by")
    def groups(self, row: MeterVersion) -> str:
        return ", ".join(row.group_keys) or NOTHING

    @display(description="earlier events in buckets", ordering="backfilled_at")
    def backfilled(self, row: MeterVersion) -> str:
        return _shown(row, backfill_of(row))

    @display(description="made", ordering="pk")
    def created(self, row: MeterVersion) -> str:
        return moment(row.created_at)
