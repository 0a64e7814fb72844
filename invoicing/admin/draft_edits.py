"""What operators change on drafts: lines and discounts. Each change has a reason, and the draft is added up anew."""

from collections.abc import Collection
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action
from unfold.widgets import UnfoldAdminDateWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from invoicing.lifecycle import EDITABLE
from invoicing.models import Invoice, InvoiceDiscount, InvoiceLine
from invoicing.services.draft_edits import (
    add_discount,
    add_manual_line,
    edit_line,
    remove_discount,
    remove_line,
)
from invoicing.services.manual_lines import LineTerms
from metering import clock
from metering.admin.base import ConsoleAdmin
from metering.admin.display import change_url
from metering.admin.pages import ActionForm, ReasonedForm, find_row, run_action
from metering.periods import Period
from pricing.admin.display import money
from pricing.admin.row_forms import AmountField


def _text(label: str, **kwargs: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=256, widget=UnfoldAdminTextInputWidget(), **kwargs)


class LineForm(ActionForm):
    name = _text("What for")
    amount = AmountField("Amount", placeholder="0.00", help_text="A fee, before tax. Give money back by a credit note.")
    first_day = forms.DateField(label="First day", widget=UnfoldAdminDateWidget())
    last_day = forms.DateField(label="Last day", widget=UnfoldAdminDateWidget())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].required = True

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if {"first_day", "last_day"} <= data.keys() and data["last_day"] < data["first_day"]:
            self.add_error("last_day", "Choose the first day or a later one.")
        return data


class DiscountForm(ActionForm):
    name = _text("What for")
    percentage = AmountField("Share in %", placeholder="10", largest=100)
    fixed_amount = AmountField("Or amount", placeholder="0.00")


class EditLineForm(ReasonedForm):
    name = _text("Name")
    price = forms.JSONField(
        label="Price",
        help_text="As the API has it, such as a unit price of 0.01. What was measured stays, and is rated again.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 6, "spellcheck": "false"}),
    )


class DraftActs(ConsoleAdmin):
    """The buttons of an invoice that is open for changes."""

    def hidden_edits(self, row: Invoice) -> Collection[str]:
        """Return the paths of the buttons that an invoice, as it is now, does not get."""
        return () if row.status in EDITABLE else {"add-line", "add-discount"}

    @action(description="Add a line", url_path="add-line", icon="playlist_add", permissions=["operate"])
    def add_line_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> str:
            at = clock.now(row.customer)
            line = LineTerms(
                name=data["name"],
                period=_period(row, data),
                invoice_at=at,
                price={"type": "flat", "amount": f"{data['amount']:f}", "paymentTerm": "in_arrears"},
            )
            added = add_manual_line(invoice_id=row.pk, line=line, at=at)
            return f"{added.name} is on the draft, with {money(added.amount, added.currency)}."

        return run_action(
            self,
            request,
            row=row,
            title="Add a line",
            explanation="Adds a fee by hand to the draft.",
            submit="Add it",
            run=run,
            form_class=LineForm,
            initial={
                "first_day": row.period_start.astimezone(row.zone).date(),
                "last_day": (row.period_end - timedelta(microseconds=1)).astimezone(row.zone).date(),
            },
        )

    @action(description="Add a discount", url_path="add-discount", icon="sell", permissions=["operate"])
    def add_discount_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> str:
            made = add_discount(
                invoice_id=row.pk,
                name=data["name"],
                percentage=data["percentage"],
                fixed_amount=data["fixed_amount"],
                at=clock.now(row.customer),
            )
            return f"{made.name} takes {money(made.amount, row.currency)} off."

        return run_action(
            self,
            request,
            row=row,
            title="Add a discount",
            explanation="Takes a share or an amount off the whole draft, spread over its lines by what each charges.",
            submit="Add it",
            run=run,
            form_class=DiscountForm,
        )


class LineActs(ConsoleAdmin):
    """The buttons of a line on an invoice that is open for changes."""

    def hidden_edits(self, row: InvoiceLine) -> Collection[str]:
        """Return the paths of the buttons that a line, as it is now, does not get."""
        return () if row.invoice.status in EDITABLE else {"edit", "remove"}

    @action(description="Change", url_path="edit", icon="edit", permissions=["operate"])
    def edit_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> str:
            changed = edit_line(
                line_id=row.pk, name=data["name"], price=data["price"], at=clock.now(row.invoice.customer)
            )
            return f"{changed.name} comes to {money(changed.amount, changed.currency)} now."

        return run_action(
            self,
            request,
            row=row,
            title="Change the line",
            explanation="Changes it on this draft alone. The subscription and later invoices keep their price.",
            submit="Change it",
            run=run,
            form_class=EditLineForm,
            initial={"name": row.name, "price": row.price},
        )

    @action(description="Remove", url_path="remove", icon="delete", permissions=["operate"])
    def remove_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> str:
            remove_line(line_id=row.pk, reason=data["change_reason"], at=clock.now(row.invoice.customer))
            return f"{row.name} charges nothing on {row.invoice} any more."

        return run_action(
            self,
            request,
            row=row,
            title="Remove the line",
            explanation="A line of a subscription counts as billed, at nothing: no later invoice bills it.",
            submit="Remove it",
            run=run,
            form_class=ReasonedForm,
            back_url=change_url(row.invoice),
        )


class DiscountActs(ConsoleAdmin):
    """The button of a discount on a draft."""

    @action(description="Remove", url_path="remove", icon="delete", permissions=["operate"])
    def remove_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row: InvoiceDiscount = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> str:
            remove_discount(discount_id=row.pk, at=clock.now(row.invoice.customer))
            return f"{row.name} is taken back."

        return run_action(
            self,
            request,
            row=row,
            title="Remove the discount",
            explanation=f"{row.invoice} is added up without it.",
            submit="Remove it",
            run=run,
            back_url=change_url(row.invoice),
        )


def _period(invoice: Invoice, data: dict[str, Any]) -> Period:
    start = datetime.combine(data["first_day"], time(), tzinfo=invoice.zone)
    end = datetime.combine(data["last_day"] + timedelta(days=1), time(), tzinfo=invoice.zone)
    return Period(start, end)
