"""Events and the batches that wrote them: ledgers, read-only and never counted."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.views import ChangeList

from metering.admin.base import LedgerAdmin
from metering.admin.display import NOTHING, Panel, figure, instant, json_of, link, list_url, moment
from metering.admin.event_corrections import EventCorrections
from metering.admin.event_verdicts import OutcomeFilter, badges, looked_at, verdict_of, verdict_panels
from metering.admin.filters import InstantRangeFilter, exactly
from metering.models import Batch, Event
from metering.queries.verdicts import verdicts_of


class JudgedEvents(ChangeList):
    """A page of events, each with its verdict."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        events: list[Any] = list(self.result_list)  # type: ignore[has-type]
        verdicts = verdicts_of(events)
        for event in events:
            event.verdict = verdicts[event.key]
        self.result_list = events


class SubjectFilter(exactly("subject")):  # type: ignore[misc]
    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Event]:
        return queryset.of_subjects([self.value()]) if self.value() else queryset


@admin.register(Event)
class EventAdmin(EventCorrections, LedgerAdmin):
    list_display = ("time_shown", "verdict_shown", "type", "subject_shown", "event_id", "source", "batch_shown")
    list_display_links = ("time_shown",)
    list_filter = (
        OutcomeFilter,
        SubjectFilter,
        exactly("type"),
        exactly("event_id", "id"),
        exactly("source"),
        ("time", InstantRangeFilter),
    )
    list_before_template = "admin/console/_list_note.html"
    search_fields = ("subject", "event_id")
    search_help_text = "The whole subject or id of the event"
    # The order of an index; ordering by anything else would sort the whole table.
    ordering = ("-time",)
    sortable_by = ()
    fieldsets = (
        (
            None,
            {"fields": ("verdict_shown", ("type", "subject"), ("event_id", "source"), ("time_shown", "time_was_sent"))},
        ),
        ("Data", {"fields": ("data_shown",)}),
        ("Where it came from", {"fields": (("batch_shown", "received"), ("api_key_shown", "key"))}),
    )
    data_shown = json_of("data")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return JudgedEvents

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        looked = looked_at(request)
        note = {"list_note": looked.note if looked else ""}
        return super().changelist_view(request, {**note, **(extra_context or {})})

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[QuerySet[Any], bool]:
        if not search_term:
            return queryset, False
        # One or the other: both at once would look at every event there is.
        of_subject = queryset.of_subjects([search_term])
        return of_subject if of_subject.exists() else queryset.filter(event_id=search_term), False

    @display(description="verdict")
    def verdict_shown(self, row: Any) -> SafeString:
        return badges(verdict_of(row))

    @display(description="time")
    def time_shown(self, row: Event) -> str:
        return instant(row.time)

    @display(description="subject")
    def subject_shown(self, row: Event) -> SafeString:
        return format_html('<a href="{}" class="text-link">{}</a>', list_url(Event, subject=row.subject), row.subject)

    @display(description="batch")
    def batch_shown(self, row: Event) -> SafeString | str:
        return link(Batch(pk=row.batch_id), row.batch_id)

    @display(description="received")
    def received(self, row: Event) -> str:
        batch = Batch.objects.filter(pk=row.batch_id).first()
        return moment(batch.received_at) if batch else NOTHING

    @display(description="API key")
    def api_key_shown(self, row: Event) -> SafeString | str:
        return link(row.api_key) if row.api_key_id else NOTHING

    def panels(self, request: HttpRequest, row: Event) -> list[Panel]:
        return verdict_panels(row, verdict_of(row))


def events_link(subject: str) -> SafeString:
    """Link to the events of a subject."""
    return format_html('<a href="{}" class="text-link">Events</a>', list_url(Event, subject=subject))


@admin.register(Batch)
class BatchAdmin(LedgerAdmin):
    list_display = ("id", "kind", "received", "accepted_shown", "duplicate", "conflict", "is_rolled_up")
    list_filter = ("kind", "is_rolled_up", ("received_at", InstantRangeFilter))
    search_fields = ("id__exact",)
    search_help_text = "Number of the batch"
    sortable_by = ()
    fieldsets = (
        (None, {"fields": (("kind", "received_at"), ("accepted", "duplicate", "conflict"), "is_rolled_up", "events")}),
        ("Why", {"fields": ("correction", "reason")}),
    )

    @display(description="received")
    def received(self, row: Batch) -> str:
        return moment(row.received_at)

    @display(description="accepted")
    def accepted_shown(self, row: Batch) -> str:
        return figure(row.accepted)

    @display(description="events")
    def events(self, row: Batch) -> SafeString:
        url = list_url(Event, batch__exact=row.pk)
        return format_html('<a href="{}" class="text-link">Events of this batch</a>', url)

    def panels(self, request: HttpRequest, row: Batch) -> list[Panel]:
        links = [
            *row.links_made.select_related("subject", "customer"),
            *row.links_ended.select_related("subject", "customer"),
        ]
        if not links:
            return []
        return [
            Panel(
                title="Subject links it made or ended",
                headers=("Link", "Subject", "Customer"),
                rows=[(link(found, found.pk), link(found.subject), link(found.customer)) for found in links],
                empty="",
            )
        ]
