"""Where an event was billed, on its page."""

from invoicing.models import InvoiceStatus
from invoicing.queries.event_bills import BillingState, EventBill, bills_of_events
from metering.admin.display import NOTHING, Panel, link
from metering.admin.event_verdicts import register_event_panel
from metering.models import Event

_WORDS = {
    BillingState.BILLED: "Billed",
    BillingState.OPEN: "Open: its period is not billed yet",
    BillingState.INCLUDED: "Included: it costs nothing in this phase, as in a trial",
    BillingState.NO_PRICE: "No price: nothing that the customer had agreed on counts it",
}


def bills_panel(event: Event) -> Panel:
    """Show on which line an event was billed, or why on none."""
    bills = bills_of_events([event]).get(event.key, ())
    return Panel(
        title="Where it was billed",
        headers=("State", "Feature", "Line", "Invoice"),
        rows=[(_words(bill), link(bill.feature), *_where(bill)) for bill in bills],
        empty="Nowhere: it does not count.",
    )


def _words(bill: EventBill) -> str:
    if bill.line is not None and bill.line.invoice.status == InvoiceStatus.DELETED:
        return "Waived with a deleted draft"
    return _WORDS[bill.state]


def _where(bill: EventBill) -> tuple[object, object]:
    if bill.line is None:
        return NOTHING, NOTHING
    return link(bill.line, bill.line.name), link(bill.line.invoice)


register_event_panel(bills_panel)
