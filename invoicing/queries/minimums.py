"""
A plan's minimum: which lines count towards it, and what they come to.

It is owed for each billing period in which something is charged, so not for a trial that is free. Where another plan
takes over within a billing period, and neither minimum is scaled to parts, it is owed once: the plan that takes over
counts what the one before it charged in that period.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from invoicing.lines import LineKey, LineState, PlanMinimum, counts_towards, read_charge
from invoicing.models import InvoiceLine
from invoicing.queries.due_lines import DueLine
from metering.periods import Period
from pricing.models import Subscription
from pricing.prices import Charge, InvalidPrice
from pricing.queries import is_in_advance

# No service period is longer, so no line that a minimum counts starts earlier.
_LONGEST_PERIOD = timedelta(days=367)
_COLUMNS = (
    "subscription_item",
    "period_start",
    "period_end",
    "sequence",
    "charged",
    "price",
    "discounts",
    "unit_config",
    "prorate_commitments",
)


@dataclass(frozen=True)
class _Counted:
    """Whose lines count, and in which part of the billing period."""

    subscription_id: int
    period: Period

    def holds(self, start: datetime, end: datetime, price: Mapping[str, Any] | None) -> bool:
        return counts_towards(self.period, start=start, end=end, in_advance=is_in_advance(price))


def minimum_state(due: DueLine, priced: Iterable[tuple[DueLine, Decimal]]) -> LineState:
    """Return what the lines of its billing period come to: those on invoices, and `priced` ones with their amounts."""
    amounts: dict[LineKey, Decimal] = {}
    priced = tuple(priced)
    for counted in () if _is_handed_over(due) else _counted(due):
        amounts |= _billed_amounts(counted)
        for line, amount in priced:
            service = line.service.period
            is_of_it = line.item.subscription_id == counted.subscription_id and line.item.phase_id is not None
            if is_of_it and not _is_free(line.charge) and counted.holds(service.start, service.end, line.item.price):
                amounts[LineKey(line.item.pk, service.start, line.sequence)] = amount
    return LineState(
        period=due.service.period,
        whole=due.service.whole,
        quantity=Decimal(1),
        part=due.part,
        counted=tuple(amounts),
        billed=sum(amounts.values(), Decimal(0)),
    )


def _is_handed_over(due: DueLine) -> bool:
    """Tell whether another plan takes over within the billing period, and its minimum counts what was charged here."""
    subscription, end = due.item.subscription, due.service.period.end
    following = Subscription.objects.filter(supersedes=subscription, awaits_payment=False, active_from=end).first()
    return (
        following is not None
        and end < due.service.whole.end
        and following.rhythm.at(end).start < end
        and not _prorates(subscription)
        and following.items.filter(phase=None, active_from=end, prorate_commitments=False).exists()
    )


def _counted(due: DueLine) -> Iterator[_Counted]:
    subscription, start = due.item.subscription, due.service.period.start
    yield _Counted(subscription.pk, due.service.period)
    whole = due.service.whole
    while start == subscription.active_from and start > whole.start and not _prorates(due.item.subscription):
        before = subscription.supersedes
        if before is None or before.active_to != start or _prorates(before):
            return
        subscription, end = before, start
        start = max(before.active_from, whole.start)
        yield _Counted(before.pk, Period(start, end))


def _prorates(subscription: Subscription) -> bool:
    return subscription.items.filter(phase=None, prorate_commitments=True).exists()


def _billed_amounts(counted: _Counted) -> dict[LineKey, Decimal]:
    # What was given or taken by hand fills nothing up.
    lines = (
        InvoiceLine.objects.with_charged()
        .filter(
            subscription_item__subscription=counted.subscription_id,
            subscription_item__phase__isnull=False,
            period_start__gt=counted.period.start - _LONGEST_PERIOD,
            period_start__lt=counted.period.end,
        )
        .order_by("period_start", "subscription_item", "sequence")
    )
    return {
        LineKey(item, start, sequence): amount
        for item, start, end, sequence, amount, price, *terms in lines.values_list(*_COLUMNS)
        if counted.holds(start, end, price) and (amount or not _is_free_at(price, *terms))
    }


def _is_free_at(
    price: Mapping[str, Any],
    discounts: Mapping[str, Any] | None,
    unit_config: Mapping[str, Any] | None,
    prorate_commitments: bool,
) -> bool:
    try:
        charge = read_charge(
            price=price, discounts=discounts, unit_config=unit_config, prorate_commitments=prorate_commitments
        )
    except InvalidPrice:
        return False
    return _is_free(charge)


def _is_free(charge: Charge | PlanMinimum) -> bool:
    return isinstance(charge, Charge) and charge.is_free
