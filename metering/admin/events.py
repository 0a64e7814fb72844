"""Events and the batches that wrote them: ledgers, read-only and never counted."""

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from metering.admin.base import LedgerAdmin
from metering.admin.display import NOTHING, Panel, figure, json_of, link, list_url, moment
from metering.admin.filters import exactly
from metering.identity import text_hash
from metering.models import Batch, Event, Meter, Subject, SubjectLink


@admin.register(Event)
class EventAdmin(LedgerAdmin):
    list_display = ("time_shown", "type", "subject_shown", "event_id", "source", "batch_shown")
    list_display_links = ("time_shown",)
    list_filter = (
        exactly("subject"),
        exactly("type"),
        exactly("event_id", "id"),
        exactly("source"),
        ("time", RangeDateTimeFilter),
    )
    search_fields = ("subject__exact", "event_id__exact")
    search_help_text = "The whole subject or id of the event"
    # The order of an index; ordering by anything else would sort the whole table.
    ordering = ("-time",)
    sortable_by = ()
    fieldsets = (
        (None, {"fields": (("type", "subject"), ("event_id", "source"), ("time", "time_was_sent"))}),
        ("Data", {"fields": ("data_shown",)}),
        ("Where it came from", {"fields": (("batch_shown", "received"), ("api_key_shown", "key"))}),
    )
    data_shown = json_of("data")

    @display(description="time")
    def time_shown(self, row: Event) -> str:
        return moment(row.time)

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
        return [_owner_panel(row), _meters_panel(row)]


def events_link(subject: str) -> SafeString:
    """Link to the events of a subject."""
    return format_html('<a href="{}" class="text-link">Events</a>', list_url(Event, subject=subject))


def _owner_panel(event: Event) -> Panel:
    reached = Q(from_at=None) | Q(from_at__lte=event.time)
    not_over = Q(to_at=None) | Q(to_at__gt=event.time)
    links = SubjectLink.objects.known_at(None).filter(reached & not_over, subject__key_hash=text_hash(event.subject))
    subject = Subject.objects.filter(key_hash=text_hash(event.subject)).first()
    return Panel(
        title="Whose usage this is",
        headers=("Customer", "Subject"),
        rows=[(link(found.customer), link(subject)) for found in links.select_related("customer")],
        empty="No customer had this subject at that time, so nobody is billed for the event.",
    )


def _meters_panel(event: Event) -> Panel:
    meters = Meter.objects.live().filter(event_type=event.type).order_by("slug")
    return Panel(
        title="Meters that count it",
        headers=("Meter", "Aggregation", "Value"),
        rows=[(link(meter), meter.get_aggregation_display(), meter.value_property or NOTHING) for meter in meters[:20]],
        empty=f"No meter counts events of type {event.type}.",
    )


@admin.register(Batch)
class BatchAdmin(LedgerAdmin):
    list_display = ("id", "kind", "received", "accepted_shown", "duplicate", "conflict", "is_rolled_up")
    list_filter = ("kind", "is_rolled_up", ("received_at", RangeDateTimeFilter))
    search_fields = ("id__exact",)
    search_help_text = "Number of the batch"
    sortable_by = ()
    fieldsets = (
        (None, {"fields": (("kind", "received_at"), ("accepted", "duplicate", "conflict"), "is_rolled_up", "events")}),
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
