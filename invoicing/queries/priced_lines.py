"""What lines cost: their usage read up to a bound, and rated less what was billed before."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from invoicing.lines import LineKey, LineState, PlanMinimum, Reading, counts_towards, rate_line, spans_within
from invoicing.models import InvoiceLine
from invoicing.queries.due_lines import DueLine
from invoicing.queries.measuring import measured
from metering.periods import Period
from metering.spans import Span
from pricing.models import Subscription
from pricing.queries import is_in_advance
from pricing.rating import Rated

# No service period is longer, so no line that a minimum counts starts earlier.
_LONGEST_PERIOD = timedelta(days=367)
_WRITTEN_OFF = "Written off"
# Usage by the key of its line.
Readings = Mapping[tuple[int, Period], Reading]


@dataclass(frozen=True)
class PricedLine:
    """A line, what it was computed from (None: nothing is billed of it any more), and what it costs."""

    due: DueLine
    state: LineState | None
    rated: Rated
    adjustment: Decimal = Decimal(0)
    adjustment_reason: str = ""

    @property
    def amount(self) -> Decimal:
        """What the line comes to."""
        return self.rated.amount + self.adjustment


def price_lines(
    lines: Iterable[DueLine],
    *,
    spans: Iterable[Span],
    bound: int | None,
    readings: Readings | None = None,
    earlier: Sequence[PricedLine] = (),
) -> list[PricedLine]:
    """
    Read the usage of lines up to batch `bound` (None: all there is) and rate each, less what was billed.

    The invoice and the open bill both come from here. What is in `readings`, by the line's key, is not read again.
    A minimum counts the lines of its period: those on invoices, those among these, and `earlier` ones.
    """
    spans = tuple(spans)
    priced: list[PricedLine] = []
    for due in sorted(lines, key=lambda due: isinstance(due.charge, PlanMinimum)):
        if due.state is not None or due.is_given_back:
            state = due.state
        elif isinstance(due.charge, PlanMinimum):
            state = _minimum_state(due, [*earlier, *priced])
        else:
            state = _state(due, spans, bound, readings or {})
        priced.append(price_line(due, state))
    return priced


def price_line(due: DueLine, state: LineState | None) -> PricedLine:
    """Rate a state, less what was billed before."""
    currency = due.item.subscription.currency
    rated = rate_line(charge=due.charge, name=due.item.name, currency=currency, before=due.before, now=state)
    return (
        PricedLine(due, state, rated, -rated.amount, _WRITTEN_OFF)
        if due.is_written_off
        else PricedLine(due, state, rated)
    )


def _state(due: DueLine, spans: Sequence[Span], bound: int | None, readings: Readings) -> LineState:
    state = LineState(
        period=due.period, whole=due.service.whole, quantity=Decimal(1), part=due.part, is_final=due.cut_at is None
    )
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
            amounts[LineKey(line.due.item.pk, service.start, line.due.sequence)] = line.amount
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
