"""Invoices move: by what people ask for, by what apps answer, and by themselves as far as nothing waits."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction

from invoicing.lifecycle import MOVES, InvalidMove, Trigger, target
from invoicing.models import (
    BillingProfile,
    DetailedLine,
    Invoice,
    InvoiceLine,
    InvoiceStatus,
    InvoiceType,
)
from invoicing.numbering import draft_name
from invoicing.queries.bills import Bill, PricedLine
from invoicing.queries.states import situation_of
from invoicing.services.steps import STEPS, WORK, Visit
from invoicing.validation import Issue, Severity
from invoicing.walking import next_trigger
from metering.errors import DomainError
from metering.ingest.fence import current_bound
from metering.models import Customer
from pricing.money import zero
from pricing.rating import to_json

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


class CannotAdvance(InvalidMove):
    code = "invoice_cannot_advance"


class CannotDeleteGathering(InvalidMove):
    code = "invoice_cannot_delete_gathering"


class BillOutOfBounds(DomainError):
    """A bill that must not go out; a person has to look at it."""

    status = 409
    code = "invoice_out_of_bounds"


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
    work = WORK.get(status)
    if work is None:
        return None
    if Trigger.FAIL not in MOVES[status]:
        return work(visit)
    try:
        return work(visit)
    except DomainError as error:
        visit.note([Issue(code=error.code, message=error.message, component=STEPS)], STEPS)
        return Trigger.FAIL


def advance_invoice(*, invoice_id: int, at: datetime) -> Invoice:
    """
    Move an invoice on as far as nothing waits. Call it outside a transaction, as usage may be read.

    :raises CannotAdvance: if it waits for somebody, or for its time.
    """
    return _advance(invoice_id, current_bound(), at)


@transaction.atomic
def _advance(invoice_id: int, bound: int, at: datetime) -> Invoice:
    invoice = held(invoice_id)
    status = InvoiceStatus(invoice.status)
    if walk(invoice=invoice, at=at, bound=bound).status == status:
        raise CannotAdvance(f"Wait, or choose another action than advance: {invoice} is {status.label.lower()}.")
    return invoice


@transaction.atomic
def approve_invoice(*, invoice_id: int, at: datetime) -> Invoice:
    """
    Issue a draft that waits for approval, at once.

    :raises InvalidMove: if it does not wait for that, or something critical is wrong with it.
    """
    invoice = held(invoice_id)
    target(InvoiceStatus(invoice.status), Trigger.APPROVE)
    if critical := next((issue for issue in invoice.validation_issues if issue["severity"] == Severity.CRITICAL), None):
        raise InvalidMove(f"Mend what is wrong with {invoice} before you approve it: {critical['message']}")
    return walk(invoice=invoice, at=at, trigger=Trigger.APPROVE)


def retry_invoice(*, invoice_id: int, at: datetime) -> Invoice:
    """
    Try the step that failed once more, of a draft from its checks on. Call it outside a transaction.

    :raises InvalidMove: if nothing failed.
    """
    return _pull(invoice_id, Trigger.RETRY, current_bound(), at)


def snapshot_quantities(*, invoice_id: int, at: datetime) -> Invoice:
    """
    Read the usage of a draft now and wait no longer for late usage. Call it outside a transaction.

    :raises InvalidMove: if the draft does not wait for usage.
    """
    return _pull(invoice_id, Trigger.SNAPSHOT_QUANTITIES, current_bound(), at)


def delete_invoice(*, invoice_id: int, at: datetime) -> Invoice:
    """
    Delete an invoice that is not issued: it stays, charges nothing, and what it billed counts as billed.

    :raises CannotDeleteGathering: if it gathers what is not billed yet.
    :raises InvalidMove: if it has a number, or is being issued.
    """
    return _pull(invoice_id, Trigger.DELETE, None, at)


@transaction.atomic
def _pull(invoice_id: int, trigger: Trigger, bound: int | None, at: datetime) -> Invoice:
    invoice = held(invoice_id)
    if trigger == Trigger.DELETE and invoice.status == InvoiceStatus.GATHERING:
        raise CannotDeleteGathering(f"Delete pending lines of {invoice} instead: it gathers what is not billed yet.")
    return walk(invoice=invoice, at=at, trigger=trigger, bound=bound)


def held(invoice_id: int) -> Invoice:
    """Lock the customer, then the invoice, in the caller's transaction: always in this order."""
    Customer.objects.select_for_update(no_key=True, of=("self",)).get(invoices=invoice_id)
    return Invoice.objects.select_related("customer", "profile__app").locked().get(pk=invoice_id)


