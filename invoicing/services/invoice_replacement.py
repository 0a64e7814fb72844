"""Replace what a draft or gathering invoice says by what was sent for it, as OpenMeter's `PUT` does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from invoicing.lifecycle import InvoiceStatus
from invoicing.models import Invoice, InvoiceLine
from invoicing.services.draft_edits import (
    REMOVED,
    InvoiceCannotBeEdited,
    add_line,
    change_held_line,
    drop_line,
    finish_edit,
    hold_to_edit,
    set_terms,
)
from invoicing.services.gathering import gather
from invoicing.services.line_edits import LineChanges, differs, is_removed
from invoicing.services.manual_lines import LineTerms
from invoicing.workflow import Workflow
from metering.errors import DomainError
from metering.ingest.fence import current_bound


class LineNotFound(DomainError):
    code = "invoice_line_not_found"


@dataclass(frozen=True)
class LineToKeep:
    """A line that there is, by its id, with what it should say."""

    ulid: str
    changes: LineChanges


def replace_invoice(
    *,
    invoice_id: int,
    lines: Sequence[LineToKeep | LineTerms],
    workflow: Workflow,
    terms: Mapping[str, Any],
    at: datetime,
) -> Invoice:
    """
    Keep and change the lines that are named, add those that are new, remove the others; of a draft set `terms` as well.

    Lines that subscriptions put on a gathering invoice can only be sent as they are. Call it outside a transaction.

    :raises InvoiceCannotBeEdited: if the invoice is not open for changes, or a line of a subscription would change.
    :raises LineNotFound: if a line is named that the invoice does not have.
    :raises CannotEditLine: if a line cannot change like that.
    """
    bound = current_bound()
    with transaction.atomic():
        invoice = hold_to_edit(invoice_id)
        computed = _computed(invoice, at)
        stored = {line.ulid: line for line in _lines(invoice)}
        kept = {line.ulid: line.changes for line in lines if isinstance(line, LineToKeep)}
        if unknown := kept.keys() - stored.keys() - computed.keys():
            raise LineNotFound(f"Name a line of {invoice} by its id, or leave the id out: {min(unknown)} is none.")
        for ulid, line in computed.items():
            _check_computed(line, kept.get(ulid))
        for ulid, line in stored.items():
            if ulid in kept:
                change_held_line(line=line, changes=kept[ulid], bound=bound, at=at)
            else:
                drop_line(line=line, reason=REMOVED, at=at)
        for added in lines:
            if isinstance(added, LineTerms):
                add_line(invoice=invoice, line=added, bound=bound, at=at)
        if invoice.status != InvoiceStatus.GATHERING:
            set_terms(invoice=invoice, workflow=workflow, changes=terms, at=at)
        return finish_edit(invoice=invoice, bound=bound, at=at)


def _lines(invoice: Invoice) -> list[InvoiceLine]:
    lines = invoice.lines.select_related("subscription_item", "feature", "meter_version__meter")
    found = [line for line in lines.prefetch_related("detailed_lines").order_by("position") if not is_removed(line)]
    for line in found:
        line.invoice = invoice
    return found


def _computed(invoice: Invoice, at: datetime) -> dict[str, InvoiceLine]:
    if invoice.status != InvoiceStatus.GATHERING:
        return {}
    (gathered,) = gather(invoices=[invoice], at={invoice.customer_id: at})
    return {line.ulid: line for line, _ in gathered.lines if line.pk is None}


def _check_computed(line: InvoiceLine, changes: LineChanges | None) -> None:
    if changes is None or differs(line, changes):
        raise InvoiceCannotBeEdited(
            f"Send {line.name!r} as it is, or change its subscription: what is not billed yet follows from that."
        )
