"""Why a line costs what it costs, and the same line computed again from raw events."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from django.db.models import QuerySet

from invoicing.line_words import Change, Standing
from invoicing.lines import LineKey, LineState, PlanMinimum, rate_line, read_charge
from invoicing.models import DetailedLine as StoredPart
from invoicing.models import DetailedLineCategory, InvoiceLine, LineCause
from invoicing.queries.measuring import measured
from metering.models import Event, EventVoid
from metering.queries.usage import matching_events, query_usage
from metering.windows import WindowSize
from pricing.money import zero
from pricing.prices import Charge
from pricing.rating import DetailedLine, Rated, Step

Measure = Callable[[InvoiceLine, LineState], LineState]


@dataclass(frozen=True)
class Adjustment:
    """What somebody gave or took by hand, and why."""

    reason: str
    amount: Decimal


@dataclass(frozen=True)
class LineExplanation:
    """
    The sums behind a line, its usage by day in the invoice's zone, and both states; None is that nothing is billed.

    `change` sets them beside each other where something was billed, or unbilled, before. The usage is that of *now*,
    of a line that takes all back that of *before*.
    """

    steps: tuple[Step, ...]
    usage_by_day: tuple[tuple[date, Decimal], ...]
    event_count: int
    before: LineState | None
    now: LineState | None
    change: Change | None = None
    adjustments: tuple[Adjustment, ...] = ()

    @property
    def counted(self) -> LineState | None:
        """The state whose usage is shown; None for a line that somebody wrote."""
        return self.now or self.before


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
    before, now = states_of(line)
    usage = usage_by_day(line)
    return LineExplanation(
        steps=tuple(_step(step) for step in line.trace),
        usage_by_day=tuple((day, value) for day, value, _ in usage),
        event_count=sum(events for _, _, events in usage),
        before=before,
        now=now,
        change=_change(line, before, now),
        adjustments=tuple(Adjustment(part.name, part.amount) for part in _parts(line) if _is_by_hand(part)),
    )


def recompute_line(line: InvoiceLine, *, measure: Measure | None = None) -> Recomputed:
    """
    Compute a line again from raw events alone, at the bounds and for the subjects that it stored.

    What was given or taken by hand is taken as it stands. `measure` gives a state its quantity where the caller has
    read the raw events of many lines at once.
    """
    measure = measure or measured_again
    before, now = states_of(line)
    if before is None and now is None:
        return _written_by_hand(line)
    again_before, again_now = (None if state is None else measure(line, state) for state in (before, now))
    rated = rate_line(
        charge=charge_of_line(line),
        name=line.name,
        currency=line.currency,
        before=again_before,
        now=again_now,
    )
    quantity = _quantity(again_now) - _quantity(again_before)
    amount = rated.amount + sum(part.amount for part in _parts(line) if _is_by_hand(part))
    return Recomputed(quantity, amount, rated.steps, tuple(_differences(line, quantity, amount, rated)))


def _written_by_hand(line: InvoiceLine) -> Recomputed:
    """Add up the parts of a line that nothing was measured for."""
    amount = sum((part.amount for part in _parts(line)), Decimal(0))
    differences = () if amount == line.amount else (f"The amount is {amount:f}, not {line.amount:f}.",)
    return Recomputed(line.quantity, amount, tuple(_step(step) for step in line.trace), differences)


def line_events(line: InvoiceLine) -> QuerySet[Event]:
    """Return the events that a line counted, or took back, newest first; none for a flat fee."""
    before, now = states_of(line)
    counted = now or before
    if line.meter_version is None or counted is None:
        return Event.objects.none()
    return matching_events(
        version=line.meter_version,
        start=counted.period.start,
        end=counted.period.end,
        spans=counted.spans,
        filters=line.filters,
        bound=counted.bound,
    )


def events_gone(line: InvoiceLine) -> QuerySet[Event]:
    """Return the events that were billed before, and declared void until the line billed the change, newest first."""
    before, now = states_of(line)
    if line.meter_version is None or before is None or now is None:
        return Event.objects.none()
    since = EventVoid.objects.known_at(now.bound).filter(voided_batch_id__gt=before.bound or 0)
    counted = matching_events(
        version=line.meter_version,
        start=before.period.start,
        end=before.period.end,
        spans=before.spans,
        filters=line.filters,
        bound=before.bound,
    )
    return counted.filter(key__in=since.values("event_key"))


def usage_by_day(line: InvoiceLine) -> list[tuple[date, Decimal, int]]:
    """Return the days on which a line counted anything, in the invoice's zone, each with its usage and events."""
    before, now = states_of(line)
    state = now or before
    if line.meter_version is None or state is None:
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
        return replace(state, billed=charged_by(state.counted))
    if line.meter_version is None:
        return state
    return measured(
        state,
        version=line.meter_version,
        charge=charge_of_line(line),
        filters=line.filters,
        from_events_only=True,
    )


