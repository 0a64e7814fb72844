"""Corrections: what was voided, amended and restored, by whom and why, and how far it is."""

from collections.abc import Collection
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import action, display

from metering import clock
from metering.admin.base import LedgerAdmin, ReadOnlyAdmin
from metering.admin.display import (
    NOTHING,
    Number,
    Panel,
    change_url,
    figure,
    json_of,
    link,
    link_to,
    list_url,
    moment,
)
from metering.admin.pages import ReasonedForm, find_row, run_action
from metering.history import with_makers
from metering.models import Batch, Correction, CorrectionKind, CorrectionStatus, Event, EventVoid
from metering.queries.corrections import MeterEffect, effects_of_undoing, event_keys_of
from metering.services.corrections import undo_correction

_SHOWN = 20
_STATES = {
    CorrectionStatus.RUNNING.label: "info",
    CorrectionStatus.DONE.label: "success",
    CorrectionStatus.UNDOING.label: "warning",
    CorrectionStatus.UNDONE.label: "default",
}


@admin.register(Correction)
class CorrectionAdmin(ReadOnlyAdmin):
    list_display = ("made", "made_by_shown", "kind", "status_shown", "progress_shown", "voided_shown", "reason")
    list_display_links = ("made",)
    list_filter = ("kind", "status", ("created_at", RangeDateTimeFilter))
    search_fields = ("ulid__exact", "reason", "undo_reason")
    search_help_text = "Id, or a part of the reason"
    ordering = ("-pk",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("kind", "status_shown"),
                    ("reason", "made_by_shown"),
                    ("progress_shown", "voided_shown"),
                    "filter_shown",
                )
            },
        ),
        ("Undone", {"fields": ("undo_reason", "undone_at")}),
        ("More", {"fields": (("public_id", "bound"), ("created_at", "finished_at")), "classes": ("collapse",)}),
    )
    filter_shown = json_of("filter", "events that were meant")
    actions_detail = ["undo_action"]

    @display(description="made", ordering="pk")
    def made(self, row: Correction) -> str:
        return moment(row.created_at)

    def get_queryset(self, request: HttpRequest) -> Any:
        return with_makers(super().get_queryset(request))

    @display(description="by", ordering="made_by")
    def made_by_shown(self, row: Any) -> str:
        return row.made_by

    @display(description="state", ordering="status", label=_STATES)
    def status_shown(self, row: Correction) -> str:
        return row.get_status_display()

    @display(description="progress")
    def progress_shown(self, row: Correction) -> str:
        if row.status in (CorrectionStatus.UNDOING, CorrectionStatus.UNDONE):
            return f"{figure(row.restored)} of {figure(row.voided)} restored ({row.progress:.0%})"
        return f"{figure(row.done)} of {figure(row.matched)} ({row.progress:.0%})"

    @display(description="void by this")
    def voided_shown(self, row: Correction) -> str:
        return figure(row.voided - row.restored)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        was_undone = obj is not None and obj.undo_reason
        return [found for found in super().get_fieldsets(request, obj) if found[0] != "Undone" or was_undone]

    def hidden_actions(self, row: Correction) -> Collection[str]:
        may_undo = row.kind != CorrectionKind.RESTORE and row.status in {
            CorrectionStatus.RUNNING,
            CorrectionStatus.DONE,
        }
        return () if may_undo else {"undo"}

    def panels(self, request: HttpRequest, row: Correction) -> list[Panel]:
        return [_events_panel(row), _batches_panel(row)]

    @action(description="Undo", url_path="undo", icon="undo", permissions=["operate"])
    def undo_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> str:
            undone = undo_correction(correction_id=row.pk, reason=data["change_reason"], at=clock.now())
            if not undone.is_finished:
                return "It is being undone in the background; this page says how far it is."
            return f"Undone: {figure(undone.restored)} events count again."

        return run_action(
            self,
            request,
            row=row,
            title="Undo",
            explanation=_what_undoing_does(row),
            submit="Undo",
            run=run,
            form_class=ReasonedForm,
        )


@admin.register(EventVoid)
class EventVoidAdmin(LedgerAdmin):
    list_display = ("event_link", "voided_link", "restored_link", "reason")
    list_display_links = None
    list_select_related = ("voided_batch__correction", "restored_batch")
    list_filter = (("restored_batch", admin.EmptyFieldListFilter),)
    search_fields = ("event_key__exact",)
    search_help_text = "Key of the event, as its page shows it"
    sortable_by = ()
    fieldsets = ((None, {"fields": ("event_link", ("voided_link", "restored_link"), "reason")}),)
    voided_link = link_to("voided_batch", "voided by")
    restored_link = link_to("restored_batch", "restored by")

    @display(description="event")
    def event_link(self, row: EventVoid) -> SafeString | str:
        return link(Event(pk=row.event_key), row.event_key)

    @display(description="why")
    def reason(self, row: EventVoid) -> SafeString | str:
        correction = row.voided_batch.correction
        return link(correction, correction.reason) if correction else NOTHING


def effect_rows(effects: tuple[MeterEffect, ...]) -> list[tuple[object, ...]]:
    """Show what meters lose or get back: a row for each, with the quantity where it is known."""
    return [
        (
            link(effect.meter),
            effect.meter.get_aggregation_display(),
            figure(effect.events),
            Number("computed afterwards") if effect.events and effect.quantity is None else figure(effect.quantity),
        )
        for effect in effects
    ]


def _what_undoing_does(row: Correction) -> str:
    left = figure(row.voided - row.restored)
    text = f"{left} events that this made void count again."
    if row.kind == CorrectionKind.AMENDMENT:
        text = "The original event counts again, and its replacement no longer."
    known = [effect for effect in effects_of_undoing(row) if effect.quantity is not None]
    gains = ", ".join(f"{figure(effect.quantity)} on {effect.meter.slug}" for effect in known)
    return f"{text} That brings back {gains}. The history keeps both." if gains else f"{text} The history keeps both."


def _events_panel(row: Correction) -> Panel:
    keys = event_keys_of(row, limit=_SHOWN)
    events = Event.objects.in_bulk(keys)
    return Panel(
        title="Events",
        headers=("Event", "Type", "Subject", "Time"),
        rows=[
            (link(event, event.event_id), event.type, event.subject, moment(event.time)) for event in events.values()
        ],
        empty="None yet.",
        links=[("Replacement", change_url(event)) for event in _replacements(row)],
    )


def _replacements(row: Correction) -> Any:
    return Event.objects.filter(batch__correction=row)[:1] if row.kind == CorrectionKind.AMENDMENT else ()


def _batches_panel(row: Correction) -> Panel:
    return Panel(
        title="Batches that carried it out",
        headers=("Batch", "Kind", "At"),
        rows=[
            (link(batch, batch.pk), batch.get_kind_display(), moment(batch.received_at))
            for batch in row.batches.order_by("-pk")[:_SHOWN]
        ],
        empty="None yet.",
        links=[("All of them", list_url(Batch, correction__id__exact=row.pk))],
    )
