"""The open bill: what the next invoice would say if it were written now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Q

from invoicing.lines import PlanMinimum
from invoicing.models import BillingProfile
from invoicing.queries.bills import Bill, PricedLine, bills_of, price_bill
from invoicing.queries.contracts import open_contracts
from metering.models import Customer
from metering.periods import Period
from metering.queries.usage import customer_spans
from metering.spans import Span
from pricing.money import zero
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


@dataclass(frozen=True)
class UpcomingInvoice:
    """An invoice to come: `period` is the billing period that it closes, `bills_at` when it will be written."""

    currency: str
    period: Period
    lines: tuple[UpcomingLine, ...]
    total: Decimal
    bills_at: datetime


def upcoming_invoice(*, customer: Customer, at: datetime) -> UpcomingInvoice | None:
    """
    Return the invoice that usage of this moment goes on: the one that closes the current billing period.

    It lists the usage so far and the fees that the next billing time charges in advance. None for a customer without
    a live subscription.
    """
    subscription = customer.subscriptions.live(at).first()
    if subscription is None:
        return None
    end = current_period(subscription, at).end
    bills = [bill for contract in open_contracts(Q(pk=subscription.pk)) for bill in bills_of(contract, until=end)]
    closing = [bill for bill in bills if bill.billed_at == end] or [Bill(subscription, end, ())]
    before = [bill for bill in bills if bill.billed_at < end]
    (*_, upcoming) = _upcoming([*before, *closing], customer_spans(customer_id=customer.pk))
    return upcoming


def closing_invoices(*, customer: Customer, at: datetime) -> tuple[UpcomingInvoice, ...]:
    """Return the invoices whose billing time has passed and that the billing run did not write yet, oldest first."""
    contracts = open_contracts(Q(customer=customer, active_from__lte=at))
    bills = [bill for contract in contracts for bill in bills_of(contract, until=at)]
    return _upcoming(sorted(bills, key=lambda bill: bill.billed_at), customer_spans(customer_id=customer.pk))


def _upcoming(bills: Sequence[Bill], spans: tuple[Span, ...]) -> tuple[UpcomingInvoice, ...]:
    """Price bills in their order, each with the lines of those before, which a minimum counts."""
    profile = BillingProfile.objects.get(is_default=True)
    invoices: list[UpcomingInvoice] = []
    earlier: list[PricedLine] = []
    for bill in bills:
        priced = price_bill(bill, spans=spans, bound=None, earlier=earlier)
        earlier += priced
        currency = bill.subscription.currency
        invoices.append(
            UpcomingInvoice(
                currency=currency,
                period=_closed_period(bill),
                lines=tuple(_line(line) for line in priced if _says_something(line)),
                total=sum((line.rated.amount for line in priced), zero(currency)),
                bills_at=bill.due_at(profile.collection_interval),
            )
        )
    return tuple(invoices)


def _closed_period(bill: Bill) -> Period:
    # A first bill holds fees alone, charged at the very start.
    is_first = bill.billed_at <= bill.subscription.active_from
    return current_period(bill.subscription, bill.billed_at if is_first else bill.billed_at - _INSTANT)


def _says_something(priced: PricedLine) -> bool:
    # As `InvoiceLineQuerySet.shown`.
    return bool(priced.rated.amount) or not isinstance(priced.due.charge, PlanMinimum)


def _line(priced: PricedLine) -> UpcomingLine:
    item, state, rated = priced.due.item, priced.state, priced.rated
    return UpcomingLine(item.name, item.type, state.period, state.quantity, rated.amount, rated.steps)
