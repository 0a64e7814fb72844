"""Parts of plans and add-ons, row by row: they are only written through the plan or the add-on."""

from typing import Any

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from metering.admin.base import ReadOnlyAdmin
from metering.admin.display import json_of, link_to
from pricing.admin.card_tables import extras_block
from pricing.admin.display import cadence, price_block
from pricing.models import AddonRateCard, PlanAddon, PlanPhase, RateCard


@admin.register(PlanPhase)
class PlanPhaseAdmin(ReadOnlyAdmin):
    list_display = ("name", "key", "plan_link", "position", "duration")
    list_select_related = ("plan",)
    list_filter = (("plan", AutocompleteSelectFilter),)
    search_fields = ("plan__key", "plan__name", "key", "name")
    search_help_text = "Key or name of the plan or the phase"
    ordering = ("-pk",)
    fieldsets = ((None, {"fields": ("plan", ("name", "key"), ("position", "duration"), "description")}),)
    plan_link = link_to("plan", "plan")


class _CardAdmin(ReadOnlyAdmin):
    ordering = ("-pk",)
    feature_link = link_to("feature", "feature")
    metadata_shown = json_of("metadata")

    def currency_of(self, row: Any) -> str:
        raise NotImplementedError

    @display(description="billed", ordering="billing_cadence")
    def billed(self, row: Any) -> str:
        return cadence(row.billing_cadence)

    @display(description="price")
    def price_shown(self, row: Any) -> Any:
        return price_block(row.price, self.currency_of(row))

    @display(description="and")
    def extras_shown(self, row: Any) -> Any:
        return extras_block(row.terms, self.currency_of(row))


@admin.register(RateCard)
class RateCardAdmin(_CardAdmin):
    list_display = ("name", "key", "plan_link", "type", "feature_link", "billed")
    list_select_related = ("phase__plan", "feature")
    list_filter = ("type", ("feature", AutocompleteSelectFilter))
    search_fields = ("key", "name", "phase__plan__key", "phase__plan__name")
    search_help_text = "Key or name of the rate card or its plan"
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name", "key"),
                    ("plan_link", "phase"),
                    ("type", "feature"),
                    "billed",
                    "price_shown",
                    "extras_shown",
                    "metadata_shown",
                )
            },
        ),
    )
    plan_link = link_to("phase.plan", "plan")

    def currency_of(self, row: RateCard) -> str:
        return row.phase.plan.currency


@admin.register(AddonRateCard)
class AddonRateCardAdmin(_CardAdmin):
    list_display = ("name", "key", "addon_link", "type", "feature_link", "billed")
    list_select_related = ("addon", "feature")
    list_filter = ("type", ("feature", AutocompleteSelectFilter))
    search_fields = ("key", "name", "addon__key", "addon__name")
    search_help_text = "Key or name of the rate card or its add-on"
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name", "key"),
                    "addon_link",
                    ("type", "feature"),
                    "billed",
                    "price_shown",
                    "extras_shown",
                    "metadata_shown",
                )
            },
        ),
    )
    addon_link = link_to("addon", "add-on")

    def currency_of(self, row: AddonRateCard) -> str:
        return row.addon.currency


@admin.register(PlanAddon)
class PlanAddonAdmin(ReadOnlyAdmin):
    list_display = ("addon_link", "plan_link", "from_phase_key", "max_quantity")
    list_select_related = ("addon", "plan")
    list_filter = (("plan", AutocompleteSelectFilter), ("addon", AutocompleteSelectFilter))
    search_fields = ("ulid", "plan__key", "plan__name", "addon__key", "addon__name")
    search_help_text = "Id, or key or name of the plan or the add-on"
    ordering = ("-pk",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("addon_link", "plan_link"),
                    ("from_phase_key", "max_quantity"),
                    "metadata_shown",
                    "public_id",
                )
            },
        ),
    )
    addon_link = link_to("addon", "add-on")
    plan_link = link_to("plan", "plan")
    metadata_shown = json_of("metadata")