def charged_by(counted: Sequence[LineKey]) -> Decimal:
    """Add up what the lines charge that a minimum counted; what was given or taken by hand fills nothing up."""
    lines = InvoiceLine.objects.with_charged().filter(subscription_item__in={key.item_id for key in counted})
    amounts = {
        LineKey(item, start, sequence): amount
        for item, start, sequence, amount in lines.filter(
            period_start__in={key.period_start for key in counted}
        ).values_list("subscription_item", "period_start", "sequence", "charged")  # type: ignore[misc]
    }
    return sum((amounts.get(key, Decimal(0)) for key in counted), Decimal(0))


def states_of(line: InvoiceLine) -> tuple[LineState | None, LineState | None]:
    """Return what a line was before and what it is now; None is that nothing is billed."""
    before, now = (LineState.from_json(state) if state else None for state in (line.before, line.now))
    return before, now


def _change(line: InvoiceLine, before: LineState | None, now: LineState | None) -> Change | None:
    """Price both states by themselves, for a line that is not the first of its period."""
    if (before is None and now is None) or (before is None and not line.sequence):
        return None
    charge = charge_of_line(line)

    def standing(state: LineState | None) -> Standing:
        if state is None:
            return Standing(None, zero(line.currency))
        rated = rate_line(charge=charge, name=line.name, currency=line.currency, before=None, now=state)
        return Standing(state, rated.amount)

    return Change(standing(before), standing(now), is_metered=line.meter_version_id is not None)


def _quantity(state: LineState | None) -> Decimal:
    return Decimal(0) if state is None else state.quantity


def _parts(line: InvoiceLine) -> list[StoredPart]:
    return sorted(line.detailed_lines.all(), key=lambda part: (part.position, part.pk))


def _is_by_hand(part: StoredPart) -> bool:
    return part.category == DetailedLineCategory.ADJUSTMENT


def _differences(line: InvoiceLine, quantity: Decimal, amount: Decimal, rated: Rated) -> list[str]:
    found = []
    if quantity != line.quantity and line.cause != LineCause.ADJUSTMENT:
        found.append(f"The quantity is {quantity:f}, not {line.quantity:f}.")
    if rated.usage_discount != line.usage_discount:
        found.append(f"The free units are {rated.usage_discount:f}, not {line.usage_discount:f}.")
    if amount != line.amount:
        found.append(f"The amount is {amount:f}, not {line.amount:f}.")
    stored = tuple(
        DetailedLine(part.key, part.name, part.quantity, part.unit_amount, part.amount, part.category, part.of)
        for part in _parts(line)
        if not _is_by_hand(part)
    )
    if stored != rated.lines:
        found.append(f"The parts are {_texts(rated.lines)}, not {_texts(stored)}.")
    if line.cause != LineCause.ADJUSTMENT and tuple(_step(step) for step in line.trace) != rated.steps:
        found.append("The steps of the price read differently.")
    return found


def _texts(parts: tuple[DetailedLine, ...]) -> str:
    return (
        ", ".join(f"{part.name} {part.quantity:f} x {part.unit_amount:f} = {part.amount:f}" for part in parts) or "none"
    )


def _step(data: dict[str, str]) -> Step:
    numbers = {name: Decimal(data[name]) for name in ("quantity", "unit_amount", "exact", "rounded")}
    return Step(text=data["text"], key=data["key"], **numbers)
