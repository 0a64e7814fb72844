"""Give back parts of an issued invoice."""

from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action

from invoicing.models import Invoice
from invoicing.services.credit_notes import CreditItem, create_credit_note
from metering import clock
from metering.admin.base import ConsoleAdmin
from metering.admin.display import link
from metering.admin.pages import ReasonedForm, find_row, run_action
from pricing.admin.display import money
from pricing.admin.row_forms import AmountField

_LINES = 100


def _form_for(invoice: Invoice) -> type[ReasonedForm]:
    """Return a form with an amount for each line that charges something."""
    lines = invoice.lines.filter(amount__gt=0).order_by("position", "pk")[:_LINES]
    fields = {
        f"line_{line.pk}": AmountField(
            line.name,
            placeholder="0.00",
            help_text=f"Of {money(line.amount, line.currency)}, before discounts and tax.",
        )
        for line in lines
    }
    return type("CreditForm", (ReasonedForm,), fields)


class CreditActs(ConsoleAdmin):
    """The button that gives back a part of an invoice."""

    @action(description="Credit note", url_path="credit", icon="undo", permissions=["operate"])
    def credit_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> SafeString:
            items = [
                CreditItem(line_id=int(name.removeprefix("line_")), amount=Decimal(amount))
                for name, amount in data.items()
                if name.startswith("line_") and amount
            ]
            note = create_credit_note(
                invoice_id=row.pk, items=items, reason=data["change_reason"], at=clock.now(row.customer)
            )
            return format_html("Credit note {} gives back {}.", link(note), money(-note.total, note.currency))

        return run_action(
            self,
            request,
            row=row,
            title="Give a credit note",
            explanation="Say how much of each line is given back. Discounts and tax follow in proportion. It settles "
            "what is still due on this invoice first; the rest goes to the customer's balance.",
            submit="Give it back",
            run=run,
            form_class=_form_for(row),
        )
