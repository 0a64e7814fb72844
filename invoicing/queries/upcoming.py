"""The open bill: what the next invoice would say if it were written now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q

from invoicing.collection import collected_at
from invoicing.lines import PlanMinimum
from invoicing.models import InvoiceLine
from invoicing.queries.bills import Bill, PricedLine, bills_of, price_bill
from invoicing.queries.changes import changes_of
from invoicing.queries.contracts import open_contracts
from invoicing.queries.due import pending_lines
from invoicing.queries.profiles import profile_of
from invoicing.queries.taxes import Taxation, taxation_of
from invoicing.totals import LineAmount, TaxTotal, Totals, total_up
from metering.models import Customer
from metering.periods import Period
from metering.queries.usage import customer_spans
from pricing.queries import current_period
from pricing.rating import Step

_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class UpcomingLine:
    name: str
    type: str
    period: Period
    quantity: Decimal
    amount: Decimal
    steps: tuple[Step, ...]
    tax_config: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class UpcomingInvoice:
    """An invoice to come with its tax: `period` is the billing period that it closes, `bills_at` when it is written."""

    currency: str
    period: Period
    lines: tuple[UpcomingLine, ...]
    total: Decimal
    bills_at: datetime
    taxes: tuple[TaxTotal, ...] = ()


def upcoming_invoice(*, customer: Customer, at: datetime) -> UpcomingInvoice | None:
    """
    Return the invoice that usage of this moment goes on: the one that closes the current billing period.

    It lists the usage so far and the fees that its billing time charges in advance, of all subscriptions that are
    billed then, less what was billed before. None for a customer without a live subscription.
    """
    subscription = customer.subscriptions.live(at).first()
    if subscription is None:
        return None
    period = current_period(subscription, at)
    closes_at = collected_at(profile_of(customer).workflow.collection_anchor, customer.zone, period.end)
    bills = _bills(customer, at, until=closes_at)
    closing = [bill for bill in bills if bill.billed_at == closes_at and bill.currency == subscription.currency]
    before = [bill for bill in bills if bill.billed_at < closes_at]
    (*_, upcoming) = _upcoming(
        customer, [*before, *(closing or [Bill(customer, subscription.currency, closes_at, ())])], {closes_at: period}
    )
    return upcoming


def closing_invoices(*, customer: Customer, at: datetime) -> tuple[UpcomingInvoice, ...]:
    """Return the invoices whose billing time has passed and that the billing run did not write yet, oldest first."""
    return _upcoming(customer, _bills(customer, at, until=at), {})


def _bills(customer: Customer, at: datetime, *, until: datetime) -> list[Bill]:
    contracts = open_contracts(Q(customer=customer, active_from__lte=at))
    pending = pending_lines([customer.pk]).get(customer.pk, [])
    changes = changes_of([customer.pk], bound=None, at=at, by=until).get(customer.pk, ())
    profile = profile_of(customer)
    return bills_of(customer, contracts, until=until, profile=profile, pending=pending, changes=changes)


def _upcoming(
    customer: Customer, bills: Sequence[Bill], periods: Mapping[datetime, Period]
) -> tuple[UpcomingInvoice, ...]:
    """Price bills in their order, each with the lines of those before, which a minimum counts."""
    profile, spans = profile_of(customer), customer_spans(customer_id=customer.pk)
    taxation = taxation_of(profile=profile, address=customer.billing_address)
    invoices: list[UpcomingInvoice] = []
    earlier: list[PricedLine] = []
    for bill in bills:
        priced = price_bill(bill, spans=spans, bound=None, earlier=earlier)
        earlier += priced
        lines = (*(_line(line) for line in priced if _says_something(line)), *map(_pending_line, bill.pending))
        totals = _totals(bill.currency, lines, taxation)
        invoices.append(
            UpcomingInvoice(
                currency=bill.currency,
                period=periods.get(bill.billed_at) or _closed_period(bill),
                lines=lines,
                total=totals.total,
                bills_at=bill.due_at(profile.collection_interval),
                taxes=totals.taxes,
            )
        )
    return tuple(invoices)


def _totals(currency: str, lines: Sequence[UpcomingLine], taxation: Taxation) -> Totals:
    amounts = [LineAmount(line.amount, taxation.rule(line.tax_config, until=line.period.end)) for line in lines]
    return total_up(amounts, currency=currency)


def _closed_period(bill: Bill) -> Period:
    if not bill.lines:
        return Period(bill.pending[0].period_start, bill.pending[0].period_end)
    subscription = bill.lines[0].item.subscription
    # A first bill holds fees alone, charged at the very start.
    is_first = bill.billed_at <= subscription.active_from
    return current_period(subscription, bill.billed_at if is_first else bill.billed_at - _INSTANT)


def _says_something(priced: PricedLine) -> bool:
    # As `InvoiceLineQuerySet.shown`.
    return bool(priced.rated.amount) or not isinstance(priced.due.charge, PlanMinimum)


def _line(priced: PricedLine) -> UpcomingLine:
    due, state, before = priced.due, priced.state, priced.due.before
    quantity = (state.quantity if state else 0) - (before.quantity if before else Decimal(0))
    item = due.item
    return UpcomingLine(item.name, item.type, due.period, quantity, priced.amount, priced.rated.steps, item.tax_config)


def _pending_line(line: InvoiceLine) -> UpcomingLine:
    period = Period(line.period_start, line.period_end)
    return UpcomingLine(line.name, line.type, period, line.quantity, line.amount, (), line.tax_config)
