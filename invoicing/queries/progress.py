"""What can be billed before its period ends, and how much of a billing period's usage is spent and billed so far."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Q

from invoicing.lines import rate_line
from invoicing.models import InvoiceLine, LineCause
from invoicing.queries.bills import Bill
from invoicing.queries.contracts import OpenContract, open_contracts
from invoicing.queries.due import Outlook, seal_of, spans_of, time_of
from invoicing.queries.due_lines import DueLine, unbilled_lines
from invoicing.queries.priced_lines import PricedLine
from invoicing.queries.profiles import SpendThresholds, profiles_of, thresholds_of
from invoicing.thresholds import crossed
from metering.models import Aggregation, Customer
from pricing.prices import Charge, VolumePrice
from pricing.queries import current_period

# Of these, more usage never gives back what was billed of less.
_GROWING = frozenset({Aggregation.SUM, Aggregation.COUNT, Aggregation.UNIQUE_COUNT, Aggregation.MAX})
# No service period is longer.
_LONGEST_PERIOD = timedelta(days=367)


@dataclass(frozen=True)
class Spending:
    """A customer's usage in one currency that can be billed at once, and what of their billing period is billed."""

    outlook: Outlook
    thresholds: SpendThresholds
    billed: Decimal

    @property
    def bill(self) -> Bill:
        (bill,) = self.outlook.bills
        return bill


def billable_lines(contracts: Iterable[OpenContract], *, as_of: datetime, is_progressive: bool) -> Iterator[DueLine]:
    """
    Yield what can be billed at a time: what has come due and, if `is_progressive`, usage up to then.

    :raises CannotPrice: if an item has a price that cannot be read, or is billed by usage that no meter measures.
    """
    for contract in contracts:
        for opened in contract.items:
            for due in unbilled_lines(opened, until=as_of):
                if due.service.bill_at <= as_of:
                    yield due
                elif is_progressive and (part := part_until(due, as_of)) is not None:
                    yield part


def part_until(due: DueLine, as_of: datetime) -> DueLine | None:
    """Return what of a line can be billed before its time, None for nothing: usage up to a time, if it only grows."""
    period = due.service.period
    if due.version is None or not _can_be_cut(due) or period.start >= as_of:
        return None
    if period.end <= as_of:
        return due
    if due.before is not None and due.before.period.end >= as_of:
        return None
    return replace(due, cut_at=as_of, cause=LineCause.PROGRESS)


def spendings(customer_ids: Sequence[int], *, now: datetime, bound: int) -> list[Spending]:
    """
    Return what is spent by those who are billed at spend thresholds, by customer and currency.

    Who cannot be billed is among them, with the error on their outlook.
    """
    thresholds = {pk: found for pk, found in thresholds_of(customer_ids).items() if found}
    profiles = {pk: profile for pk, profile in profiles_of(thresholds).items() if profile.is_progressive}
    if not profiles:
        return []
    seals = seal_of(list(profiles))
    contracts: dict[int, list[OpenContract]] = defaultdict(list)
    for contract in open_contracts(Q(customer__in=list(profiles))):
        contracts[contract.subscription.customer_id].append(contract)
    customers = Customer.objects.select_related("test_clock").in_bulk(list(contracts))
    if not customers:
        return []
    times = {pk: time_of(customer, now) for pk, customer in customers.items()}
    spans, billed = spans_of(contracts, bound), _billed_lines(times)
    found: list[Spending] = []
    for pk, at in sorted(times.items()):
        outlook = Outlook(customers[pk], at, profiles[pk], seals[pk], spans[pk])
        for currency, limits in sorted(thresholds[pk].items()):
            try:
                lines = tuple(_used(contracts[pk], currency, at))
            except Exception as error:
                found.append(Spending(replace(outlook, error=error), limits, Decimal(0)))
                break
            if lines:
                bills = (Bill(customers[pk], currency, at, lines),)
                closed = _closed_amount(billed[pk], lines, contracts[pk], at)
                found.append(Spending(replace(outlook, bills=bills), limits, closed))
    return found


def crossed_threshold(spending: Spending, priced: Iterable[PricedLine]) -> Decimal | None:
    """
    Return the highest threshold that usage passed since it was last billed, None for none.

    Usage is that of the billing period before tax, after the discounts of its prices.
    """
    highest_before = spending.billed + sum((_amount_before(line.due) for line in priced), Decimal(0))
    spent = highest_before + sum((line.rated.amount for line in priced), Decimal(0))
    thresholds = spending.thresholds
    found = crossed(
        amounts=thresholds.amounts, recurring=thresholds.recurring, spent=spent, highest_before=highest_before
    )
    return next(found, None)


def _can_be_cut(due: DueLine) -> bool:
    is_growing = due.version is not None and Aggregation(due.version.meter.aggregation) in _GROWING
    return is_growing and isinstance(due.charge, Charge) and not isinstance(due.charge.price, VolumePrice)


def _used(contracts: Iterable[OpenContract], currency: str, at: datetime) -> Iterator[DueLine]:
    for contract in contracts:
        if contract.subscription.currency == currency and contract.subscription.active_from <= at:
            for due in billable_lines([contract], as_of=at, is_progressive=True):
                if due.version is not None and due.service.bill_at > at:
                    yield due


def _amount_before(due: DueLine) -> Decimal:
    if due.before is None:
        return Decimal(0)
    currency = due.item.subscription.currency
    return rate_line(charge=due.charge, name=due.item.name, currency=currency, before=None, now=due.before).amount


def _billed_lines(times: Mapping[int, datetime]) -> Mapping[int, list[InvoiceLine]]:
    lines = InvoiceLine.objects.filter(
        subscription_item__customer__in=list(times),
        meter_version__isnull=False,
        period_end__gt=min(times.values()) - _LONGEST_PERIOD,
    )
    found: dict[int, list[InvoiceLine]] = defaultdict(list)
    for line in lines.select_related("subscription_item"):
        if line.subscription_item is not None:
            found[line.subscription_item.customer_id].append(line)
    return found


def _closed_amount(
    lines: Iterable[InvoiceLine], dues: Iterable[DueLine], contracts: Iterable[OpenContract], at: datetime
) -> Decimal:
    """Add up the usage of the current billing period that is billed to the end of its service period."""
    periods = {contract.subscription.pk: current_period(contract.subscription, at) for contract in contracts}
    still_open = {(due.item.pk, due.service.period.start) for due in dues}
    return sum(
        (
            line.amount
            for line in lines
            if line.subscription_item is not None
            and line.subscription_item.subscription_id in periods
            and line.period_end > periods[line.subscription_item.subscription_id].start
            and (line.subscription_item_id, line.period_start) not in still_open
        ),
        Decimal(0),
    )
