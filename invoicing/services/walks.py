"""An invoice moves on by itself: through every state whose work is done, until it has to wait."""

from datetime import datetime

from invoicing.lifecycle import MOVES, Trigger
from invoicing.models import Invoice, InvoiceStatus
from invoicing.queries.states import situation_of
from invoicing.services.steps import STEPS, WORK, Visit
from invoicing.validation import Issue
from invoicing.walking import next_trigger
from metering.errors import DomainError

# What a walk may change of an invoice.
_WALKED = (
    "status",
    "type",
    "number",
    "sequence_number",
    "supplier",
    "buyer",
    "settled",
    "amount",
    "discount",
    "tax_inclusive",
    "tax_exclusive",
    "total",
    "validation_issues",
    "collection_at",
    "quantities_read_at",
    "issued_at",
    "due_at",
    "paid_at",
    "voided_at",
    "deleted_at",
)


def walk(*, invoice: Invoice, at: datetime, trigger: Trigger | None = None, bound: int | None = None) -> Invoice:
    """
    Pull a trigger, then move on as far as nothing waits, and save once; return the invoice.

    The caller's transaction holds the customer's row and the invoice's, which was read with its customer, profile and
    app. Usage is read up to batch `bound`; without one, a draft whose usage has to be read waits. Work that fails
    leaves the invoice in the state that says so, with a critical validation issue.

    :raises InvalidMove: if the state does not know the trigger.
    """
    before = {name: getattr(invoice, name) for name in _WALKED}
    visit = Visit(invoice, at, bound)
    trigger = trigger or _next(visit)
    while trigger is not None:
        invoice.move(trigger)
        trigger = _arrive(visit) or _next(visit)
    changed = [name for name in _WALKED if getattr(invoice, name) != before[name]]
    if changed:
        invoice.updated_at = at
        invoice.save(update_fields=[*changed, "updated_at"])
    return invoice


def _next(visit: Visit) -> Trigger | None:
    situation = situation_of(visit.invoice, visit.at, can_read=visit.bound is not None)
    return next_trigger(InvoiceStatus(visit.invoice.status), situation)


def _arrive(visit: Visit) -> Trigger | None:
    """Do the work of the state; where it fails, the invoice says why and takes the way that is left."""
    status = InvoiceStatus(visit.invoice.status)
    work = WORK.get(status, _nothing)
    if Trigger.FAIL not in MOVES[status]:
        return work(visit)
    # What failed before is tried again here.
    visit.note((), STEPS)
    try:
        return work(visit)
    except DomainError as error:
        visit.note([Issue(code=error.code, message=error.message, component=STEPS)], STEPS)
        return Trigger.FAIL


def _nothing(visit: Visit) -> None:
    """Do nothing, in states that only stand for a step."""
