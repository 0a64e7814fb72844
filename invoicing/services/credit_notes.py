"""Credit notes: some of an issued invoice is given back, with its discount and its tax."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import Max

from invoicing.lifecycle import MOVES, InvoiceStatus, Trigger
from invoicing.models import DetailedLine, Invoice, InvoiceLine, InvoiceTax, InvoiceType, LineCause, ManagedBy
from invoicing.numbering import draft_name
from invoicing.queries.credits import billed_lines, left_to_credit
from invoicing.services.adjustments import adjustment
from invoicing.services.balances import dispose
from invoicing.services.issuing import issue
from invoicing.services.payments import hold_invoice
from invoicing.services.totals import set_totals
from invoicing.services.walks import walk
from invoicing.totals import BilledLine, Item, Totals, give_back
from metering.errors import DomainError
from pricing.money import quantize


@dataclass(frozen=True)
class CreditItem:
    """How much of a line is given back, before its discount and its tax."""

    line_id: int
    amount: Decimal


class CannotCredit(DomainError):
    """The credit note would give back what was not charged, or cannot be given."""

    status = 409
    code = "credit_note_cannot_be_created"


class CreditExceedsLine(CannotCredit):
    code = "credit_note_exceeds_line"


class CreditExceedsInvoice(CannotCredit):
    code = "credit_note_exceeds_invoice"


@transaction.atomic
def create_credit_note(*, invoice_id: int, items: Sequence[CreditItem], reason: str, at: datetime) -> Invoice:
    """
    Give back parts of lines of an issued invoice; return the note, issued with a number.

    Discounts come back pro rata, tax at the invoice's own rates; the note that gives back the last absorbs what
    roundings left. It is used for what is still due on the invoice first, the rest goes to the customer's balance.

    :raises CannotCredit: if the invoice is not issued or is a credit note, or an item is none of its lines.
    :raises CreditExceedsLine: if an item is more than is left of its line.
    :raises CreditExceedsInvoice: if the note is more than is left of the invoice.
    """
    invoice = hold_invoice(invoice_id)
    _check_invoice(invoice)
    lines = list(invoice.lines.select_related("tax", "feature").order_by("position", "pk"))
    billed = billed_lines(lines)
    chosen = _chosen(invoice, items, lines, billed)
    places = {line.pk: place for place, line in enumerate(lines)}
    totals = give_back(
        list(billed.values()),
        [Item(places[line.pk], amount) for line, amount in chosen],
        currency=invoice.currency,
    )
    _check_total(invoice, totals)
    note = _note(invoice, reason, at)
    _write(note, chosen, totals, at)
    _issue(note, at)
    _dispose(note, invoice, at)
    return note


def _check_invoice(invoice: Invoice) -> None:
    if invoice.number is None:
        raise CannotCredit(f"Change {invoice} itself: only what is issued can be given back.")
    if invoice.type == InvoiceType.CREDIT_NOTE:
        raise CannotCredit(f"Choose an invoice: {invoice} is a credit note.")
    if invoice.status == InvoiceStatus.VOIDED:
        raise CannotCredit(f"Choose another invoice: {invoice} is voided, nothing of it is left to give back.")


def _chosen(
    invoice: Invoice, items: Sequence[CreditItem], lines: Sequence[InvoiceLine], billed: dict[int, BilledLine]
) -> list[tuple[InvoiceLine, Decimal]]:
    """Return each line of the note with its amount, in the order of the invoice."""
    wanted = {item.line_id: item.amount for item in items}
    if not wanted or len(wanted) < len(items) or not wanted.keys() <= billed.keys():
        raise CannotCredit(f"Name lines of {invoice}, at least one and each once.")
    chosen = [(line, wanted[line.pk]) for line in lines if line.pk in wanted]
    for line, amount in chosen:
        _check_item(line, amount, billed[line.pk])
    return chosen


def _check_item(line: InvoiceLine, amount: Decimal, billed: BilledLine) -> None:
    if amount <= 0 or amount != quantize(amount, line.currency):
        raise CannotCredit(
            f"Give back an amount above zero of {line.name}, with the digits that {line.currency} has, not {amount:f}."
        )
    if amount > billed.left:
        raise CreditExceedsLine(
            f"Give back at most {max(billed.left, Decimal(0)):f} {line.currency} of {line.name}: "
            f"it charges {line.amount:f}, of which {billed.back_amount:f} was given back."
        )


def _check_total(invoice: Invoice, totals: Totals) -> None:
    left = left_to_credit(invoice)
    if -totals.total > left:
        raise CreditExceedsInvoice(
            f"Give back at most {left:f} {invoice.currency} of {invoice}, tax included: "
            f"it charges {invoice.total:f}, and these items come to {-totals.total:f}."
        )


def _note(invoice: Invoice, reason: str, at: datetime) -> Invoice:
    pk = _next_id()
    alike = Invoice.objects.filter(customer=invoice.customer, currency=invoice.currency, billed_at=invoice.billed_at)
    last = alike.exclude(status=InvoiceStatus.GATHERING).aggregate(last=Max("supplement"))["last"]
    return Invoice(
        pk=pk,
        type=InvoiceType.CREDIT_NOTE,
        corrects=invoice,
        reason=reason,
        customer=invoice.customer,
        profile=invoice.profile,
        draft_number=draft_name(invoice.customer.name, pk),
        currency=invoice.currency,
        # Whoever makes one by hand has decided already: it waits for nobody.
        status=InvoiceStatus.ISSUING_CHARGE_BOOKING,
        billed_at=invoice.billed_at,
        supplement=last + 1,
        period_start=invoice.period_start,
        period_end=invoice.period_end,
        time_zone=invoice.time_zone,
        workflow=invoice.workflow,
        created_at=at,
        updated_at=at,
    )


def _next_id() -> int:
    """Draw the id before the row exists, because a draft is named after it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('invoicing_invoice', 'id'))")
        return cursor.fetchone()[0]


