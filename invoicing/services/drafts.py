"""Drafts: a bill written down as an invoice with its lines, and its usage read again when collection ends."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from django.db import connection

from invoicing.lines import LineState, line_ulid
from invoicing.models import (
    BillingProfile,
    BillingRun,
    DetailedLine,
    DetailedLineCategory,
    Invoice,
    InvoiceLine,
    InvoiceStatus,
    InvoiceTax,
    InvoiceType,
    LineCause,
)
from invoicing.numbering import draft_name
from invoicing.queries.bills import Bill, PricedLine, Readings
from invoicing.queries.due import spans_of
from invoicing.queries.due_lines import stored_lines
from invoicing.queries.priced_lines import price_lines
from invoicing.services.line_parts import parts_of
from invoicing.services.manual_lines import read_usage_by_hand
from invoicing.services.totals import foot, recalculate
from invoicing.services.usage_changes import note_if_overtaken
from metering.periods import Period
from pricing.models import SubscriptionItem
from pricing.rating import to_json

_ADJUSTMENT = "adjustment"


def write_draft(
    *,
    bill: Bill,
    priced: Sequence[PricedLine],
    profile: BillingProfile,
    bound: int,
    at: datetime,
    run: BillingRun | None = None,
) -> Invoice:
    """
    Write the invoice of a bill with its lines, in the caller's transaction, which holds the customer's row.

    Its usage counts as read at `at`: is that before collection ends, it is read again then. What was agreed after its
    billing time was invoiced gets an invoice of its own. Lines that were written by hand move over, with their usage up
    to batch `bound`.
    """
    invoice = _invoice(bill, profile, at, run)
    lines = [line_of(invoice, position, line, at) for position, line in enumerate(priced)]
    read_usage_by_hand(lines=bill.pending, customer_id=bill.customer.pk, bound=bound, at=at)
    pending = _moved(bill.pending, invoice, len(lines), at)
    invoice.period_start = min(line.period_start for line in (*lines, *pending))
    invoice.period_end = max(line.period_end for line in (*lines, *pending))
    taxes = foot(invoice=invoice, lines=[*lines, *pending])
    invoice.save(force_insert=True)
    InvoiceTax.objects.bulk_create(taxes)
    InvoiceLine.objects.bulk_create(lines)
    InvoiceLine.objects.bulk_update(pending, [*_MOVED_FIELDS])
    DetailedLine.objects.bulk_create(
        part for line, source in zip(lines, priced, strict=True) for part in priced_parts(line, source)
    )
    note_if_overtaken(customer_id=bill.customer.pk, states=[line.state for line in priced])
    return invoice


def collect_quantities(*, invoice: Invoice, bound: int, at: datetime, readings: Readings | None = None) -> None:
    """
    Read the usage of a draft again, up to batch `bound`, and rate it anew; the caller's transaction holds the draft.

    Lines that somebody changed stay, and so do those that a later line bills on. What is in `readings` is not read.
    """
    lines = stored_lines(invoice)
    spans = spans_of([invoice.customer_id], bound)[invoice.customer_id]
    priced = price_lines(lines, spans=spans, bound=bound, readings=readings)
    changed = [line for line in priced if line.due.line_before and line.state != _state_of(line.due.line_before)]
    _rewrite(changed, at)
    by_hand = list(invoice.lines.filter(subscription_item=None, meter_version__isnull=False))
    read_usage_by_hand(lines=by_hand, customer_id=invoice.customer_id, bound=bound, at=at)
    note_if_overtaken(customer_id=invoice.customer_id, states=[line.state for line in priced])
    invoice.quantities_read_at = at
    invoice.save(update_fields=["quantities_read_at"])
    if changed or by_hand:
        recalculate(invoice=invoice, at=at)


def _state_of(line: InvoiceLine) -> LineState | None:
    return LineState.from_json(line.now) if line.now else None


def _rewrite(priced: Sequence[PricedLine], at: datetime) -> None:
    rows = [(line.due.line_before, line) for line in priced if line.due.line_before]
    for row, line in rows:
        for name, value in _rated(line, at).items():
            setattr(row, name, value)
    InvoiceLine.objects.bulk_update([row for row, _ in rows], _RATED_FIELDS)
    DetailedLine.objects.filter(line__in=[row for row, _ in rows]).delete()
    DetailedLine.objects.bulk_create(part for row, line in rows for part in priced_parts(row, line))


_RATED_FIELDS = ("now", "quantity", "usage_discount", "amount", "trace", "updated_at")
_MOVED_FIELDS = ("invoice", "position", "discount", "tax", "tax_inclusive", "tax_exclusive", "updated_at")


def _invoice(bill: Bill, profile: BillingProfile, at: datetime, run: BillingRun | None) -> Invoice:
    pk, supplement = _name(bill)
    workflow = profile.workflow
    collection_at = bill.collection_at(workflow.collection_interval)
    return Invoice(
        pk=pk,
        type=InvoiceType.CREDIT_NOTE if bill.corrects else InvoiceType.STANDARD,
        run=run,
        corrects=bill.corrects,
        customer=bill.customer,
        profile=profile,
        draft_number=draft_name(bill.customer.name, pk),
        currency=bill.currency,
        status=InvoiceStatus.DRAFT_CREATED,
        billed_at=bill.billed_at,
        supplement=supplement,
        spend_threshold=bill.spend_threshold,
        time_zone=str(bill.customer.zone),
        workflow=workflow.to_json(),
        collection_at=collection_at,
        draft_until=max(collection_at or at, at) + workflow.draft_period if workflow.is_auto_advancing else None,
        quantities_read_at=at,
        created_at=at,
        updated_at=at,
    )


def _name(bill: Bill) -> tuple[int, int]:
    """Draw the id, because a draft is named after it, and count how many invoices there are of the billing time."""
    with connection.cursor() as cursor:
        cursor.execute(_NAME, [bill.customer.pk, bill.currency, bill.billed_at, InvoiceStatus.GATHERING])
        return cursor.fetchone()


# Of both types, because an invoice below zero becomes a credit note.
_NAME = """
    SELECT nextval(pg_get_serial_sequence('invoicing_invoice', 'id')), coalesce(max(supplement) + 1, 0)
    FROM invoicing_invoice WHERE customer_id = %s AND currency = %s AND billed_at = %s AND status <> %s
