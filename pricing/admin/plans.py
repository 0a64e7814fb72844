"""Plans: drafted with phases, rate cards and offers in one form, published once, read-only from then on."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.html import format_html
from unfold.decorators import action, display

from metering import clock
from metering.admin.display import Number, Panel, change_url, figure, link, list_url
from metering.admin.pages import find_row, run_action
from metering.errors import DomainError
from pricing.admin.card_tables import cards_panel
from pricing.admin.display import cadence, money
from pricing.admin.editor import EditorAdmin, VersionStatusFilter, drafted, joined
from pricing.admin.plan_forms import PlanForm
from pricing.admin.price_preview import Choice, preview_page
from pricing.models import Plan, Subscription
from pricing.plan_warnings import plan_warnings
from pricing.services.plan_drafts import change_offered_plan, create_offered_plan
from pricing.services.plans import archive_plan, next_plan, open_issues, publish_plan
from pricing.services.stored_plans import input_of

_FACTS = (("name", "key"), ("currency", "billing_cadence"), "description")
_TERMS_TITLE = "Minimum and proration"
_TERMS = (("minimum_amount", "prorate_minimum"), ("is_prorating", "carries_usage"))


@admin.register(Plan)
class PlanAdmin(EditorAdmin):
    form = PlanForm
    rows_template = "admin/console/_plan_rows.html"
    refusal_fields = {"plan_draft_exists": "key"}
    list_display = (
        "name_shown",
        "key",
        "version_shown",
        "state",
        "currency",
        "billed",
        "in_force_from",
        "subscriptions_link",
    )
    list_filter = (VersionStatusFilter, "currency")
    search_fields = ("key", "name", "ulid")
    search_help_text = "Key, name or id"
    ordering = ("-pk",)
    add_fieldsets = (
        (None, {"fields": _FACTS}),
        (_TERMS_TITLE, {"fields": _TERMS, "classes": ("collapse",)}),
        ("More", {"fields": ("metadata",), "classes": ("collapse",)}),
    )
    fieldsets = (
        (None, {"fields": _FACTS}),
        (_TERMS_TITLE, {"fields": _TERMS, "classes": ("collapse",)}),
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
            "<path:object_id>/preview/", self.admin_site.admin_view(self.preview_view), name="pricing_plan_preview"
        )
        return [preview, *super().get_urls()]

    def preview_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what a rate card of a stored plan costs, or of one that is being written."""
        row = None if object_id == "new" else find_row(self, request, object_id)
        return preview_page(self, request, row, _stored_cards(row) if row else {})

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else ("key", *self.readonly_fields)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        # Without its form's choices the cadence would read P1M.
        facts = (("name", "key"), ("currency", "billed"), "description")
        terms = (("minimum_shown", "prorate_minimum"), ("is_prorating", "carries_usage"))
        return [(None, {"fields": facts}), (_TERMS_TITLE, {"fields": terms, "classes": ("collapse",)}), *fieldsets[2:]]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        found, repeats = super().get_search_results(request, queryset, search_term)
        if request.GET.get("model_name") == Subscription._meta.model_name:
            # Suggestions for a new subscription: only what can be subscribed to.
            found = found.filter(pk__in=Plan.objects.in_force().values("pk"))
        return found, repeats

    @display(description="billed", ordering="billing_cadence")
    def billed(self, row: Plan) -> str:
        return cadence(row.billing_cadence)

    @display(description="minimum amount")
    def minimum_shown(self, row: Plan) -> str:
        return money(row.minimum_amount, row.currency)

    @display(description="subscriptions")
    def subscriptions_link(self, row: Plan) -> Any:
        url = list_url(Subscription, plan__id__exact=row.pk)
        return format_html('<a href="{}" class="text-link">Subscriptions</a>', url)

    def create(self, *, data: dict[str, Any], at: datetime) -> Plan:
        return create_offered_plan(**data, at=at)

    def change(self, *, row: Plan, data: dict[str, Any], at: datetime) -> Plan:
        return change_offered_plan(plan_id=row.pk, at=at, **data)

    def row_context(self, request: HttpRequest, row: Any) -> dict[str, object]:
        if row is None:
            return {}
        given = input_of(row)
        is_draft = row.effective_from is None and row.deleted_at is None
        return {
            "preview_choices": [Choice(key, card.name) for key, card in _stored_cards(row).items()],
            "open_issues": open_issues(row, at=clock.now()) if is_draft else [],
            "warnings": plan_warnings(given.facts),
        }

    def panels(self, request: HttpRequest, row: Plan) -> list[Panel]:
        # A draft's rows are in the form itself.
        fixed = [] if self.may_edit(request, row) else [*_phase_panels(row), _offers_panel(row)]
        return [*fixed, self.versions_panel(row)]

    @action(description="Publish", url_path="publish", icon="publish", permissions=["operate"])
    def publish_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> str:
            try:
                return f"{publish_plan(plan_id=row.pk, at=clock.now())} is in force for new subscriptions."
            except DomainError as refusal:
                raise joined(refusal) from refusal

        return run_action(
            self,
            request,
            row=row,
            title="Publish the plan",
            explanation="From now on new subscriptions take this version, which cannot change any more; the one before "
            "it is archived. Customers who have it keep it.",
            submit="Publish",
            run=run,
        )

    @action(description="Draft the next version", url_path="next-version", icon="difference", permissions=["operate"])
    def next_version_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> Any:
            draft = next_plan(plan_id=row.pk, at=clock.now())
            return drafted(draft, change_url(draft))

        return run_action(
            self,
            request,
            row=row,
            title="Draft the next version",
            explanation="Makes a draft with the same phases, rate cards and add-ons, to change and publish. Nothing "
            "changes for customers.",
            submit="Make the draft",
            run=run,
        )

    @action(description="Archive", url_path="archive", icon="archive", permissions=["operate"])
    def archive_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> str:
            return f"{archive_plan(plan_id=row.pk, at=clock.now())} is archived."

        return run_action(
            self,
            request,
            row=row,
            title="Archive the plan",
            explanation="Nobody can subscribe to it from now on. Customers who have it keep it.",
            submit="Archive",
            run=run,
        )


def _stored_cards(plan: Plan) -> dict[str, Any]:
    """Return the rate cards by the name of their row in the editor."""
    return {
        f"phases-{place}-cards-{number}": card
        for place, phase in enumerate(input_of(plan).phases)
        for number, card in enumerate(phase.rate_cards)
    }


def _phase_panels(plan: Plan) -> list[Panel]:
    phases = input_of(plan).phases
    return [
        cards_panel(
            f"{phase.name} ({phase.key}), {f'for {phase.duration}' if phase.duration else 'until the end'}",
            phase.rate_cards,
            plan.currency,
        )
        for phase in phases
    ]


def _offers_panel(plan: Plan) -> Panel:
    return Panel(
        title="Add-ons it offers",
        headers=("Add-on", "From the phase", Number("At most")),
        rows=[
            (
                link(offer.addon),
                offer.from_phase_key,
                "any number" if offer.max_quantity is None else figure(offer.max_quantity),
            )
            for offer in plan.plan_addons.select_related("addon").order_by("pk")
        ],
        empty="None.",
    )
