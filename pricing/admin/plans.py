"""Plans: drafted with their rate cards in one form, published once, read-only from then on."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget

from metering import clock
from metering.admin.base import ConsoleAdmin, ReadOnlyAdmin
from metering.admin.display import NOTHING, Panel, change_url, link, link_to, list_url, moment
from metering.admin.forms import ConsoleForm, CurrencyChoiceField, NoteField, PairsField
from metering.admin.pages import find_row, run_action
from metering.errors import DomainError
from pricing.admin.display import cadence, cadence_choices, price_block
from pricing.admin.rate_cards import RateCards, initial_of
from pricing.models import Plan, PlanPhase, RateCard, Subscription
from pricing.services.plans import PhaseInput, change_draft, create_plan, next_plan, publish_plan

_PLAN_PATHS = {
    "$.key": "key",
    "$.name": "name",
    "$.currency": "currency",
    "$.billingCadence": "billing_cadence",
}


class PlanForm(ConsoleForm):
    """A plan and, below it, its rate cards; both are sent to one service call."""

    currency = CurrencyChoiceField(initial=settings.DEFAULT_CURRENCY)
    description = NoteField()
    metadata = PairsField(example="segment = startups", required=False, help_text="One name = value a line.")
    billing_cadence = forms.ChoiceField(
        label="Billed",
        choices=cadence_choices(),
        initial="P1M",
        widget=UnfoldAdminSelectWidget(),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "billing_cadence" in self.fields:
            self.fields["billing_cadence"].choices = cadence_choices(  # type: ignore[attr-defined]
                self.instance.billing_cadence
            )
        stored = initial_of(_cards_of(self.instance)) if self.instance.pk else []
        self.cards: Any = RateCards(self.data if self.is_bound else None, initial=stored, prefix="cards")

    def clean(self) -> dict[str, Any] | None:
        cards_are_valid = self.cards.is_valid()
        data = super().clean()
        if not cards_are_valid:
            self.add_error(None, "Mend the rate cards marked below.")
        return data

    def show_refusal(self, refusal: DomainError) -> None:
        issues = refusal.extensions.get("validationErrors")
        if not isinstance(issues, list):
            super().show_refusal(refusal)
            return
        for issue in issues:
            if self.cards.show_issue(issue["field"], issue["message"]):
                self.add_error(None, "Mend the rate cards marked below.")
            else:
                field = _PLAN_PATHS.get(issue["field"])
                self.add_error(field if field in self.fields else None, issue["message"])

    def values(self) -> dict[str, Any]:
        return {**super().values(), "rate_cards": self.cards.inputs()}

    def changes(self) -> dict[str, Any]:
        changed = {name for name in self.changed_data if name != "change_reason"}
        if self.cards.has_changed():
            changed.add("rate_cards")
        return {name: value for name, value in self.values().items() if name in changed}


class PlanStatusFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("draft", "Draft"), ("active", "Active"), ("archived", "Archived")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        now = clock.now()
        match self.value():
            case "draft":
                return queryset.filter(effective_from=None)
            case "active":
                return queryset.active(now)
            case "archived":
                return queryset.filter(effective_to__lte=now)
        return queryset


@admin.register(Plan)
class PlanAdmin(ConsoleAdmin):
    form = PlanForm
    change_form_template = "admin/console/plan_form.html"
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
    list_filter = (PlanStatusFilter, "currency")
    search_fields = ("key", "name", "ulid")
    search_help_text = "Key, name or id"
    ordering = ("-pk",)
    add_fieldsets = (
        (None, {"fields": (("name", "key"), ("currency", "billing_cadence"), "description")}),
        ("More", {"fields": ("metadata",), "classes": ("collapse",)}),
    )
    fieldsets = (
        (None, {"fields": (("name", "key"), ("currency", "billing_cadence"), "description")}),
        (
            "More",
            {
                "fields": ("metadata", ("version", "public_id"), ("effective_from", "effective_to")),
                "classes": ("collapse",),
            },
        ),
    )
    readonly_fields = ("version", "public_id", "effective_from", "effective_to")
    actions_detail = ["publish_action", "next_version_action"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else ("key", *self.readonly_fields)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Actions hand over an id instead of a plan; they are checked as a whole.
        published = isinstance(obj, Plan) and obj.effective_from is not None
        return not published and super().has_change_permission(request, obj)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        # Without its form's choices the cadence would read P1M.
        facts = (("name", "key"), ("currency", "billed"), "description")
        return [(None, {"fields": facts}), *fieldsets[1:]]

    def hidden_actions(self, row: Plan) -> Collection[str]:
        return {"next-version"} if row.effective_from is None else {"publish"}

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        found, repeats = super().get_search_results(request, queryset, search_term)
        if request.GET.get("model_name") == Subscription._meta.model_name:
            # Suggestions for a new subscription: only what can be subscribed to.
            found = found.filter(effective_from__isnull=False, effective_to=None, deleted_at=None)
        return found, repeats

    @display(description="name", ordering="name")
    def name_shown(self, row: Plan) -> str:
        return row.name

    @display(description="version", ordering="version")
    def version_shown(self, row: Plan) -> str:
        return f"v{row.version}"

    @display(
        description="state", label={"Draft": "warning", "Active": "success", "Scheduled": "info", "Archived": "default"}
    )
    def state(self, row: Plan) -> str:
        return row.status(clock.now()).label

    @display(description="billed", ordering="billing_cadence")
    def billed(self, row: Plan) -> str:
        return cadence(row.billing_cadence)

    @display(description="in force from", ordering="effective_from")
    def in_force_from(self, row: Plan) -> str:
        return moment(row.effective_from)

    @display(description="subscriptions")
    def subscriptions_link(self, row: Plan) -> Any:
        url = list_url(Subscription, plan__id__exact=row.pk)
        return format_html('<a href="{}" class="text-link">Subscriptions</a>', url)

    def create(self, *, data: dict[str, Any], at: datetime) -> Plan:
        return create_plan(**_with_phase(data), at=at)

    def change(self, *, row: Plan, data: dict[str, Any], at: datetime) -> Plan:
        return change_draft(plan_id=row.pk, at=at, **_with_phase(data, row.phases.first()))

    def panels(self, request: HttpRequest, row: Plan) -> list[Panel]:
        versions = Panel(
            title="Versions",
            headers=("Version", "State", "In force from", "Until", ""),
            rows=[
                (
                    link(found),
                    found.status(clock.now()).label,
                    moment(found.effective_from),
                    moment(found.effective_to),
                    self.subscriptions_link(found),
                )
                for found in Plan.objects.filter(key=row.key).order_by("-version")[:10]
            ],
            empty="",
        )
        # A draft's rate cards are in the form itself.
        return [versions] if row.effective_from is None else [rate_cards_panel(row), versions]

    @action(description="Publish", url_path="publish", icon="publish", permissions=["operate"])
    def publish_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> str:
            return f"{publish_plan(plan_id=row.pk, at=clock.now())} is in force for new subscriptions."

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
            return format_html('<a href="{}">{}</a> is drafted: change and publish it.', change_url(draft), draft)

        return run_action(
            self,
            request,
            row=row,
            title="Draft the next version",
            explanation="Makes a draft with the same rate cards, to change and publish. Nothing changes for customers.",
            submit="Make the draft",
            run=run,
        )


def _cards_of(plan: Plan) -> list[RateCard]:
    cards = RateCard.objects.filter(phase__plan=plan).select_related("feature__meter")
    return list(cards.order_by("phase__position", "position", "pk"))


def _with_phase(data: dict[str, Any], phase: PlanPhase | None = None) -> dict[str, Any]:
    if "rate_cards" not in data:
        return data
    others = {name: value for name, value in data.items() if name != "rate_cards"}
    if phase is None:
        return others | {"phases": [PhaseInput(data["rate_cards"])]}
    return others | {"phases": [PhaseInput(data["rate_cards"], phase.key, phase.name)]}


def rate_cards_panel(plan: Plan) -> Panel:
    """Show what a plan charges."""
    return Panel(
        title="Rate cards",
        headers=("Name", "Key", "Measured by", "Billed", "Price"),
        rows=[
            (
                link(card, card.name),
                card.key,
                link(card.feature.meter) if card.feature and card.feature.meter else NOTHING,
                cadence(card.billing_cadence),
                price_block(card.price, plan.currency),
            )
            for card in _cards_of(plan)
        ],
        empty="None: this plan charges nothing.",
    )


@admin.register(PlanPhase)
class PlanPhaseAdmin(ReadOnlyAdmin):
    list_display = ("name", "key", "plan_link", "position", "duration")
    list_select_related = ("plan",)
    list_filter = (("plan", AutocompleteSelectFilter),)
    search_fields = ("plan__key", "plan__name", "key", "name")
    search_help_text = "Key or name of the plan or the phase"
    ordering = ("-pk",)
    fieldsets = ((None, {"fields": ("plan", ("name", "key"), ("position", "duration"))}),)
    plan_link = link_to("plan", "plan")


@admin.register(RateCard)
class RateCardAdmin(ReadOnlyAdmin):
    list_display = ("name", "key", "plan_link", "type", "feature_link", "billed")
    list_select_related = ("phase__plan", "feature")
    list_filter = ("type", ("feature", AutocompleteSelectFilter))
    search_fields = ("key", "name", "phase__plan__key", "phase__plan__name")
    search_help_text = "Key or name of the rate card or its plan"
    ordering = ("-pk",)
    fieldsets = (
        (None, {"fields": (("name", "key"), ("plan_link", "phase"), ("type", "feature"), "billed", "price_shown")}),
    )
    plan_link = link_to("phase.plan", "plan")
    feature_link = link_to("feature", "feature")

    @display(description="billed", ordering="billing_cadence")
    def billed(self, row: RateCard) -> str:
        return cadence(row.billing_cadence)

    @display(description="price")
    def price_shown(self, row: RateCard) -> Any:
        return price_block(row.price, row.phase.plan.currency)
