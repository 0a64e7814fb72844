"""Add-ons: drafted with their rate cards in one form, published once, read-only from then on."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import path
from unfold.decorators import action, display

from metering import clock
from metering.admin.display import Number, Panel, change_url, figure, link
from metering.admin.forms import CurrencyChoiceField, NoteField, PairsField
from metering.admin.pages import find_row, run_action
from metering.errors import DomainError
from pricing.addon_rules import addon_issues
from pricing.admin.card_inputs import blank_card, card_tree
from pricing.admin.card_tables import cards_panel
from pricing.admin.editor import EditorAdmin, EditorForm, VersionStatusFilter, drafted, joined, same_terms
from pricing.admin.editor_rows import Tree
from pricing.admin.plan_forms import PlanForm
from pricing.admin.price_preview import Choice, preview_page
from pricing.admin.rate_cards import RateCardForm
from pricing.models import Addon
from pricing.services.addons import (
    addon_input_of,
    archive_addon,
    change_addon_draft,
    create_addon,
    next_addon,
    publish_addon,
)

_FACTS = (("name", "key"), ("currency", "instance_type"), "description")


class AddonForm(EditorForm):
    lists = {"cards": RateCardForm}
    json_lists = {"rateCards": "cards"}
    paths = {
        "$.key": "key",
        "$.name": "name",
        "$.currency": "currency",
        "$.instanceType": "instance_type",
    }
    blanks = PlanForm.blanks

    currency = CurrencyChoiceField(initial=settings.DEFAULT_CURRENCY)
    description = NoteField()
    metadata = PairsField(example="team = sales", required=False, help_text="One name = value a line.")

    def stored_tree(self) -> Tree:
        if self.instance.pk is None:
            return {"cards": [blank_card()]}
        if "currency" not in self.fields:
            # A published add-on is shown as tables.
            return {}
        return {"cards": [card_tree(card.terms) for card in addon_input_of(self.instance).rate_cards]}

    def values(self) -> dict[str, Any]:
        return {**super().values(), "rate_cards": [row.to_input() for row in self.rows["cards"]]}

    def changes(self) -> dict[str, Any]:
        values = self.values()
        changed = {name: value for name, value in values.items() if name in self.changed_data}
        changed.pop("change_reason", None)
        cards, stored = values["rate_cards"], addon_input_of(self.instance).rate_cards
        same = len(cards) == len(stored)
        if not same or not all(same_terms(a.terms, b.terms) for a, b in zip(cards, stored, strict=True)):
            changed["rate_cards"] = cards
        return changed


@admin.register(Addon)
class AddonAdmin(EditorAdmin):
    form = AddonForm
    rows_template = "admin/console/_addon_rows.html"
    refusal_fields = {"addon_draft_exists": "key"}
    list_display = ("name_shown", "key", "version_shown", "state", "currency", "sold", "in_force_from")
    list_filter = (VersionStatusFilter, "currency", "instance_type")
    search_fields = ("key", "name", "ulid")
    search_help_text = "Key, name or id"
    ordering = ("-pk",)
    add_fieldsets = (
        (None, {"fields": _FACTS}),
        ("More", {"fields": ("metadata",), "classes": ("collapse",)}),
    )
    fieldsets = (
        (None, {"fields": _FACTS}),
        (
            "More",
            {
                "fields": ("metadata", ("version", "public_id"), ("effective_from", "effective_to")),
                "classes": ("collapse",),
            },
        ),
    )
    readonly_fields = ("version", "public_id", "effective_from", "effective_to")

    def get_urls(self) -> list[Any]:
        preview = path(
            "<path:object_id>/preview/", self.admin_site.admin_view(self.preview_view), name="pricing_addon_preview"
        )
        return [preview, *super().get_urls()]

    def preview_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what a rate card of a stored add-on costs, or of one that is being written."""
        row = None if object_id == "new" else find_row(self, request, object_id)
        return preview_page(self, request, row, _stored_cards(row) if row else {})

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else ("key", *self.readonly_fields)

    @display(description="sold", ordering="instance_type")
    def sold(self, row: Addon) -> str:
        return row.get_instance_type_display().lower()

    def create(self, *, data: dict[str, Any], at: datetime) -> Addon:
        return create_addon(**data, at=at)

    def change(self, *, row: Addon, data: dict[str, Any], at: datetime) -> Addon:
        return change_addon_draft(addon_id=row.pk, at=at, **data)

    def row_context(self, request: HttpRequest, row: Any) -> dict[str, object]:
        if row is None:
            return {}
        is_draft = row.effective_from is None and row.deleted_at is None
        return {
            "preview_choices": [Choice(key, card.name) for key, card in _stored_cards(row).items()],
            "open_issues": addon_issues(addon_input_of(row).facts) if is_draft else [],
        }

    def panels(self, request: HttpRequest, row: Addon) -> list[Panel]:
        # A draft's rate cards are in the form itself.
        cards = [] if self.may_edit(request, row) else [_cards_panel(row)]
        return [*cards, _plans_panel(row), self.versions_panel(row)]

    @action(description="Publish", url_path="publish", icon="publish", permissions=["operate"])
    def publish_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> str:
            try:
                return f"{publish_addon(addon_id=row.pk, at=clock.now())} is on sale."
            except DomainError as refusal:
                raise joined(refusal) from refusal

        return run_action(
            self,
            request,
            row=row,
            title="Publish the add-on",
            explanation="From now on plans can offer this version, which cannot change any more; the one before it is "
            "archived. Customers who have it keep it.",
            submit="Publish",
            run=run,
        )

    @action(description="Draft the next version", url_path="next-version", icon="difference", permissions=["operate"])
    def next_version_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> Any:
            draft = next_addon(addon_id=row.pk, at=clock.now())
            return drafted(draft, change_url(draft))

        return run_action(
            self,
            request,
            row=row,
            title="Draft the next version",
            explanation="Makes a draft with the same rate cards, to change and publish. Nothing changes for customers.",
            submit="Make the draft",
            run=run,
        )

    @action(description="Archive", url_path="archive", icon="archive", permissions=["operate"])
    def archive_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> str:
            return f"{archive_addon(addon_id=row.pk, at=clock.now())} is archived."

        return run_action(
            self,
            request,
            row=row,
            title="Archive the add-on",
            explanation="No subscription can take it from now on. Customers who have it keep it.",
            submit="Archive",
            run=run,
        )


def _stored_cards(addon: Addon) -> dict[str, Any]:
    """Return the rate cards by the name of their row in the editor."""
    return {f"cards-{number}": card for number, card in enumerate(addon_input_of(addon).rate_cards)}


def _cards_panel(addon: Addon) -> Panel:
    return cards_panel("Rate cards", addon_input_of(addon).rate_cards, addon.currency)


def _plans_panel(addon: Addon) -> Panel:
    return Panel(
        title="Plans that offer it",
        headers=("Plan", "From the phase", Number("At most")),
        rows=[
            (
                link(offer.plan),
                offer.from_phase_key,
                "any number" if offer.max_quantity is None else figure(offer.max_quantity),
            )
            for offer in addon.plan_addons.select_related("plan").order_by("-pk")[:20]
        ],
        empty="None yet: offer it on a draft of a plan.",
    )
