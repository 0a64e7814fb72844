"""Features: what is sold, and the meter that measures it."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import action, display

from metering import clock
from metering.admin.base import ConsoleAdmin
from metering.admin.display import NOTHING, Panel, json_of, link, link_to, list_url, moment
from metering.admin.forms import ChoicesOfValuesField, ConsoleForm, PairsField
from metering.admin.pages import find_row, run_action
from pricing.feature_filters import filter_words
from pricing.models import Feature, RateCard
from pricing.services.features import archive_feature, create_feature


class NewFeatureForm(ConsoleForm):
    filters = ChoicesOfValuesField(
        example="model = large, medium",
        required=False,
        help_text="Only events with these group values count. One name = value, value a line, by the meter's groups.",
    )
    metadata = PairsField(example="team = inference", required=False, help_text="One name = value a line.")


@admin.register(Feature)
class FeatureAdmin(ConsoleAdmin):
    add_form = NewFeatureForm
    refusal_fields = {"feature_key_not_unique": "key"}
    list_display = ("key", "name", "meter_link", "filters_line", "created", "state")
    list_select_related = ("meter",)
    list_filter = (("meter", AutocompleteSelectFilter), ("archived_at", admin.EmptyFieldListFilter))
    search_fields = ("key", "name", "ulid", "meter__slug")
    search_help_text = "Key, name, id, or slug of the meter"
    ordering = ("-pk",)
    autocomplete_fields = ("meter",)
    add_fieldsets = (
        (None, {"fields": (("name", "key"), "meter", "filters")}),
        ("More", {"fields": ("metadata",), "classes": ("collapse",)}),
    )
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name", "key"),
                    "meter",
                    "filters_shown",
                    "metadata_shown",
                    ("public_id", "created_at", "archived_at"),
                )
            },
        ),
    )
    meter_link = link_to("meter", "meter")
    filters_shown = json_of("filters")
    metadata_shown = json_of("metadata")
    actions_detail = ["archive_action"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # What is sold under a key stays what it is; a feature is archived and made anew.
        return obj is None and super().has_change_permission(request, obj)

    @display(description="only events with")
    def filters_line(self, row: Feature) -> str:
        return filter_words(row.filters) or NOTHING

    @display(description="created", ordering="pk")
    def created(self, row: Feature) -> str:
        return moment(row.created_at)

    @display(description="state", label={"On sale": "success", "Archived": "warning"})
    def state(self, row: Feature) -> str:
        return "On sale" if row.archived_at is None else "Archived"

    def create(self, *, data: dict[str, Any], at: datetime) -> Feature:
        return create_feature(**data, at=at)

    def panels(self, request: HttpRequest, row: Feature) -> list[Panel]:
        cards = row.ratecards.select_related("phase__plan").order_by("-pk")[:10]
        return [
            Panel(
                title="Plans that price it",
                headers=("Plan", "Rate card"),
                rows=[(link(card.phase.plan), link(card, card.name)) for card in cards],
                empty="None yet: add a usage rate card to a plan.",
                links=[("All rate cards", list_url(RateCard, feature__id__exact=row.pk))],
            )
        ]

    @action(description="Archive", url_path="archive", icon="archive", permissions=["operate"])
    def archive_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> str:
            archive_feature(feature_id=row.pk, at=clock.now())
            return f"{row} is archived."

        return run_action(
            self,
            request,
            row=row,
            title="Archive the feature",
            explanation="New plans cannot price it any more. What is subscribed goes on, and the key is free again.",
            submit="Archive",
            run=run,
        )
