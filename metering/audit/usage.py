"""Usage of many selections at once, from raw events alone: the brute force that audits compare with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from metering.audit.report import stream
from metering.jsonpath import parse_path
from metering.models import Aggregation, MeterVersion
from metering.queries.selections import Filters, condition_of
from metering.spans import Span

_AVERAGE = Context(prec=38, rounding=ROUND_HALF_UP)


@dataclass(frozen=True)
class Usage:
    """What to measure again under some name: the events of subjects in ranges of time (None: open), up to a batch."""

    name: int
    spans: tuple[Span, ...]
    start: datetime
    end: datetime
    bound: int | None


def measure_again(version: MeterVersion, filters: Filters, usages: Sequence[Usage]) -> dict[int, Decimal]:
    """Return the quantity of each usage by its name, from one pass over all raw events; spans do not overlap."""
    meter = version.meter
    places = list(enumerate(filters.items()))
    parameters: dict[str, object] = {
        f"path_{place}": list(parse_path(version.group_by[key])) for place, (key, _) in places
    }
    parameters |= _spans_of(usages, meter.event_from)
    parameters |= {"type": meter.event_type, "value_path": list(parse_path(meter.value_property or "$.none"))}
    conditions = []
    for place, (_, wanted) in places:
        text = f"coalesce(event.data #>> %(path_{place})s::text[], '')"
        sql, values = condition_of(wanted).sql(text, f"values_{place}")
        conditions.append(sql)
        parameters |= values
    chosen = " AND ".join(conditions)
    statement = _USAGES.format(
        value=_VALUES.get(meter.aggregation, "metering_value(event.data #> %(value_path)s::text[])"),
        quantity=_QUANTITIES[meter.aggregation],
        filters=chosen or "true",
    )
    rows = list(stream(statement, parameters))
    found = {name: total for name, total, _ in rows if total is not None}
    if meter.aggregation == Aggregation.AVG:
        found = {name: _AVERAGE.divide(total, values) for name, total, values in rows if values}
    return {usage.name: found.get(usage.name, Decimal(0)) for usage in usages}


def _spans_of(usages: Sequence[Usage], event_from: datetime | None) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {name: [] for name in ("names", "subjects", "lows", "highs", "bounds")}
    for usage in usages:
        for span in usage.spans:
            columns["names"].append(usage.name)
            columns["subjects"].append(span.subject)
            columns["lows"].append(max(at for at in (span.start, usage.start, event_from) if at is not None))
            columns["highs"].append(usage.end if span.end is None else min(span.end, usage.end))
            columns["bounds"].append(usage.bound)
    return columns


_VALUES: dict[str, str] = {
    Aggregation.COUNT: "0",
    Aggregation.UNIQUE_COUNT: (
        "CASE WHEN jsonb_typeof(event.data #> %(value_path)s::text[]) IN ('string', 'number', 'boolean')"
        " THEN event.data #>> %(value_path)s::text[] END"
    ),
}
_QUANTITIES: dict[str, str] = {
    Aggregation.SUM: "sum(value)",
    Aggregation.COUNT: "count(*)::numeric",
    Aggregation.AVG: "sum(value)",
    Aggregation.MIN: "min(value)",
    Aggregation.MAX: "max(value)",
    Aggregation.LATEST: (
        "(array_agg(value ORDER BY time DESC, source DESC, event_id DESC) FILTER (WHERE value IS NOT NULL))[1]"
    ),
    Aggregation.UNIQUE_COUNT: "count(DISTINCT value)::numeric",
}
_USAGES = """
    SELECT name, {quantity}, count(value) FROM (
        SELECT span.name, event.time, event.source, event.event_id, {value} AS value
        FROM unnest(%(names)s::bigint[], %(subjects)s::text[], %(lows)s::timestamptz[], %(highs)s::timestamptz[],
                    %(bounds)s::bigint[]) AS span(name, subject, low, high, bound)
        JOIN metering_event event ON event.subject = span.subject AND event.time >= span.low AND event.time < span.high
             AND (span.bound IS NULL OR event.batch_id <= span.bound)
        WHERE event.type = %(type)s AND {filters} AND NOT EXISTS (
            SELECT FROM metering_eventvoid void
            WHERE void.event_key = event.key AND (span.bound IS NULL OR void.voided_batch_id <= span.bound)
                  AND (void.restored_batch_id IS NULL OR void.restored_batch_id > span.bound)
        )
    ) counted GROUP BY name
"""
