"""Read the usage that a state of a line stands for: at its bound, of its subjects, in its time."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from invoicing.lines import Cells, LineState, PlanMinimum, Reading
from metering.models import Aggregation, MeterVersion
from metering.periods import Period
from metering.queries.usage import Filters, query_usage, total_usage
from metering.spans import Span, clip_spans
from pricing.prices import Charge, MatrixPrice
from pricing.rating import matrix_cells

# Of these, what a later item adds to an earlier one is known: more usage never makes them less.
CARRIED = frozenset({Aggregation.SUM, Aggregation.COUNT, Aggregation.UNIQUE_COUNT, Aggregation.MAX})


def measured(
    state: LineState,
    *,
    version: MeterVersion,
    charge: Charge | PlanMinimum,
    filters: Filters,
    reading: Reading | None = None,
    from_events_only: bool = False,
) -> LineState:
    """
    Return a state with its quantities as usage says; `reading` is what its period alone is known to hold.

    Where usage does not add up (a unique count, a maximum), the quantity is what the period adds to what was carried.
    """

    def read(*periods: Period) -> Reading:
        return _read(state, periods, version, charge, filters, from_events_only)

    alone = reading or read(state.period)
    if not state.stretches:
        return replace(state, quantity=alone.quantity, cells=alone.cells)
    carried = read(*state.stretches)
    if not Aggregation(version.meter.aggregation).is_additive:
        alone = _difference(read(*state.stretches, state.period), carried)
    return replace(
        state, quantity=alone.quantity, cells=alone.cells, carried=carried.quantity, carried_cells=carried.cells
    )


def reading_of(charge: Charge | PlanMinimum, rows: Sequence[tuple[dict[str, str], Decimal]]) -> Reading:
    """Sum usage by group values into a reading."""
    quantity = sum((value for _, value in rows), Decimal(0))
    price = charge.price if isinstance(charge, Charge) else None
    return Reading(quantity, matrix_cells(price, rows) if isinstance(price, MatrixPrice) else ())


def spans_in(spans: Sequence[Span], periods: Sequence[Period]) -> tuple[Span, ...]:
    """Return spans cut to some periods, which do not overlap."""
    return tuple(span for period in periods for span in clip_spans(spans, period.start, period.end))


def _read(
    state: LineState,
    periods: Sequence[Period],
    version: MeterVersion,
    charge: Charge | PlanMinimum,
    filters: Filters,
    from_events_only: bool,
) -> Reading:
    groups = charge.needs_groups if isinstance(charge, Charge) else ()
    chosen: dict[str, Any] = {
        "version": version,
        "start": periods[0].start,
        "end": periods[-1].end,
        "spans": spans_in(state.spans, periods),
        "filters": filters,
        "bound": state.bound,
        "from_events_only": from_events_only,
    }
    if not groups:
        return Reading(total_usage(**chosen))
    return reading_of(charge, [(row.group, row.value) for row in query_usage(**chosen, group_by=groups)])


def _difference(whole: Reading, carried: Reading) -> Reading:
    before = dict(carried.cells)
    cells: Cells = tuple((key, quantity - before[key]) for key, quantity in whole.cells)
    return Reading(whole.quantity - carried.quantity, cells)
