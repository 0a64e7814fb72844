"""What operators do with an invoice as a whole: move it on, delete it, void it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action

from invoicing.models import Invoice
from invoicing.queries.states import actions_of
from invoicing.services.invoices import (
    advance_invoice,
    approve_invoice,
    delete_invoice,
    retry_invoice,
    snapshot_quantities,
    void_invoice,
)
from invoicing.services.taxes import recalculate_taxes
from metering import clock
from metering.admin.base import ConsoleAdmin
from metering.admin.display import link
from metering.admin.pages import ActionForm, ReasonedForm, find_row, run_action

_BUTTONS = {
    "advance": "advance",
    "approve": "approve",
    "retry": "retry",
    "snapshot-quantities": "snapshotQuantities",
    "delete-draft": "delete",
    "void": "void",
}


class VoidForm(ReasonedForm):
    rebill = forms.BooleanField(
        label="Bill it anew",
        required=False,
        initial=True,
        help_text="The next billing run invoices the same time again, with usage and prices as they are then. "
        "Without it the customer owes nothing for that time.",
    )


@dataclass(frozen=True)
class _Act:
    """One step that needs no more than a reason."""

    title: str
    explanation: str
    submit: str
    run: Callable[..., Invoice]
    form_class: type[ActionForm] = ActionForm


class InvoiceActs(ConsoleAdmin):
    """The buttons of an invoice, each shown only where its state allows it."""

    def hidden_acts(self, row: Invoice) -> Collection[str]:
        """Return the paths of the buttons that an invoice, as it is now, does not get."""
        possible = actions_of(row, clock.now(row.customer))
        hidden = {path for path, name in _BUTTONS.items() if name not in possible}
        return hidden if row.number is None else hidden | {"recalculate-taxes"}

    @action(description="Go on", url_path="advance", icon="skip_next", permissions=["operate"])
    def advance_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._step(request, object_id, _ADVANCE)

    @action(description="Approve", url_path="approve", icon="done", permissions=["operate"])
    def approve_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._step(request, object_id, _APPROVE)

    @action(description="Try again", url_path="retry", icon="replay", permissions=["operate"])
    def retry_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._step(request, object_id, _RETRY)

    @action(description="Collect usage now", url_path="snapshot-quantities", icon="speed", permissions=["operate"])
    def snapshot_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._step(request, object_id, _SNAPSHOT)

    @action(description="Recalculate tax", url_path="recalculate-taxes", icon="percent", permissions=["operate"])
    def taxes_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._step(request, object_id, _TAXES)

    @action(description="Delete the draft", url_path="delete-draft", icon="delete", permissions=["operate"])
    def delete_draft_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._step(request, object_id, _DELETE)

    @action(description="Void", url_path="void", icon="block", permissions=["operate"])
    def void_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> SafeString:
            at = clock.now(row.customer)
            note = void_invoice(invoice_id=row.pk, reason=data["change_reason"], rebill=data["rebill"], at=at)
            return format_html("{} is void, cancelled by credit note {}.", row, link(note))

        return run_action(
            self,
            request,
            row=row,
            title="Void the invoice",
            explanation=f"{row} keeps its number. A credit note with a number of its own cancels every line of it.",
            submit="Void it",
            run=run,
            form_class=VoidForm,
        )

    def _step(self, request: HttpRequest, object_id: str, act: _Act) -> HttpResponse:
        row = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> str:
            at: datetime = clock.now(row.customer)
            act.run(invoice_id=row.pk, at=at)
            row.refresh_from_db()
            return f"{row} is now: {row.get_status_display().lower()}."

        return run_action(
            self,
            request,
            row=row,
            title=act.title,
            explanation=act.explanation,
            submit=act.submit,
            run=run,
            form_class=act.form_class,
        )


_ADVANCE = _Act(
    "Go on",
    "Moves the invoice on as far as nothing waits, as the system does by itself.",
    "Go on",
    advance_invoice,
)
_APPROVE = _Act(
    "Approve the draft",
    "Issues it now: it gets its number, is frozen, and payment is asked for.",
    "Approve",
    approve_invoice,
)
_RETRY = _Act(
    "Try again",
    "Repeats the step that failed; what it did already is not done twice.",
    "Try again",
    retry_invoice,
)
_SNAPSHOT = _Act(
    "Collect usage now",
    "Reads usage as it is now and waits for late events no longer. What comes later goes to the next invoice.",
    "Collect",
    snapshot_quantities,
)
_TAXES = _Act(
    "Recalculate tax",
    "Chooses the rates anew for the buyer's country, and adds the draft up again.",
    "Recalculate",
    recalculate_taxes,
)
_DELETE = _Act(
    "Delete the draft",
    "It charges nothing and is never issued. What it would have billed is not billed by a later invoice either.",
    "Delete it",
    delete_invoice,
    ReasonedForm,
)
