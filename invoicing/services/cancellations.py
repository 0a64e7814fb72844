"""Cancelling an issued invoice: a credit note that takes back each of its lines exactly."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from django.db.models import Max, Q

from invoicing.lifecycle import NUMBERED, Trigger
from invoicing.lines import LineState, line_ulid, rate_line
from invoicing.models import (
    DetailedLine,
    DetailedLineCategory,
    Invoice,
    InvoiceLine,
    InvoiceStatus,
    InvoiceTax,
    InvoiceType,
    LineCause,
    ManagedBy,
)
from invoicing.numbering import draft_name
from invoicing.queries.explain import charge_of_line, states_of
from invoicing.services.adjustments import adjustment
from invoicing.services.gathering import open_gathering
from invoicing.services.issuing import next_invoice_id
from invoicing.services.manual_lines import LineTerms, write_lines
from invoicing.services.walks import walk
from metering.errors import DomainError
from metering.periods import Period
from pricing.rating import Rated, to_json

_SAME = (
    "position",
    "subscription_item",
    "name",
    "description",
    "type",
    "feature",
    "meter_version",
    "filters",
    "price",
    "discounts",
    "unit_config",
    "prorate_commitments",
    "tax_config",
    "currency",
    "period_start",
    "period_end",
    "invoice_at",
)


class InvoiceContinued(DomainError):
    """What the invoice billed was changed by a later document, which rests on it."""

    status = 409
    code = "invoice_continued"


def write_cancellation(*, invoice: Invoice, reason: str, rebill: bool, at: datetime) -> Invoice:
    """
    Void an invoice that the caller's transaction holds, and return the numbered credit note that cancels it.

    Each line's states change places on the note, so that the time counts as not billed; lines by hand are written
    again. Without `rebill` the states stay, and the amount is taken back by an adjustment.

    :raises InvoiceContinued: if a later document continues a line of it.
    """
    lines = list(
        invoice.lines.select_related("subscription_item", "feature", "invoice", "tax").prefetch_related(
            "detailed_lines"
        )
    )
    later = _later(invoice, lines)
    _refuse_continued(invoice, later)
    walk(invoice=invoice, at=at, trigger=Trigger.VOID)
    note = _note(invoice, reason, at)
    note.save(force_insert=True)
    taxes = {tax.pk: _tax(tax, note) for tax in invoice.taxes.order_by("position")}
    InvoiceTax.objects.bulk_create(taxes.values())
    pairs = [_cancelled(line, note, taxes, _next_in_chain(line, later), rebill, reason, at) for line in lines]
    InvoiceLine.objects.bulk_create(line for line, _ in pairs)
    DetailedLine.objects.bulk_create(part for _, parts in pairs for part in parts)
    if rebill:
        _write_again([line for line in lines if line.subscription_item_id is None], invoice, at)
    return walk(invoice=note, at=at)


def _write_again(by_hand: Sequence[InvoiceLine], invoice: Invoice, at: datetime) -> None:
    """Have lines by hand, which no run finds by itself, wait for the next invoice as they were written."""
    terms = [
        LineTerms(
            name=line.name,
            description=line.description,
            metadata=line.metadata,
            period=Period(line.period_start, line.period_end),
            invoice_at=line.invoice_at,
            price=line.price,
            feature=line.feature,
            discounts=line.discounts,
            unit_config=line.unit_config,
            tax_config=line.tax_config,
        )
        for line in by_hand
    ]
    if terms:
        gathering, _ = open_gathering(customer=invoice.customer, currency=str(invoice.currency), at=at)
        write_lines(invoice=gathering, lines=terms, bound=None, at=at)


def _later(invoice: Invoice, lines: Sequence[InvoiceLine]) -> list[InvoiceLine]:
    """Return the lines of other documents that continue those of an invoice, or give back some of them."""
    continuing = Q(corrects__in=lines)
    for line in lines:
        if line.subscription_item_id is not None:
            continuing |= Q(
                subscription_item=line.subscription_item_id, period_start=line.period_start, sequence__gt=line.sequence
            )
    found = InvoiceLine.objects.filter(continuing).exclude(invoice=invoice)
    return list(found.select_related("invoice").order_by("-invoice", "pk"))


def _refuse_continued(invoice: Invoice, later: Sequence[InvoiceLine]) -> None:
    """Let pass what later documents changed only where that was cancelled itself, so that all is as it was."""
    changes = {line.pk for line in later}
    cancelled = {line.corrects_id for line in later if _undoes(line)}
    for line in later:
        is_undone = line.pk in cancelled or (_undoes(line) and line.corrects_id in changes)
        if not is_undone:
            raise InvoiceContinued(_sentence(invoice, line.invoice))


def _next_in_chain(line: InvoiceLine, later: Sequence[InvoiceLine]) -> int:
    if line.subscription_item_id is None:
        return 0
    mine = (line.subscription_item_id, line.period_start)
    after = (other.sequence for other in later if (other.subscription_item_id, other.period_start) == mine)
    return max(after, default=line.sequence) + 1


def _undoes(line: InvoiceLine) -> bool:
    """Tell whether a line restored what was billed before the line that it cancels."""
    return line.cause == LineCause.CANCELLATION and line.before != line.now


def _sentence(invoice: Invoice, later: Invoice) -> str:
    can_be_voided = later.status in NUMBERED and later.type == InvoiceType.STANDARD
    advice = f"Void {later} first" if can_be_voided else f"Give a credit note over {invoice} instead"
    return f"{advice}: {later} continues what {invoice} billed."


def _note(invoice: Invoice, reason: str, at: datetime) -> Invoice:
    pk = next_invoice_id()
    alike = Invoice.objects.filter(customer=invoice.customer, currency=invoice.currency, billed_at=at)
    last = alike.exclude(status=InvoiceStatus.GATHERING).aggregate(last=Max("supplement"))["last"]
    return Invoice(
        pk=pk,
        type=InvoiceType.CREDIT_NOTE,
        status=InvoiceStatus.DRAFT_READY_TO_ISSUE,
        customer=invoice.customer,
        profile=invoice.profile,
        corrects=invoice,
        reason=reason,
        draft_number=draft_name(invoice.customer.name, pk),
        currency=invoice.currency,
        billed_at=at,
        supplement=0 if last is None else last + 1,
        period_start=invoice.period_start,
        period_end=invoice.period_end,
        time_zone=invoice.time_zone,
        workflow=invoice.workflow,
        buyer=invoice.buyer,
        amount=-invoice.amount,
        discount=-invoice.discount,
        tax_inclusive=-invoice.tax_inclusive,
        tax_exclusive=-invoice.tax_exclusive,
        total=-invoice.total,
        quantities_read_at=at,
        created_at=at,
        updated_at=at,
    )


def _tax(tax: InvoiceTax, note: Invoice) -> InvoiceTax:
    return InvoiceTax(
        invoice=note,
        position=tax.position,
        name=tax.name,
        country=tax.country,
        code=tax.code,
        percentage=tax.percentage,
        behavior=tax.behavior,
        taxable=-tax.taxable,
        amount=-tax.amount,
    )


def _cancelled(
    line: InvoiceLine,
    note: Invoice,
    taxes: dict[int, InvoiceTax],
    sequence: int,
    rebill: bool,
    reason: str,
    at: datetime,
) -> tuple[InvoiceLine, list[DetailedLine]]:
    item, (before, now) = line.subscription_item, states_of(line)
    rated = _rated(line, before=now, now=before if rebill else now)
    cancelled = InvoiceLine(
        invoice=note,
        corrects=line,
        sequence=sequence,
        cause=LineCause.CANCELLATION,
        managed_by=ManagedBy.SYSTEM if item else ManagedBy.MANUAL,
        before=line.now,
        now=line.before if rebill else line.now,
        quantity=-line.quantity if rebill or rated is None else Decimal(0),
        usage_discount=rated.usage_discount if rated else Decimal(0),
        amount=-line.amount,
        discount=-line.discount,
        tax=taxes[line.tax_id] if line.tax_id else None,
        tax_inclusive=-line.tax_inclusive,
        tax_exclusive=-line.tax_exclusive,
        trace=to_json(rated)["steps"] if rated else [],
        created_at=at,
        updated_at=at,
        **{name: getattr(line, name) for name in _SAME},
    )
    if rebill and before:
        # What stays billed reaches to where it did before the line.
        cancelled.period_end = before.period.end
    if item:
        cancelled.ulid = line_ulid(item.ulid, line.period_start, cancelled.sequence)
    return cancelled, list(_parts(cancelled, line, rated, reason))


def _rated(line: InvoiceLine, *, before: LineState | None, now: LineState | None) -> Rated | None:
    """Price the way back; None of a line that was written by hand."""
    if before is None and now is None:
        return None
    charge = charge_of_line(line)
    return rate_line(charge=charge, name=line.name, currency=str(line.currency), before=before, now=now)


def _parts(cancelled: InvoiceLine, line: InvoiceLine, rated: Rated | None, reason: str) -> Iterable[DetailedLine]:
    if rated is None:
        yield from (_negated(cancelled, part) for part in line.detailed_lines.all())
        return
    for position, part in enumerate(rated.lines):
        yield DetailedLine(
            line=cancelled,
            position=position,
            key=part.key,
            name=part.name,
            category=part.category,
            of=part.of,
            quantity=part.quantity,
            unit_amount=part.unit_amount,
            amount=part.amount,
        )
    # What was given or taken by hand comes back too, and all of it where nothing is billed anew.
    if rest := cancelled.amount - rated.amount:
        yield adjustment(line=cancelled, position=len(rated.lines), amount=rest, reason=reason)


def _negated(cancelled: InvoiceLine, part: DetailedLine) -> DetailedLine:
    return DetailedLine(
        line=cancelled,
        position=part.position,
        key=part.key,
        name=part.name,
        category=DetailedLineCategory(part.category),
        of=part.of,
        quantity=-part.quantity,
        unit_amount=part.unit_amount,
        amount=-part.amount,
    )
