"""Where an invoice stands, and what can be done with it."""

from datetime import datetime

from invoicing.lifecycle import InvoiceStatus
from invoicing.models import Invoice, InvoiceType, ZeroInvoices
from invoicing.validation import is_blocked
from invoicing.walking import Situation, available_actions, status_details

# From where an invoice may come to be issued without another look at its lines.
_BEFORE_ISSUE = InvoiceStatus.DRAFT_READY_TO_ISSUE


def actions_of(invoice: Invoice, at: datetime) -> dict[str, InvoiceStatus]:
    """Return what people can do with an invoice at a time, each with the state that it would come to."""
    return available_actions(InvoiceStatus(invoice.status), _outlook(invoice, at))


def details_of(invoice: Invoice, at: datetime) -> dict[str, object]:
    """Return the state of an invoice as the API and the console show it."""
    return status_details(InvoiceStatus(invoice.status), _outlook(invoice, at))


def situation_of(invoice: Invoice, at: datetime, *, can_read: bool) -> Situation:
    """
    Return what decides whether an invoice goes on by itself now; `can_read` is that usage can be read for it.

    No query where its profile and app are at hand, until it is about to be issued and comes to nothing.
    """
    app, is_note = invoice.profile.app, invoice.type == InvoiceType.CREDIT_NOTE
    return Situation(
        is_collected=is_collected(invoice) or (can_read and is_collection_over(invoice, at)),
        is_draft_over=invoice.draft_until is None or invoice.draft_until <= at,
        is_auto_advancing=_is_auto_advancing(invoice),
        is_blocked=is_blocked(invoice.validation_issues),
        is_empty=invoice.status == _BEFORE_ISSUE and is_empty(invoice),
        # Another system is asked about invoices alone.
        awaits_draft=app.has_draft_hook and not is_note,
        awaits_issue=app.has_issuing_hook and not is_note,
        rests=is_note and bool(invoice.due),
    )


def is_collected(invoice: Invoice) -> bool:
    """Tell whether the usage on an invoice was read after its collection time, or there is none."""
    wait, read = invoice.collection_at, invoice.quantities_read_at
    return wait is None or (read is not None and read >= wait)


def is_collection_over(invoice: Invoice, at: datetime) -> bool:
    """Tell whether late usage joins an invoice no longer."""
    return invoice.collection_at is None or invoice.collection_at <= at


def is_empty(invoice: Invoice) -> bool:
    """Tell whether a draft is not worth a number: it has no line, or comes to nothing and its profile skips such."""
    if invoice.total or invoice.type == InvoiceType.CREDIT_NOTE:
        return False
    return invoice.profile.zero_invoices == ZeroInvoices.SKIP or not invoice.lines.exists()


def _outlook(invoice: Invoice, at: datetime) -> Situation:
    """Return the situation for whoever acts on an invoice: they can have its usage read."""
    return situation_of(invoice, at, can_read=True)


def _is_auto_advancing(invoice: Invoice) -> bool:
    return bool(invoice.workflow.get("invoicing", {}).get("autoAdvance", invoice.profile.is_auto_advancing))
