"""Subjects, and which customer they belong to."""

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from metering.admin.base import LedgerAdmin, ReadOnlyAdmin
from metering.admin.display import NOTHING, Panel, json_of, link, link_to, moment
from metering.admin.events import events_link
from metering.models import Subject, SubjectLink


@admin.register(Subject)
class SubjectAdmin(ReadOnlyAdmin):
    list_display = ("key", "display_name", "customers", "events", "created")
    search_fields = ("key__exact", "display_name", "ulid__exact", "links__customer__name")
    search_help_text = "The whole subject, or part of its display name or its customer's name"
    ordering = ("-pk",)
    fieldsets = ((None, {"fields": ("key", "display_name", "public_id", "metadata_shown", "created_at")}),)

    metadata_shown = json_of("metadata")

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