def _write(note: Invoice, chosen: Sequence[tuple[InvoiceLine, Decimal]], totals: Totals, at: datetime) -> None:
    lines = [_line(note, position, line, amount, at) for position, (line, amount) in enumerate(chosen)]
    taxes = set_totals(note, lines, totals)
    note.save(force_insert=True)
    InvoiceTax.objects.bulk_create(taxes)
    InvoiceLine.objects.bulk_create(lines)
    DetailedLine.objects.bulk_create(
        adjustment(line=line, position=0, amount=line.amount, reason=note.reason) for line in lines
    )


def _line(note: Invoice, position: int, line: InvoiceLine, amount: Decimal, at: datetime) -> InvoiceLine:
    """
    Return a line that gives money back and says of which line.

    It is no link of that line's chain: what was used and billed stays as it is.
    """
    return InvoiceLine(
        invoice=note,
        position=position,
        corrects=line,
        cause=LineCause.ADJUSTMENT,
        managed_by=ManagedBy.MANUAL,
        name=line.name,
        type=line.type,
        feature=line.feature,
        price=line.price,
        tax_config=line.tax_config,
        currency=line.currency,
        period_start=line.period_start,
        period_end=line.period_end,
        invoice_at=at,
        quantity=Decimal(0),
        amount=-amount,
        created_at=at,
        updated_at=at,
    )


def _issue(note: Invoice, at: datetime) -> None:
    issue(invoice=note, at=at)
    note.move(Trigger.NEXT)
    note.save()


def _dispose(note: Invoice, invoice: Invoice, at: datetime) -> None:
    owed = invoice.due
    dispose(note=note, corrected=invoice, at=at)
    note.save(update_fields=["settled", "status", "paid_at", "updated_at"])
    if invoice.due == owed:
        return
    invoice.updated_at = at
    invoice.save(update_fields=["settled", "updated_at"])
    if not invoice.due and Trigger.PAID in MOVES[InvoiceStatus(invoice.status)]:
        walk(invoice=invoice, at=at, trigger=Trigger.PAID)
