"""Billing before a period ends: when somebody asks for it, and when usage passes a spend threshold."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from invoicing.lines import line_ulid
from invoicing.models import BillingRun, Invoice, InvoiceLine
from invoicing.queries.bills import Bill, DueLine, PricedLine, price_bill
from invoicing.queries.contracts import open_contracts
from invoicing.queries.due import Readings, pending_lines, seal_of, spans_of
from invoicing.queries.profiles import profile_of
from invoicing.queries.progress import Spending, billable_lines, crossed_threshold
from invoicing.services.drafts import write_draft
from invoicing.services.locks import lock_customer
from invoicing.services.parking import check_total
from invoicing.services.walks import walk
from metering.errors import DomainError
from metering.ingest.fence import current_bound
from metering.models import Customer


class NoLinesToInvoice(DomainError):
    """Nothing has come due."""

    code = "invoice_create_no_lines"


class LinesNotBillable(DomainError):
    """Some of the lines that were named cannot be billed yet, or are billed already."""

    code = "invoice_lines_not_billable"


class TimeToCome(DomainError):
    """What will be used cannot be billed."""

    code = "invoice_as_of_is_to_come"


def invoice_now(
    *,
    customer_id: int,
    as_of: datetime,
    line_ids: Collection[str] | None = None,
    progressive: bool | None = None,
    at: datetime,
) -> list[Invoice]:
    """
    Invoice what a customer owes up to a time, one invoice for each currency, and return them.

    With `progressive`, None for what the profile says, usage that only grows is billed up to then, and its period's
    end bills the rest. `line_ids` leaves out all other lines. Corrections of what was billed are left to the billing
    run. Call it outside a transaction.

    :raises TimeToCome: if `as_of` lies after `at`.
    :raises LinesNotBillable: if a line that is named cannot be billed then.
    :raises NoLinesToInvoice: if there is nothing to bill.
    :raises CannotPrice: if an item has a price that cannot be read, or is billed by usage that no meter measures.
    """
    if as_of > at:
        raise TimeToCome(f"Choose a time for asOf that has passed: it is {at.isoformat()} now.")
    bound = current_bound()
    with transaction.atomic():
        lock_customer(customer_id)
        customer = Customer.objects.get(pk=customer_id)
        bills = _bills(customer, as_of, line_ids, progressive)
        spans = spans_of([customer_id], bound)[customer_id]
        drafts = []
        for bill in bills:
            priced = _worth_a_line(price_bill(bill, spans=spans, bound=bound), line_ids)
            if priced or bill.pending:
                drafts.append(write_draft(bill=bill, priced=priced, profile=profile_of(customer), bound=bound, at=at))
        if not drafts:
            raise NoLinesToInvoice(f"Wait until {customer.name} uses something, or a line of theirs comes due.")
        return [walk(invoice=draft, at=at, bound=bound) for draft in drafts]


def bill_at_threshold(
    *,
    spending: Spending,
    bound: int,
    readings: Readings | None = None,
    run: BillingRun | None = None,
    check: Callable[[Invoice], None] = check_total,
) -> Invoice | None:
    """
    Bill a customer's usage at once if it passed a spend threshold; return the invoice, None if not.

    All that was used is billed, not the threshold. What changed since `spending` was read is left to the next run.
    `check` refuses a draft.

    :raises BillOutOfBounds: if it is above the profile's largest total, unless another check is given.
    :raises CannotPrice: if an item has a price that cannot be read, or is billed by usage that no meter measures.
    """
    outlook = spending.outlook
    if outlook.error:
        raise outlook.error
    bill = spending.bill
    priced = price_bill(bill, spans=outlook.spans, bound=bound, readings=readings)
    threshold = crossed_threshold(spending, priced)
    if threshold is None:
        return None
    with transaction.atomic():
        lock_customer(outlook.customer.pk)
        if outlook.seal != seal_of([outlook.customer.pk])[outlook.customer.pk]:
            return None
        draft = write_draft(
            bill=replace(bill, spend_threshold=threshold),
            priced=_worth_a_line(priced, None),
            profile=outlook.profile,
            bound=bound,
            at=outlook.at,
            run=run,
        )
        check(draft)
        return walk(invoice=draft, at=outlook.at, bound=bound)


def _bills(
    customer: Customer, as_of: datetime, line_ids: Collection[str] | None, progressive: bool | None
) -> list[Bill]:
    is_progressive = profile_of(customer).is_progressive if progressive is None else progressive
    lines: dict[str, list[DueLine]] = defaultdict(list)
    for due in billable_lines(open_contracts(Q(customer=customer)), as_of=as_of, is_progressive=is_progressive):
        lines[due.item.subscription.currency].append(due)
    pending: dict[str, list[InvoiceLine]] = defaultdict(list)
    for line in pending_lines([customer.pk]).get(customer.pk, []):
        if line.invoice_at <= as_of:
            pending[line.currency].append(line)
    if line_ids is not None:
        _choose(line_ids, lines, pending)
    return [
        Bill(customer, currency, as_of, tuple(lines[currency]), tuple(pending[currency]))
        for currency in sorted({*lines, *pending})
    ]


def _choose(line_ids: Collection[str], lines: dict[str, list[DueLine]], pending: dict[str, list[InvoiceLine]]) -> None:
    """Leave the lines that are named alone."""
    known = {_ulid(due) for found in lines.values() for due in found}
    known |= {line.ulid for found in pending.values() for line in found}
    if missing := sorted(set(line_ids) - known):
        raise LinesNotBillable(
            f"Leave out the lines that cannot be billed at that time: {', '.join(missing)}.",
            extensions={"lineIds": missing},
        )
    for currency in {*lines, *pending}:
        lines[currency] = [due for due in lines[currency] if _ulid(due) in line_ids]
        pending[currency] = [line for line in pending[currency] if line.ulid in line_ids]


def _ulid(due: DueLine) -> str:
    return line_ulid(due.item.ulid, due.service.period.start, due.sequence)


def _worth_a_line(priced: Sequence[PricedLine], line_ids: Collection[str] | None) -> list[PricedLine]:
    """Leave out what is billed before its period's end where nothing was used, unless it was asked for."""
    return [line for line in priced if line_ids is not None or line.due.cut_at is None or _says_something(line)]


def _says_something(line: PricedLine) -> bool:
    before = line.due.before.quantity if line.due.before else 0
    return bool(line.amount) or (line.state is not None and line.state.quantity != before)
