"""What lines cost: their usage read up to a bound, and rated less what was billed before."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from invoicing.lines import LineState, PlanMinimum, Reading, rate_line, spans_within
from invoicing.queries.due_lines import DueLine
from invoicing.queries.measuring import measured
from invoicing.queries.minimums import minimum_state
from metering.periods import Period
from metering.spans import Span
from pricing.rating import Rated

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
            state = minimum_state(due, [(line.due, line.rated.amount) for line in (*earlier, *priced)])
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
