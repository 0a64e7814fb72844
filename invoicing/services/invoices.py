"""Invoices move: by what people ask for, by what apps answer, and by themselves as far as nothing waits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction

from invoicing.lifecycle import MOVES, InvalidMove, Trigger
from invoicing.models import (
    BillingProfile,
    DetailedLine,
    Invoice,
    InvoiceLine,
    InvoiceStatus,
    InvoiceType,
)
from invoicing.numbering import draft_name
from invoicing.providers import PROVIDERS, AppInvoice, Provider
from invoicing.queries.bills import Bill, PricedLine
from invoicing.queries.states import situation_of
from invoicing.services.issuing import issue
from invoicing.services.payments import collect
from invoicing.validation import Issue, replaced
from invoicing.walking import next_trigger
from metering.errors import DomainError
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
    "validation_issues",
    "issued_at",
    "due_at",
    "paid_at",
    "voided_at",
    "deleted_at",
)


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
    visit = _Visit(invoice, at, bound)
    if trigger is None:
        trigger = visit.next()
    while trigger is not None:
        invoice.move(trigger)
        trigger = visit.arrive() or visit.next()
    changed = [name for name in _WALKED if getattr(invoice, name) != before[name]]
    if changed:
        invoice.updated_at = at
        invoice.save(update_fields=[*changed, "updated_at"])
    return invoice


@dataclass(frozen=True)
class _Visit:
    """One walk of an invoice, and the work it does in each state."""

    invoice: Invoice
    at: datetime
    bound: int | None

    def next(self) -> Trigger | None:
        situation = situation_of(self.invoice, self.at, can_read=self.bound is not None)
        return next_trigger(InvoiceStatus(self.invoice.status), situation)

    def arrive(self) -> Trigger | None:
        """Do the work of the state; return what it makes of the next step, None for what the state itself says."""
        status = InvoiceStatus(self.invoice.status)
        work = _WORK.get(status)
        if work is None:
            return None
        try:
            return work(self)
        except DomainError as error:
            if Trigger.FAIL not in MOVES[status]:
                raise
            self.note([Issue(code=error.code, message=error.message, component=_STEPS)], _STEPS)
            return Trigger.FAIL

    def note(self, found: Sequence[Issue], component: str) -> None:
        self.invoice.validation_issues = replaced(
            self.invoice.validation_issues, component=component, found=found, at=self.at
        )

    @property
    def app(self) -> Provider:
        return PROVIDERS[self.invoice.profile.app.type]

    @property
    def told(self) -> AppInvoice:
        """What the app is told."""
        invoice = self.invoice
        return AppInvoice(
            ulid=invoice.ulid,
            name=str(invoice),
            currency=str(invoice.currency),
            total=invoice.total,
            customer_metadata=invoice.customer.metadata,
        )


# Who finds issues: the steps themselves, and the app when it validates.
_STEPS, _APP = "invoicing", "app"


def _validate(visit: _Visit) -> None:
    visit.note((), _STEPS)
    visit.note(visit.app.validate(visit.told), _APP)


def _send_draft(visit: _Visit) -> None:
    visit.app.upsert_draft(visit.told)


def _finalise_lines(visit: _Visit) -> None:
    visit.note((), _STEPS)
    if visit.invoice.total < 0:
        # No invoice is negative: what gives back money is a credit note.
        visit.invoice.type = InvoiceType.CREDIT_NOTE


def _finalise_in_app(visit: _Visit) -> None:
    visit.app.finalise(visit.told)


def _issue(visit: _Visit) -> None:
    issue(invoice=visit.invoice, at=visit.at)


def _collect(visit: _Visit) -> Trigger | None:
    return collect(invoice=visit.invoice, at=visit.at)


def _note_paid(visit: _Visit) -> None:
    visit.invoice.paid_at = visit.at


_WORK: Mapping[InvoiceStatus, Callable[[_Visit], Trigger | None]] = {
    InvoiceStatus.DRAFT_VALIDATING: _validate,
    InvoiceStatus.DRAFT_SYNCING: _send_draft,
    InvoiceStatus.ISSUING_LINE_FINALIZATION: _finalise_lines,
    InvoiceStatus.ISSUING_SYNCING: _finalise_in_app,
    InvoiceStatus.ISSUED: _issue,
    InvoiceStatus.PAYMENT_PENDING: _collect,
    InvoiceStatus.PAID: _note_paid,
}


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


@transaction.atomic
def advance_invoice(*, invoice_id: int, at: datetime) -> Invoice:
    """
    Move an invoice on as far as nothing waits.

    :raises InvalidMove: if it waits for somebody, or for its time.
    """
    invoice = _held(invoice_id)
    status = invoice.status
    if walk(invoice=invoice, at=at).status == status:
        raise InvalidMove(
            f"Wait, or choose another action than advance: {invoice} is {invoice.get_status_display().lower()}."
        )
    return invoice


def issue_draft(*, invoice: Invoice, at: datetime) -> Invoice:
    """Move on a draft that the caller's transaction holds already."""
    return walk(invoice=invoice, at=at)


def _held(invoice_id: int) -> Invoice:
    """Lock the customer, then the invoice: always in this order."""
    found = Invoice.objects.select_related("customer", "profile__app")
    Customer.objects.select_for_update(no_key=True, of=("self",)).get(invoices=invoice_id)
    return found.locked().get(pk=invoice_id)


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
