"""The page that voids events: which ones, what that would do, and then the confirmation."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone
from unfold.widgets import UnfoldAdminSplitDateTimeWidget

from metering import clock
from metering.admin.base import ConsoleAdmin
from metering.admin.corrections import effect_rows
from metering.admin.display import Number, change_url, figure, link, moment
from metering.admin.filters import chosen_range
from metering.admin.forms import ExactField
from metering.admin.pages import ReasonedForm, render_page
from metering.errors import DomainError
from metering.models import Correction, Event
from metering.queries.corrections import VoidPreview
from metering.queries.event_filter import EventFilter
from metering.services.corrections import preview_void, void_events

# What a list's address holds besides its filters.
_NOT_FILTERS = frozenset({"p", "o", "all", "key", "_changelist_filters"})


class _InstantInput(forms.SplitDateTimeField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, widget=UnfoldAdminSplitDateTimeWidget(), **kwargs)


class VoidFilterForm(forms.Form):
    """Which events to void; its fields are named as the filters of the list of events."""

    texts = ("type", "subject", "source", "event_id")
    instants = ("time_from", "time_to", "received_from", "received_to")

    type = ExactField(required=False)
    subject = ExactField(required=False)
    source = ExactField(required=False)
    event_id = ExactField(label="Id", required=False)
    time_from = _InstantInput(label="Time from")
    time_to = _InstantInput(label="Time before")
    received_from = _InstantInput(label="Received from")
    received_to = _InstantInput(label="Received before")

    def groups(self) -> list[list[forms.BoundField]]:
        """Return the short inputs, then the wide ones."""
        return [[self[name] for name in names] for names in (self.texts, self.instants)]

    def chosen(self) -> EventFilter:
        """Return the filter that was typed."""
        data = {name: value or None for name, value in self.cleaned_data.items()}
        return EventFilter(
            type=data["type"],
            subject=data["subject"],
            source=data["source"],
            id=data["event_id"],
            start=data["time_from"],
            end=data["time_to"],
            ingested_start=data["received_from"],
            ingested_end=data["received_to"],
        )


class ConfirmForm(ReasonedForm):
    """The reason, and how many events the operator was told of; the page writes that number itself."""

    seen = forms.IntegerField(widget=forms.HiddenInput())


def void_url(query: str = "") -> str:
    """Return the address of the page, with what the events are narrowed by."""
    address = reverse("admin:metering_event_void_matching_action")
    return f"{address}?{query}" if query else address


def void_page(console: ConsoleAdmin, request: HttpRequest) -> HttpResponse:
    """Show what voiding would do to the events that the address chooses, and do it once that is confirmed."""
    keys = request.GET.getlist("key")
    if keys:
        return _page(console, request, chosen=_identified(keys), form=None)
    foreign = [name for name in request.GET if _is_foreign(name) and request.GET[name]]
    form = VoidFilterForm(_with_times(request.GET))
    if foreign:
        form.add_error(None, f"A void cannot be narrowed by {' or '.join(foreign)}: name the events below.")
    # Who has asked for nothing in particular is told to name the events; who has only just come is not.
    was_asked = any(name.removesuffix("_0") in form.fields for name in request.GET)
    is_ready = form.is_valid() and (was_asked or form.chosen() != EventFilter())
    return _page(console, request, chosen=form.chosen() if is_ready else None, form=form)


def _is_foreign(name: str) -> bool:
    known = {*VoidFilterForm.base_fields, *_NOT_FILTERS}
    return name not in known and name.removesuffix("_0").removesuffix("_1") not in known


def _with_times(parameters: QueryDict) -> QueryDict:
    """Write out days without a time as the list of events takes them: whole days."""
    written = parameters.copy()
    for name in ("time", "received"):
        try:
            ends = zip(("from", "to"), chosen_range(parameters, name), strict=True)
        except ValueError:
            continue
        for side, at in ends:
            if at is not None:
                local = timezone.localtime(at)
                written[f"{name}_{side}_0"], written[f"{name}_{side}_1"] = f"{local:%Y-%m-%d}", f"{local:%H:%M:%S}"
    return written


def _identified(keys: list[str]) -> EventFilter:
    try:
        found = Event.objects.filter(pk__in=[UUID(key) for key in keys]).order_by("time", "key")
    except ValueError:
        found = Event.objects.none()
    return EventFilter(events=tuple(found.values_list("source", "event_id")))


def _page(
    console: ConsoleAdmin, request: HttpRequest, *, chosen: EventFilter | None, form: VoidFilterForm | None
) -> HttpResponse:
    """Show what voiding would do, then on confirmation do it, unless the figures have changed since."""
    confirm = ConfirmForm(request.POST if request.method == "POST" else None)
    preview, refusal = None, ""
    try:
        preview = preview_void(events=chosen) if chosen else None
        if chosen and preview and confirm.is_valid():
            if confirm.cleaned_data["seen"] == preview.matched:
                correction = void_events(events=chosen, reason=confirm.cleaned_data["change_reason"], at=clock.now())
                messages.success(request, _what_was_done(correction))
                return HttpResponseRedirect(change_url(correction))
            refusal = "Other events match by now. Look at the figures again, then confirm."
    except DomainError as error:
        refusal = error.message
    return render_page(
        console,
        request,
        "admin/console/void.html",
        row=None,
        title="Void events",
        filter_form=form,
        form=confirm,
        refusals=[refusal] if refusal else [],
        preview=preview,
        back=reverse("admin:metering_event_changelist"),
        **(_figures(preview) if preview else {}),
    )


def _figures(preview: VoidPreview) -> dict[str, object]:
    left = preview.matched - preview.already_void
    return {
        "to_void": "1 event" if left == 1 else f"{figure(left)} events" if left else "",
        "facts": [
            ("Events that match", figure(preview.matched)),
            ("Void already", figure(preview.already_void)),
            ("First", moment(preview.first_at)),
            ("Last", moment(preview.last_at)),
            ("Subjects", figure(preview.subject_count)),
        ],
        "tables": [
            {
                "title": "What meters lose",
                "headers": ("Meter", "Aggregation", Number("Events"), Number("Quantity")),
                "rows": effect_rows(preview.meters),
                "empty": "Nothing: no meter counts these events.",
            },
            {
                "title": "Whose usage it is",
                "headers": ("Customer", Number("Events")),
                "rows": [
                    (link(part.customer) if part.customer else "Nobody's", figure(part.events))
                    for part in preview.customers
                ],
                "empty": "Nobody's: none of these events counts.",
            },
            {
                "title": "Largest subjects",
                "headers": ("Subject", Number("Events")),
                "rows": [(part.name, figure(part.events)) for part in preview.subjects],
                "empty": "",
            },
        ],
    }


def _what_was_done(correction: Correction) -> str:
    if not correction.is_finished:
        return f"{figure(correction.voided)} events are void; the others follow in the background."
    return f"{figure(correction.voided)} events are void. Undo brings them back."
