"""What operators correct from the pages of events: void some or all that match, amend one, restore one."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSplitDateTimeWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from metering import clock
from metering.admin.base import ConsoleAdmin
from metering.admin.corrections import effect_rows
from metering.admin.display import Number, change_url, figure, link, moment
from metering.admin.filters import chosen_range
from metering.admin.pages import ReasonedForm, find_row, render_page, run_action
from metering.errors import DomainError
from metering.models import Correction, Event
from metering.queries.corrections import VoidPreview, open_void
from metering.queries.event_filter import EventFilter
from metering.services.amendments import amend_event
from metering.services.corrections import preview_void, restore_event, void_events

_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode
# What a list's address holds besides its filters.
_NOT_FILTERS = frozenset({"p", "o", "all", "key", "_changelist_filters"})


class _TextInput(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, strip=False, widget=UnfoldAdminTextInputWidget(), **kwargs)


class _InstantInput(forms.SplitDateTimeField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, widget=UnfoldAdminSplitDateTimeWidget(), **kwargs)


class VoidFilterForm(forms.Form):
    """Which events to void; its fields are named as the filters of the list of events."""

    texts = ("type", "subject", "source", "event_id")
    instants = ("time_from", "time_to", "received_from", "received_to")

    type = _TextInput()
    subject = _TextInput()
    source = _TextInput()
    event_id = _TextInput(label="Id")
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


class AmendForm(ReasonedForm):
    event_data = forms.CharField(
        label="Data",
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 10, "spellcheck": "false"}),
        help_text="A JSON object; numbers keep every digit.",
    )
    time = forms.SplitDateTimeField(widget=UnfoldAdminSplitDateTimeWidget())
    subject = forms.CharField(strip=False, widget=UnfoldAdminTextInputWidget())
    type = forms.CharField(strip=False, widget=UnfoldAdminTextInputWidget())
    id = _TextInput(label="Id of the replacement", help_text="Empty: that of the original, with /amended-1 behind it.")

    def clean_event_data(self) -> Any:
        text = self.cleaned_data["event_data"].strip()
        try:
            return _decode(text) if text else None
        except msgspec.DecodeError as error:
            raise ValidationError(f"Write JSON: {error}.") from None


class EventCorrections(ConsoleAdmin):
    """Adds to the pages of events what corrects them."""

    actions = ["void_selected"]
    actions_list = ["void_matching_action"]
    actions_detail = ["void_action", "amend_action", "restore_action"]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        response = super().changelist_view(request, extra_context)
        # The button goes on with what the list is narrowed by.
        for item in getattr(response, "context_data", {}).get("actions_list", ()):
            if item.get("path") == reverse("admin:metering_event_void_matching_action"):
                item["path"] = f"{item['path']}?{request.GET.urlencode()}"
        return response

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        event = Event.objects.filter(pk=object_id).first()
        hidden = {"void", "amend"} if event and open_void(event) else {"restore"}
        return [found for found in super().get_actions_detail(request, object_id) if found.path not in hidden]

    @admin.action(description="Void the chosen events", permissions=["operate"])
    def void_selected(self, request: HttpRequest, queryset: QuerySet[Event]) -> HttpResponse:
        if request.POST.get("select_across") == "1":
            return HttpResponseRedirect(f"{_void_url()}?{request.GET.urlencode()}")
        keys = [("key", str(key)) for key in queryset.order_by().values_list("key", flat=True)]
        return HttpResponseRedirect(f"{_void_url()}?{urlencode(keys)}")

    @action(description="Void all that match", url_path="void-matching", icon="block", permissions=["operate"])
    def void_matching_action(self, request: HttpRequest) -> HttpResponse:
        keys = request.GET.getlist("key")
        if keys:
            return _void_page(self, request, chosen=_identified(keys), form=None)
        foreign = [name for name in request.GET if _is_foreign(name) and request.GET[name]]
        form = VoidFilterForm(_with_times(request.GET))
        if foreign:
            text = f"A void cannot be narrowed by {' or '.join(foreign)}: name the events below."
            form.add_error(None, text)
        is_ready = form.is_valid() and form.chosen() != EventFilter()
        return _void_page(self, request, chosen=form.chosen() if is_ready else None, form=form)

    @action(description="Void", url_path="void", icon="block", permissions=["operate"])
    def void_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        event = find_row(self, request, object_id)
        return HttpResponseRedirect(f"{_void_url()}?{urlencode({'key': event.key})}")

    @action(description="Amend", url_path="amend", icon="edit", permissions=["operate"])
    def amend_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        event = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> str:
            correction = amend_event(
                source=event.source,
                event_id=event.event_id,
                replacement=_replacement(data),
                reason=data["change_reason"],
                at=clock.now(),
            )
            return f"Amended: {correction.filter['replacement']['id']} counts in its place."

        return run_action(
            self,
            request,
            row=event,
            title="Amend",
            explanation="The event stays as it is and counts no longer; what you write here is stored as another one "
            "in its place. You can undo it.",
            submit="Amend",
            run=run,
            form_class=AmendForm,
            initial={
                "event_data": msgspec.json.format(_encode(event.data), indent=2).decode()
                if event.data is not None
                else "",
                "time": event.time,
                "subject": event.subject,
                "type": event.type,
            },
            refusal_fields={"replacement_is_stored": "id"},
        )

    @action(description="Restore", url_path="restore", icon="restore", permissions=["operate"])
    def restore_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        event = find_row(self, request, object_id)
        void = open_void(event)
        cause = void.voided_batch.correction if void else None

        def run(data: dict[str, Any]) -> str:
            restore_event(source=event.source, event_id=event.event_id, reason=data["change_reason"], at=clock.now())
            return f"{event} counts again."

        return run_action(
            self,
            request,
            row=event,
            title="Restore",
            explanation=_why_void(cause) + " Restoring lets this one count again; others voided with it stay void.",
            submit="Restore",
            run=run,
            form_class=ReasonedForm,
        )


def _void_url() -> str:
    return reverse("admin:metering_event_void_matching_action")


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


def _void_page(
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
                "empty": "",
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


def _why_void(cause: Correction | None) -> str:
    return f"The event is void: {cause.reason} ({cause})." if cause else "The event counts."


def _replacement(data: Mapping[str, Any]) -> dict[str, Any]:
    time: datetime = data["time"]
    sent = {"data": data["event_data"], "time": time.isoformat(), "subject": data["subject"], "type": data["type"]}
    return sent | ({"id": data["id"]} if data["id"] else {})