"""


def line_of(invoice: Invoice, position: int, priced: PricedLine, at: datetime) -> InvoiceLine:
    """Return a priced line as a line of an invoice, not written yet."""
    due, item, period = priced.due, priced.due.item, _period(priced)
    # A change goes on at the price of what it changes.
    terms: SubscriptionItem | InvoiceLine = due.line_before if due.line_before and _is_change(priced) else item
    return InvoiceLine(
        ulid=line_ulid(item.ulid, period.start, due.sequence),
        invoice=invoice,
        position=position,
        subscription_item=item,
        corrects=due.line_before if _is_change(priced) else None,
        sequence=due.sequence,
        cause=due.cause,
        name=terms.name,
        type=terms.type,
        feature=terms.feature,
        meter_version=due.version,
        filters=due.filters,
        price=terms.price,
        discounts=terms.discounts,
        unit_config=terms.unit_config,
        prorate_commitments=terms.prorate_commitments,
        tax_config=terms.tax_config,
        currency=invoice.currency,
        period_start=period.start,
        period_end=period.end,
        invoice_at=due.service.bill_at if due.cut_at is None else due.cut_at,
        before=due.before.to_json() if due.before else None,
        created_at=at,
        **_rated(priced, at),
    )


def _rated(priced: PricedLine, at: datetime) -> dict[str, object]:
    """Return what of a line follows from its usage."""
    return {
        "now": priced.state.to_json() if priced.state else None,
        "quantity": _quantity(priced.state) - _quantity(priced.due.before),
        "usage_discount": priced.rated.usage_discount,
        "amount": priced.amount,
        "trace": to_json(priced.rated)["steps"],
        "updated_at": at,
    }


def _is_change(priced: PricedLine) -> bool:
    return priced.due.cause == LineCause.CHANGE


def _period(priced: PricedLine) -> Period:
    state = priced.state or priced.due.before
    return state.period if state else priced.due.period


def _quantity(state: LineState | None) -> Decimal:
    return state.quantity if state else Decimal(0)


def priced_parts(line: InvoiceLine, priced: PricedLine) -> Iterator[DetailedLine]:
    """Yield what a priced line is made of, not written yet."""
    yield from parts_of(line, priced.rated)
    if priced.adjustment:
        yield DetailedLine(
            line=line,
            position=len(priced.rated.lines),
            key=_ADJUSTMENT,
            name=priced.adjustment_reason,
            category=DetailedLineCategory.ADJUSTMENT,
            quantity=Decimal(1),
            unit_amount=priced.adjustment,
            amount=priced.adjustment,
        )


def _moved(pending: Sequence[InvoiceLine], invoice: Invoice, position: int, at: datetime) -> list[InvoiceLine]:
    for place, line in enumerate(pending, start=position):
        line.invoice, line.position, line.updated_at = invoice, place, at
    return list(pending)
