"""What should be billed: the lines of every billing time that no invoice holds yet, and what they cost."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from invoicing.lines import (
    LineKey,
    LineState,
    PlanMinimum,
    Reading,
    counts_towards,
    is_metered,
    rate_line,
    read_charge,
    spans_within,
)
from invoicing.models import InvoiceLine, LineCause
from invoicing.queries.contracts import OpenContract, OpenItem
from invoicing.queries.measuring import CARRIED, measured
from metering.errors import DomainError
from metering.models import Aggregation, MeterVersion
from metering.periods import Period
from metering.spans import Span
from pricing.models import RateCardType, Subscription, SubscriptionItem
from pricing.prices import Charge, FlatPrice, InvalidPrice
from pricing.proration import share
from pricing.queries import ServicePeriod, carried_stretches, is_in_advance, service_periods
from pricing.rating import Rated

# No service period is longer, so no line that a minimum counts starts earlier.
_LONGEST_PERIOD = timedelta(days=367)
# Usage by the key of its line.
Readings = Mapping[tuple[int, Period], Reading]


class CannotPrice(DomainError):
    """A subscription item says too little to be billed."""

    status = 409
    code = "subscription_item_cannot_be_priced"


@dataclass(frozen=True)
class DueLine:
    """
    One subscription item in one service period; `version` is that of its meter, None for what needs no usage.

    `stretches` are the times before it whose usage fills its tiers. What was billed of the period already is `before`,
    as `line_before` says, whose price holds on. `state` is what it comes to, where that was read already.
    """

    item: SubscriptionItem
    charge: Charge | PlanMinimum
    version: MeterVersion | None
    service: ServicePeriod
    stretches: tuple[Period, ...] = ()
    before: LineState | None = None
    sequence: int = 0
    cause: LineCause = LineCause.PERIOD
    line_before: InvoiceLine | None = None
    state: LineState | None = None

    @property
    def key(self) -> tuple[int, Period]:
        """Tell this line from every other one that is due."""
        return self.item.pk, self.service.period

    @property
    def filters(self) -> dict[str, Any]:
        """The group values that count, as the feature states them."""
        if self.line_before is not None:
            return dict(self.line_before.filters)
        return self.item.feature.filters if self.version and self.item.feature else {}

    @property
    def part(self) -> Fraction:
        """The share of the whole period to bill."""
        is_flat = isinstance(self.charge, Charge) and isinstance(self.charge.price, FlatPrice)
        if is_flat and not self.item.subscription.is_prorating:
            return Fraction(1)
        return share(self.service.period, self.service.whole)


@dataclass(frozen=True)
class Bill:
    """What comes due at one billing time of a subscription; it becomes one invoice."""

    subscription: Subscription
    billed_at: datetime
    lines: tuple[DueLine, ...]

    def due_at(self, collection_interval: timedelta) -> datetime:
        """Return when to bill: a bill that depends on usage waits for late events, and its fees wait with it."""
        waits = any(line.version or isinstance(line.charge, PlanMinimum) for line in self.lines)
        return self.billed_at + collection_interval if waits else self.billed_at


@dataclass(frozen=True)
class PricedLine:
    """A line, what it was computed from, and what it costs."""

    due: DueLine
    state: LineState
    rated: Rated


def bills_of(contract: OpenContract, *, until: datetime) -> list[Bill]:
    """
    Return the bills of a contract up to a billing time, oldest first, of periods that are not billed.

    A free flat fee has no line, as nothing can come of it.

    :raises CannotPrice: if an item has a price that cannot be read, or is billed by usage that no meter measures.
    """
    times: dict[datetime, list[DueLine]] = defaultdict(list)
    for opened in contract.items:
        for due in _due_lines(opened, until):
            times[due.service.bill_at].append(due)
    return [Bill(contract.subscription, billed_at, tuple(lines)) for billed_at, lines in sorted(times.items())]


def price_bill(
    bill: Bill,
    *,
    spans: Iterable[Span],
    bound: int | None,
    readings: Readings | None = None,
    earlier: Sequence[PricedLine] = (),
) -> list[PricedLine]:
    """
    Read the usage of a bill's lines up to batch `bound` (None: all there is) and rate each, less what was billed.

    The invoice and the open bill both come from here. What is in `readings`, by the line's key, is not read again.
    A minimum counts the lines of its period: those on invoices, those of this bill, and `earlier` ones.
    """
    spans = tuple(spans)
    priced: list[PricedLine] = []
    for due in bill.lines:
        if due.state is not None:
            state = due.state
        elif isinstance(due.charge, PlanMinimum):
            state = _minimum_state(due, [*earlier, *priced])
        else:
            state = _state(due, spans, bound, readings or {})
        priced.append(price_line(due, state))
    return priced


def price_line(due: DueLine, state: LineState) -> PricedLine:
    """Rate a state, less what was billed before."""
    currency = due.item.subscription.currency
    return PricedLine(
        due, state, rate_line(charge=due.charge, name=due.item.name, currency=currency, before=due.before, now=state)
    )


def _due_lines(opened: OpenItem, until: datetime) -> Iterator[DueLine]:
    item = opened.item
    charge = _charge(item)
    if isinstance(charge, Charge) and isinstance(charge.price, FlatPrice) and not charge.price.amount:
        return
    version = _version(item) if is_metered(charge) else None
    for service in service_periods(item, until, since=opened.since):
        if service.bill_at <= until:
            yield DueLine(item, charge, version, service, _stretches(opened, version, service))


def _charge(item: SubscriptionItem) -> Charge | PlanMinimum:
    try:
        return read_charge(
            price=item.price or {},
            discounts=item.discounts,
            unit_config=item.unit_config,
            prorate_commitments=item.prorate_commitments,
        )
    except InvalidPrice as error:
        raise CannotPrice(f"The price of {item.name!r} cannot be read at {error.field}: {error}") from error


def _version(item: SubscriptionItem) -> MeterVersion:
    meter = item.feature.meter if item.type == RateCardType.USAGE_BASED and item.feature else None
    if meter is None:
        raise CannotPrice(f"Give the feature of {item.name!r} a meter: it is billed by usage.")
    return max(meter.versions.all(), key=lambda version: version.number)


def _stretches(opened: OpenItem, version: MeterVersion | None, service: ServicePeriod) -> tuple[Period, ...]:
    start = service.period.start
    is_first = start == opened.item.active_from or start > service.whole.start
    if version is None or not is_first or Aggregation(version.meter.aggregation) not in CARRIED:
        return ()
    return carried_stretches(opened.item, opened.earlier, start=start)


def _state(due: DueLine, spans: Sequence[Span], bound: int | None, readings: Readings) -> LineState:
    state = LineState(period=due.service.period, whole=due.service.whole, quantity=Decimal(1), part=due.part)
    if due.version is None:
        return state
    read = replace(
        state, bound=bound, spans=spans_within(spans, (*due.stretches, state.period)), stretches=due.stretches
    )
    return measured(read, version=due.version, charge=due.charge, filters=due.filters, reading=readings.get(due.key))


def _minimum_state(due: DueLine, priced: Iterable[PricedLine]) -> LineState:
    period, whole = due.service.period, due.service.whole
    amounts = _billed_amounts(due.item.subscription, period)
    for line in priced:
        service = line.due.service.period
        is_counted = line.due.item.subscription_id == due.item.subscription_id and counts_towards(
            period, start=service.start, end=service.end, in_advance=is_in_advance(line.due.item.price)
        )
        if is_counted:
            amounts[LineKey(line.due.item.pk, service.start, line.due.sequence)] = line.rated.amount
    return LineState(
        period=period,
        whole=whole,
        quantity=Decimal(1),
        part=due.part,
        counted=tuple(amounts),
        billed=sum(amounts.values(), Decimal(0)),
    )


def _billed_amounts(subscription: Subscription, period: Period) -> dict[LineKey, Decimal]:
    """Return the amounts of the lines on invoices that belong to a billing period."""
    lines = InvoiceLine.objects.filter(
        subscription_item__subscription=subscription,
        subscription_item__phase__isnull=False,
        period_start__gt=period.start - _LONGEST_PERIOD,
        period_start__lt=period.end,
    ).order_by("period_start", "subscription_item", "sequence")
    return {
        LineKey(item, start, sequence): amount
        for item, start, end, sequence, price, amount in lines.values_list(
            "subscription_item", "period_start", "period_end", "sequence", "price", "amount"
        )
        if counts_towards(period, start=start, end=end, in_advance=is_in_advance(price))
    }
