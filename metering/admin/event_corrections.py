"""What operators correct from the pages of events: void some or all that match, amend one, restore one."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import msgspec
from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSplitDateTimeWidget, UnfoldAdminTextareaWidget

from metering import clock
from metering.admin.base import ConsoleAdmin
from metering.admin.display import json_lines
from metering.admin.forms import ExactField
from metering.admin.pages import ReasonedForm, find_row, run_action
from metering.admin.void_page import void_page, void_url
from metering.exact_json import decode
from metering.models import Correction, Event
from metering.queries.corrections import open_void
from metering.services.amendments import amend_event
from metering.services.corrections import restore_event


class AmendForm(ReasonedForm):
    event_data = forms.CharField(
        label="Data",
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 10, "spellcheck": "false"}),
        help_text="A JSON object; numbers keep every digit.",
    )
    time = forms.SplitDateTimeField(widget=UnfoldAdminSplitDateTimeWidget())
    subject = ExactField()
    type = ExactField()
    id = ExactField(
        label="Id of the replacement",
        required=False,
        help_text="Empty: that of the original, with /amended-1 behind it.",
    )

    def clean_event_data(self) -> Any:
        text = self.cleaned_data["event_data"].strip()
        try:
            return decode(text) if text else None
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
            if item.get("path") == void_url():
                item["path"] = void_url(request.GET.urlencode())
        return response

    def hidden_actions(self, row: Event) -> Collection[str]:
        return {"void", "amend"} if open_void(row) else {"restore"}

    @admin.action(description="Void the chosen events", permissions=["operate"])
    def void_selected(self, request: HttpRequest, queryset: QuerySet[Event]) -> HttpResponse:
        if request.POST.get("select_across") == "1":
            return HttpResponseRedirect(void_url(request.GET.urlencode()))
        keys = [("key", str(key)) for key in queryset.order_by().values_list("key", flat=True)]
        return HttpResponseRedirect(void_url(urlencode(keys)))

    @action(description="Void all that match", url_path="void-matching", icon="block", permissions=["operate"])
    def void_matching_action(self, request: HttpRequest) -> HttpResponse:
        return void_page(self, request)

    @action(description="Void", url_path="void", icon="block", permissions=["operate"])
    def void_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        event = find_row(self, request, object_id)
        return HttpResponseRedirect(void_url(urlencode({"key": event.key})))

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
                "event_data": "" if event.data is None else json_lines(event.data),
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


def _why_void(cause: Correction | None) -> str:
    return f"The event is void: {cause.reason} ({cause})." if cause else "The event counts."


def _replacement(data: Mapping[str, Any]) -> dict[str, Any]:
    time: datetime = data["time"]
    sent = {"data": data["event_data"], "time": time.isoformat(), "subject": data["subject"], "type": data["type"]}
    return sent | ({"id": data["id"]} if data["id"] else {})
