"""Subjects, and which customer they belong to."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSplitDateTimeWidget

from metering import clock
from metering.admin.base import LedgerAdmin, ReadOnlyAdmin
from metering.admin.display import NOTHING, Panel, figure_of, json_of, link, link_to, moment
from metering.admin.events import events_link
from metering.admin.pages import ReasonedForm, find_row, run_action
from metering.models import Customer, Subject, SubjectLink, SubjectSearch
from metering.services.subject_moves import end_links, move_subject


class FromForm(ReasonedForm):
    from_at = forms.SplitDateTimeField(
        label="From",
        required=False,
        help_text="In the time of events; what was used before stays where it is. Empty: over all time.",
        widget=UnfoldAdminSplitDateTimeWidget(),
    )


class MoveForm(FromForm):
    customer = forms.ModelChoiceField(
        Customer.objects.live(),
        widget=AutocompleteSelect(SubjectLink._meta.get_field("customer"), admin.site),
        error_messages={"invalid_choice": "Choose a customer that was not deleted."},
    )
    field_order = ("customer", "from_at")


@admin.register(Subject)
class SubjectAdmin(ReadOnlyAdmin):
    list_display = ("key", "display_name", "customers", "events", "created")
    search_fields = ("key__exact", "display_name", "ulid__exact", "links__customer__name")
    search_help_text = "The whole subject, or part of its display name or its customer's name"
    ordering = ("-pk",)
    fieldsets = ((None, {"fields": ("key", "display_name", "public_id", "metadata_shown", "created_at")}),)

    metadata_shown = json_of("metadata")
    actions_detail = ["move_action", "end_action"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Subject]:
        current = SubjectLink.objects.known_at(None).select_related("customer")
        return super().get_queryset(request).prefetch_related(Prefetch("links", current, to_attr="current_links"))

    @display(description="customer")
    def customers(self, row: Subject) -> SafeString | str:
        links = getattr(row, "current_links", ())
        return format_html_join(", ", "{}", ((link(found.customer),) for found in links)) or NOTHING

    @display(description="events")
    def events(self, row: Subject) -> SafeString:
        return events_link(row.key)

    @display(description="created", ordering="pk")
    def created(self, row: Subject) -> str:
        return moment(row.created_at)

    def panels(self, request: HttpRequest, row: Subject) -> list[Panel]:
        links = row.links.select_related("customer", "made_batch", "ended_batch").order_by("-pk")[:20]
        return [
            Panel(
                title="Whose events these are",
                headers=("Customer", "From", "To", "Made by", "Ended by"),
                rows=[
                    (
                        link(found.customer),
                        moment(found.from_at) if found.from_at else "since ever",
                        moment(found.to_at) if found.to_at else "for ever",
                        link(found.made_batch),
                        link(found.ended_batch),
                    )
                    for found in links
                ],
                empty="Nobody's: these events belong to no customer.",
            )
        ]

    @action(description="Move to another customer", url_path="move", icon="move_up", permissions=["operate"])
    def move_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> str:
            customer = data["customer"]
            move_subject(
                subject_key=row.key,
                customer_id=customer.pk,
                from_at=data["from_at"],
                reason=data["change_reason"],
                at=clock.now(),
            )
            return f"Events of {row} are {customer.name}'s, {_since(data['from_at'])}."

        explanation = f"{_whose(row)} Usage from the time you name on becomes the other customer's."
        return self._change_links(request, row, "Move to another customer", explanation, run, MoveForm)

    @action(description="End its link", url_path="end-link", icon="link_off", permissions=["operate"])
    def end_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> str:
            end_links(subject_key=row.key, from_at=data["from_at"], reason=data["change_reason"], at=clock.now())
            return f"Events of {row} are nobody's, {_since(data['from_at'])}."

        explanation = f"{_whose(row)} Usage from the time you name on becomes nobody's."
        return self._change_links(request, row, "End its link", explanation, run, FromForm)

    def _change_links(
        self,
        request: HttpRequest,
        row: Subject,
        title: str,
        explanation: str,
        run: Callable[[dict[str, Any]], str],
        form_class: type[FromForm],
    ) -> HttpResponse:
        note = " Issued invoices stay; the next ones bill the difference."
        return run_action(
            self,
            request,
            row=row,
            title=title,
            explanation=explanation + note,
            submit=title,
            run=run,
            form_class=form_class,
            initial={"from_at": clock.now()},
        )


@admin.register(SubjectLink)
class SubjectLinkAdmin(LedgerAdmin):
    is_tracked = True
    list_display = ("subject_link", "customer_link", "from_shown", "to_shown", "made_link", "ended_link")
    list_display_links = None
    list_select_related = ("subject", "customer", "made_batch", "ended_batch")
    list_filter = (("customer", AutocompleteSelectFilter), ("ended_batch", admin.EmptyFieldListFilter))
    search_fields = ("subject__key__exact", "customer__name", "customer__key")
    search_help_text = "The whole subject, or name or key of the customer"
    fieldsets = (
        (None, {"fields": ("subject", "customer", ("from_at", "to_at"), ("made_batch", "ended_batch"), "created_at")}),
    )

    subject_link = link_to("subject", "subject")
    customer_link = link_to("customer", "customer")
    made_link = link_to("made_batch", "made by")
    ended_link = link_to("ended_batch", "ended by")

    @display(description="from", ordering="from_at")
    def from_shown(self, row: SubjectLink) -> str:
        return moment(row.from_at) if row.from_at else "since ever"

    @display(description="to", ordering="to_at")
    def to_shown(self, row: SubjectLink) -> str:
        return moment(row.to_at) if row.to_at else "for ever"


@admin.register(SubjectSearch)
class SubjectSearchAdmin(LedgerAdmin):
    search_fields = ("=name",)
    list_display = ("name", "batch", "updated")
    fieldsets = ((None, {"fields": ("name", ("batch", "updated"))}),)

    batch = figure_of("batch_id", "up to batch")

    @display(description="updated")
    def updated(self, row: SubjectSearch) -> str:
        return moment(row.updated_at)


def _whose(row: Subject) -> str:
    links = row.links.known_at(None).select_related("customer").order_by("pk")
    owners = [f"{found.customer.name}'s {_range(found)}" for found in links]
    return f"Its events are {', and '.join(owners)}." if owners else "Its events are nobody's."


def _range(found: SubjectLink) -> str:
    start = f"from {moment(found.from_at)}" if found.from_at else "since ever"
    return f"{start} to {moment(found.to_at)}" if found.to_at else f"{start} on" if found.from_at else "for ever"


def _since(from_at: Any) -> str:
    return f"from {moment(from_at)} on" if from_at else "over all time"
