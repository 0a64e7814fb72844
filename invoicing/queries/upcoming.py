"""The open bill: what the next invoice would say if it were written now."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from invoicing.models import BillingProfile
from invoicing.queries.bills import Bill, PricedLine, bills_of, load, price_line
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
    billed = load([subscription])
    bills = [bill for bill in bills_of(subscription, billed, until=end) if bill.billed_at == end]
    return _upcoming(bills[0] if bills else Bill(subscription, end, ()), customer_spans(customer_id=customer.pk))


def closing_invoices(*, customer: Customer, at: datetime) -> tuple[UpcomingInvoice, ...]:
    """Return the invoices whose billing time has passed and that the billing run did not write yet, oldest first."""
    subscriptions = list(customer.subscriptions.filter(active_from__lte=at).order_by("pk"))
    spans = customer_spans(customer_id=customer.pk)
    billed = load(subscriptions)
    bills = [bill for subscription in subscriptions for bill in bills_of(subscription, billed, until=at)]
    return tuple(_upcoming(bill, spans) for bill in sorted(bills, key=lambda bill: bill.billed_at))


def _upcoming(bill: Bill, spans: tuple[Span, ...]) -> UpcomingInvoice:
    lines = tuple(_line(price_line(due, spans=spans, bound=None)) for due in bill.lines)
    currency = bill.subscription.currency
    profile = BillingProfile.objects.get(is_default=True)
    return UpcomingInvoice(
        currency=currency,
        period=_closed_period(bill),
        lines=lines,
        total=sum((line.amount for line in lines), zero(currency)),
        bills_at=bill.due_at(profile.collection_interval),
    )


def _closed_period(bill: Bill) -> Period:
    # A first bill holds fees alone, charged at the very start.
    is_first = bill.billed_at <= bill.subscription.active_from
    return current_period(bill.subscription, bill.billed_at if is_first else bill.billed_at - _INSTANT)


def _line(priced: PricedLine) -> UpcomingLine:
    item, state, rated = priced.due.item, priced.state, priced.rated
    return UpcomingLine(item.name, item.type, state.period, state.quantity, rated.amount, rated.steps)