def issue_draft(*, invoice: Invoice, at: datetime) -> Invoice:
    """Move on a draft that the caller's transaction holds already."""
    return walk(invoice=invoice, at=at)


def draft_invoice(
    *, bill: Bill, priced: Sequence[PricedLine], customer: Customer, profile: BillingProfile, at: datetime
) -> Invoice:
    """
    Write the invoice of a billing time with its lines, in the caller's transaction, which holds the customer's row.

    The total is the sum of the lines, each of them the sum of its rounded detailed lines. What was agreed after its
    billing time was invoiced gets an invoice of its own.

    :raises BillOutOfBounds: if the total is negative.
    """
    total = sum((line.rated.amount for line in priced), zero(bill.subscription.currency))
    _check_total(total, bill)
    invoice = _draft(bill, priced, total, customer, profile, at)
    # Its usage is read already.
    invoice.move(Trigger.NEXT)
    invoice.move(Trigger.NEXT)
    invoice.save(force_insert=True)
    lines = [_line(invoice, position, line, at) for position, line in enumerate(priced)]
    InvoiceLine.objects.bulk_create(lines)
    DetailedLine.objects.bulk_create(
        part for line, source in zip(lines, priced, strict=True) for part in _detailed_lines(line, source)
    )
    return invoice


def _check_total(total: Decimal, bill: Bill) -> None:
    if total < 0:
        raise BillOutOfBounds(
            f"Check the usage and prices of {bill.subscription.name}: "
            f"its bill of {bill.billed_at.isoformat()} is negative, {total:f} {bill.subscription.currency}."
        )


def _draft(
    bill: Bill, priced: Sequence[PricedLine], total: Decimal, customer: Customer, profile: BillingProfile, at: datetime
) -> Invoice:
    pk = _next_id()
    return Invoice(
        pk=pk,
        customer=customer,
        profile=profile,
        draft_number=draft_name(customer.name, pk),
        currency=bill.subscription.currency,
        status=InvoiceStatus.DRAFT_CREATED,
        billed_at=bill.billed_at,
        supplement=Invoice.objects.filter(
            customer=customer, currency=bill.subscription.currency, billed_at=bill.billed_at, type=InvoiceType.STANDARD
        ).count(),
        period_start=min(line.state.period.start for line in priced),
        period_end=max(line.state.period.end for line in priced),
        time_zone=bill.subscription.time_zone,
        amount=total,
        total=total,
        created_at=at,
        updated_at=at,
    )


def _next_id() -> int:
    """Draw the id before the row exists, because a draft is named after it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('invoicing_invoice', 'id'))")
        return cursor.fetchone()[0]


def _line(invoice: Invoice, position: int, priced: PricedLine, at: datetime) -> InvoiceLine:
    item, state = priced.due.item, priced.state
    return InvoiceLine(
        invoice=invoice,
        position=position,
        subscription_item=item,
        name=item.name,
        type=item.type,
        feature=item.feature,
        meter_version=priced.due.version,
        filters=priced.due.filters,
        price=item.price,
        discounts=item.discounts,
        unit_config=item.unit_config,
        prorate_commitments=item.prorate_commitments,
        tax_config=item.tax_config,
        currency=invoice.currency,
        period_start=state.period.start,
        period_end=state.period.end,
        invoice_at=invoice.billed_at,
        now=state.to_json(),
        quantity=state.quantity,
        usage_discount=priced.rated.usage_discount,
        amount=priced.rated.amount,
        trace=to_json(priced.rated)["steps"],
        created_at=at,
        updated_at=at,
    )


def _detailed_lines(line: InvoiceLine, priced: PricedLine) -> list[DetailedLine]:
    return [
        DetailedLine(
            line=line,
            position=position,
            key=part.key,
            name=part.name,
            category=part.category,
            of=part.of,
            quantity=part.quantity,
            unit_amount=part.unit_amount,
            amount=part.amount,
        )
        for position, part in enumerate(priced.rated.lines)
    ]
