"""What people change on drafts and gathering invoices: lines, discounts, parties and terms, all with history."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max

from invoicing.lifecycle import EDITABLE, InvalidMove, InvoiceStatus, Trigger
from invoicing.models import DetailedLine, Invoice, InvoiceDiscount, InvoiceLine, ManagedBy
from invoicing.queries.due import spans_of
from invoicing.services.adjustments import waive_lines
from invoicing.services.line_edits import CannotEditLine, LineChanges, change_line, is_removed, rate_again
from invoicing.services.manual_lines import LineTerms, rate_by_hand, write_lines, write_rated
from invoicing.services.minimums import recount_minimums
from invoicing.services.payments import hold_invoice
from invoicing.services.pending_lines import in_seconds
from invoicing.services.totals import recalculate
from invoicing.services.walks import walk
from invoicing.workflow import Workflow
from metering.errors import DomainError
from metering.ingest.fence import current_bound

REMOVED = "Removed from the draft by hand"
# The parties and terms of a draft, as `change_draft` takes them.
_COLUMNS = frozenset({"description", "metadata", "supplier", "buyer"})


class InvoiceCannotBeEdited(InvalidMove):
    code = "invoice_cannot_be_edited"


class InvalidDiscount(DomainError):
    code = "invoice_discount_invalid"


def add_manual_line(*, invoice_id: int, line: LineTerms, at: datetime) -> InvoiceLine:
    """
    Add a line to a draft or gathering invoice. Call it outside a transaction, as usage may be read.

    :raises InvoiceCannotBeEdited: if the invoice is not open for changes.
    :raises LineCannotBePriced: if its price cannot be read, or is negative; see `LineTerms` for more.
    """
    bound = current_bound()
    with transaction.atomic():
        invoice = hold_to_edit(invoice_id)
        added = add_line(invoice=invoice, line=line, bound=bound, at=at)
        finish_edit(invoice=invoice, bound=bound, at=at)
    return added


def edit_line(*, line_id: int, at: datetime, **changes: Any) -> InvoiceLine:
    """
    Change a line of a draft or gathering invoice; see `LineChanges` for what. Call it outside a transaction.

    What was measured stays: with another price the same usage is rated again, and the line is by hand from then on.

    :raises InvoiceCannotBeEdited: if the invoice is not open for changes.
    :raises CannotEditLine: if the line bills on what was billed before, or a subscription says what is to change.
    """
    bound = current_bound()
    with transaction.atomic():
        line, invoice = _hold_line(line_id)
        changed = change_held_line(line=line, changes=LineChanges(**changes), bound=bound, at=at)
        if changed:
            finish_edit(invoice=invoice, bound=bound, at=at)
    return line


def remove_line(*, line_id: int, at: datetime, reason: str = REMOVED) -> None:
    """
    Take a line off a draft; what a subscription billed by it counts as billed. Call it outside a transaction.

    :raises InvoiceCannotBeEdited: if the invoice is not open for changes.
    """
    bound = current_bound()
    with transaction.atomic():
        line, invoice = _hold_line(line_id)
        drop_line(line=line, reason=reason, at=at)
        finish_edit(invoice=invoice, bound=bound, at=at)


def add_discount(
    *,
    invoice_id: int,
    name: str,
    percentage: Decimal | None = None,
    fixed_amount: Decimal | None = None,
    at: datetime,
) -> InvoiceDiscount:
    """
    Take a share or an amount off a draft. Call it outside a transaction.

    :raises InvoiceCannotBeEdited: if the invoice is not open for changes, or gathers what is not billed yet.
    :raises InvalidDiscount: if it is not either a share up to 100 % or an amount, above zero.
    """
    _check_discount(percentage, fixed_amount)
    bound = current_bound()
    with transaction.atomic():
        invoice = _hold_draft(invoice_id)
        last = invoice.invoice_discounts.aggregate(last=Max("position"))["last"]
        discount = InvoiceDiscount.objects.create(
            invoice=invoice,
            position=0 if last is None else last + 1,
            name=name,
            percentage=percentage,
            fixed_amount=fixed_amount,
            created_at=at,
        )
        finish_edit(invoice=invoice, bound=bound, at=at)
    discount.refresh_from_db()
    return discount


def remove_discount(*, discount_id: int, at: datetime) -> None:
    """
    Take a discount back from a draft. Call it outside a transaction.

    :raises InvoiceCannotBeEdited: if the invoice is not open for changes.
    """
    bound = current_bound()
    invoice_id = InvoiceDiscount.objects.values_list("invoice", flat=True).get(pk=discount_id)
    with transaction.atomic():
        invoice = _hold_draft(invoice_id)
        InvoiceDiscount.objects.filter(pk=discount_id).delete()
        finish_edit(invoice=invoice, bound=bound, at=at)


def change_draft(*, invoice_id: int, at: datetime, workflow: Workflow | None = None, **changes: Any) -> Invoice:
    """
    Change the description, metadata, seller, buyer and workflow of a draft. Call it outside a transaction.

    :raises InvoiceCannotBeEdited: if the invoice is not open for changes, or gathers what is not billed yet.
    """
    bound = current_bound()
    with transaction.atomic():
        invoice = _hold_draft(invoice_id)
        set_terms(invoice=invoice, workflow=workflow, changes=changes, at=at)
        return finish_edit(invoice=invoice, bound=bound, at=at)


def hold_to_edit(invoice_id: int) -> Invoice:
    """
    Hold a draft or gathering invoice in the caller's transaction.

    :raises InvoiceCannotBeEdited: if the invoice is not open for changes.
    """
    invoice = hold_invoice(invoice_id)
    status = InvoiceStatus(invoice.status)
    if status != InvoiceStatus.GATHERING and status not in EDITABLE:
        raise InvoiceCannotBeEdited(f"Choose a draft to change: {invoice} is {status.label.lower()}.")
    return invoice


def finish_edit(*, invoice: Invoice, bound: int, at: datetime) -> Invoice:
    """Add up a draft that was edited, and move it on as far as nothing waits; a gathering invoice adds up when read."""
    if invoice.status == InvoiceStatus.GATHERING:
        invoice.updated_at = at
        invoice.save(update_fields=["updated_at"])
        return invoice
    _span_lines(invoice)
    recount_minimums(invoice=invoice, at=at)
    recalculate(invoice=invoice, at=at)
    return walk(invoice=invoice, at=at, trigger=Trigger.UPDATE, bound=bound)


def add_line(*, invoice: Invoice, line: LineTerms, bound: int, at: datetime) -> InvoiceLine:
    """Add a line to an invoice that is held to be edited; a gathering one reads no usage until it is billed."""
    read_to = None if invoice.status == InvoiceStatus.GATHERING else bound
    (added,) = write_lines(invoice=invoice, lines=[in_seconds(line)], bound=read_to, at=at)
    return added


def drop_line(*, line: InvoiceLine, reason: str, at: datetime) -> None:
    """Take a line off an invoice that is held to be edited."""
    if line.subscription_item_id is not None:
        # Read no more usage for it.
        line.managed_by = ManagedBy.MANUAL
        line.save(update_fields=["managed_by"])
        waive_lines(lines=[line], reason=reason, at=at)
        return
    DetailedLine.objects.filter(line=line).delete()
    line.delete()


def change_held_line(*, line: InvoiceLine, changes: LineChanges, bound: int, at: datetime) -> bool:
    """
    Change a line of an invoice that is held to be edited, and rate it again; tell whether anything changed.

    :raises CannotEditLine: if the line bills on what was billed before, or a subscription says what is to change.
    """
    fields = change_line(line, changes)
    if not fields:
        return False
    line.managed_by, line.updated_at = ManagedBy.MANUAL, at
    line.save(update_fields=[*fields, "managed_by", "updated_at"])
    if line.subscription_item_id is not None:
        rated = rate_again(line)
    else:
        is_gathering = line.invoice.status == InvoiceStatus.GATHERING
        spans = spans_of([line.invoice.customer_id], bound).get(line.invoice.customer_id, ())
        rated = rate_by_hand(line, spans=spans, bound=None if is_gathering else bound)
    write_rated([line], [rated], at=at)
    return True


def set_terms(*, invoice: Invoice, workflow: Workflow | None, changes: Mapping[str, Any], at: datetime) -> None:
    """Write parties and terms of a draft that is held to be edited."""
    if unknown := changes.keys() - _COLUMNS:
        raise TypeError(f"A draft has no field {', '.join(sorted(unknown))} to change.")
    fields = list(changes)
    for name, value in changes.items():
        setattr(invoice, name, value)
    if workflow is not None:
        _wait_anew(invoice, workflow)
        invoice.workflow = workflow.to_json()
        fields += ["workflow", "draft_until"]
    invoice.updated_at = at
    invoice.save(update_fields=[*fields, "updated_at"])


def _wait_anew(invoice: Invoice, workflow: Workflow) -> None:
    """Let the draft period of another workflow count from where it counted before."""
    start = max(invoice.collection_at or invoice.created_at, invoice.created_at)
    was = Workflow.from_json(invoice.workflow)
    if (workflow.is_auto_advancing, workflow.draft_period) != (was.is_auto_advancing, was.draft_period):
        invoice.draft_until = start + workflow.draft_period if workflow.is_auto_advancing else None


def _hold_draft(invoice_id: int) -> Invoice:
    invoice = hold_to_edit(invoice_id)
    if invoice.status == InvoiceStatus.GATHERING:
        raise InvoiceCannotBeEdited(f"Change the lines of {invoice} alone: it gathers what is not billed yet.")
    return invoice


def _hold_line(line_id: int) -> tuple[InvoiceLine, Invoice]:
    invoice_id = InvoiceLine.objects.values_list("invoice", flat=True).get(pk=line_id)
    invoice = hold_to_edit(invoice_id)
    related = invoice.lines.select_related("subscription_item", "feature", "meter_version__meter")
    line = related.get(pk=line_id)
    line.invoice = invoice
    if is_removed(line):
        raise CannotEditLine(f"Choose a line that was not removed: {line.name!r} was.")
    return line, invoice


def _span_lines(invoice: Invoice) -> None:
    periods = list(invoice.lines.values_list("period_start", "period_end"))
    if not periods:
        return
    start, end = min(start for start, _ in periods), max(end for _, end in periods)
    if (start, end) != (invoice.period_start, invoice.period_end):
        invoice.period_start, invoice.period_end = start, end
        invoice.save(update_fields=["period_start", "period_end"])


def _check_discount(percentage: Decimal | None, fixed_amount: Decimal | None) -> None:
    if (percentage is None) == (fixed_amount is None):
        raise InvalidDiscount("Give either a percentage or an amount.")
    if percentage is not None and not 0 < percentage <= 100:
        raise InvalidDiscount("Give a percentage above 0, up to 100.")
    if fixed_amount is not None and fixed_amount <= 0:
        raise InvalidDiscount("Give an amount above zero.")
