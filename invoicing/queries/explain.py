"""Why a line costs what it costs, and the same line computed again from raw events."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from django.db.models import QuerySet

from invoicing.lines import LineKey, LineState, PlanMinimum, rate_line, read_charge
from invoicing.models import InvoiceLine
from invoicing.queries.measuring import measured
from metering.models import Event
from metering.queries.usage import matching_events, query_usage
from metering.windows import WindowSize
from pricing.prices import Charge
from pricing.rating import DetailedLine, Rated, Step

Measure = Callable[[InvoiceLine, LineState], LineState]


@dataclass(frozen=True)
class LineExplanation:
    """The sums behind a line, its usage by day in the subscription's zone, and both states."""

    steps: tuple[Step, ...]
    usage_by_day: tuple[tuple[date, Decimal], ...]
    event_count: int
    before: LineState | None
    now: LineState


@dataclass(frozen=True)
class Recomputed:
    """A line computed again; `differences` says in words what is not the same, and is empty when all digits agree."""

    quantity: Decimal
    amount: Decimal
    steps: tuple[Step, ...]
    differences: tuple[str, ...]

    @property
    def matches(self) -> bool:
        return not self.differences


def explain_line(line: InvoiceLine) -> LineExplanation:
    """Return what a line says for itself, with the usage it counted by day."""
    before, now = _states(line)
    usage = _usage_by_day(line, now)
    return LineExplanation(
        steps=tuple(_step(step) for step in line.trace),
        usage_by_day=tuple((day, value) for day, value, _ in usage),
        event_count=sum(events for _, _, events in usage),
        before=before,
        now=now,
    )


def recompute_line(line: InvoiceLine, *, measure: Measure | None = None) -> Recomputed:
    """
    Compute a line again from raw events alone, at the bounds and for the subjects that it stored.

    `measure` gives a state its quantity where the caller has read the raw events of many lines at once.
    """
    measure = measure or measured_again
    before, now = _states(line)
    again = measure(line, now)
    rated = rate_line(
        charge=charge_of_line(line),
        name=line.name,
        currency=line.currency,
        before=before and measure(line, before),
        now=again,
    )
    quantity = again.quantity - (before.quantity if before else 0)
    return Recomputed(quantity, rated.amount, rated.steps, tuple(_differences(line, quantity, rated)))


def line_events(line: InvoiceLine) -> QuerySet[Event]:
    """Return the events that a line counted, newest first; none for a flat fee."""
    if line.meter_version is None:
        return Event.objects.none()
    now = LineState.from_json(line.now)
    return matching_events(
        version=line.meter_version,
        start=now.period.start,
        end=now.period.end,
        spans=now.spans,
        filters=line.filters,
        bound=now.bound,
    )


def charge_of_line(line: InvoiceLine) -> Charge | PlanMinimum:
    """
    Return what a line charges, from what it stored.

    :raises InvalidPrice: if that cannot be read.
    """
    return read_charge(
        price=line.price,
        discounts=line.discounts,
        unit_config=line.unit_config,
        prorate_commitments=line.prorate_commitments,
    )


def measured_again(line: InvoiceLine, state: LineState) -> LineState:
    """Return a state of a line as raw events, or the lines that a minimum counted, say."""
    if state.billed is not None:
        return replace(state, billed=_amount_of(state.counted))
    if line.meter_version is None:
        return state
    return measured(
        state,
        version=line.meter_version,
        charge=charge_of_line(line),
        filters=line.filters,
        from_events_only=True,
    )


def _amount_of(counted: Sequence[LineKey]) -> Decimal:
    """Add up the lines that a minimum counted."""
    lines = InvoiceLine.objects.filter(subscription_item__in={key.item_id for key in counted})
    amounts = {
        LineKey(item, start, sequence): amount
        for item, start, sequence, amount in lines.filter(
            period_start__in={key.period_start for key in counted}
        ).values_list("subscription_item", "period_start", "sequence", "amount")
    }
    return sum((amounts.get(key, Decimal(0)) for key in counted), Decimal(0))


def _states(line: InvoiceLine) -> tuple[LineState | None, LineState]:
    return LineState.from_json(line.before) if line.before else None, LineState.from_json(line.now)


def _usage_by_day(line: InvoiceLine, state: LineState) -> list[tuple[date, Decimal, int]]:
    if line.meter_version is None:
        return []
    zone = line.invoice.zone
    rows = query_usage(
        version=line.meter_version,
        start=state.period.start,
        end=state.period.end,
        spans=state.spans,
        filters=line.filters,
        window=(WindowSize.DAY, zone),
        bound=state.bound,
    )
    return [(row.window_start.astimezone(zone).date(), row.value, row.events) for row in rows]


def _differences(line: InvoiceLine, quantity: Decimal, rated: Rated) -> list[str]:
    found = []
    if quantity != line.quantity:
        found.append(f"The quantity is {quantity:f}, not {line.quantity:f}.")
    if rated.usage_discount != line.usage_discount:
        found.append(f"The free units are {rated.usage_discount:f}, not {line.usage_discount:f}.")
    if rated.amount != line.amount:
        found.append(f"The amount is {rated.amount:f}, not {line.amount:f}.")
    stored = tuple(
        DetailedLine(part.key, part.name, part.quantity, part.unit_amount, part.amount, part.category, part.of)
        for part in line.detailed_lines.order_by("position")
    )
    if stored != rated.lines:
        found.append(f"The parts are {_texts(rated.lines)}, not {_texts(stored)}.")
    if tuple(_step(step) for step in line.trace) != rated.steps:
        found.append("The steps of the price read differently.")
    return found


def _texts(parts: tuple[DetailedLine, ...]) -> str:
    return (
        ", ".join(f"{part.name} {part.quantity:f} x {part.unit_amount:f} = {part.amount:f}" for part in parts) or "none"
    )


def _step(data: dict[str, str]) -> Step:
    numbers = {name: Decimal(data[name]) for name in ("quantity", "unit_amount", "exact", "rounded")}
    return Step(text=data["text"], key=data["key"], **numbers)
