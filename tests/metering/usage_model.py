"""What usage should be: a plain pass over raw events in Python, to compare the real thing with."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext

from metering.filter_string import FilterString
from metering.jsonpath import MISSING, extract, parse_path
from metering.models import Aggregation
from metering.queries.usage import UsageRow
from metering.values import parse_value
from metering.windows import window_of

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Stored:
    """An event that was accepted, in the batch that brought it; of its voids, the batches from and to, or None."""

    batch: int
    source: str
    id: str
    type: str
    subject: str
    time: datetime
    data: dict | None
    voids: list[tuple[int, int | None]] = field(default_factory=list)

    def counts_at(self, bound):
        if bound is None:
            return all(restored is not None for _, restored in self.voids)
        voided = (start <= bound and (end is None or end > bound) for start, end in self.voids)
        return self.batch <= bound and not any(voided)


def text_of(found):
    if found is MISSING or found is None:
        return None
    return {True: "true", False: "false"}[found] if isinstance(found, bool) else str(found)


def group_text(data, path):
    return text_of(extract(data, parse_path(path))) or ""


def expected_usage(events, version, *, start, end, spans, subjects, filters, group_by, by_subject, window, bound):
    meter = version.meter
    groups = defaultdict(list)
    for event in events:
        if not _is_chosen(event, version, start, end, spans, subjects, filters, bound):
            continue
        period = window_of(size=window[0], zone=window[1], at=event.time) if window else None
        key = (
            (period.start, period.end) if period else (None, None),
            event.subject if by_subject else None,
            tuple(group_text(event.data, version.group_by[key]) for key in group_by),
        )
        groups[key].append(event)
    rows = [_row(meter, key, found, start, end, group_by) for key, found in groups.items()]
    found = [row for row in rows if row is not None]
    return sorted(found, key=lambda row: (row.window_start, row.subject or "", tuple(row.group.values())))


def _is_chosen(event, version, start, end, spans, subjects, filters, bound):
    meter = version.meter
    return (
        event.type == meter.event_type
        and event.counts_at(bound)
        and (start is None or event.time >= start)
        and (end is None or event.time < end)
        and (meter.event_from is None or event.time >= meter.event_from)
        and (subjects is None or event.subject in subjects)
        and (spans is None or any(_is_in(event, span) for span in spans))
        and all(
            _meets(group_text(event.data, version.group_by[key]), wanted) for key, wanted in (filters or {}).items()
        )
    )


def _is_in(event, span):
    return (
        event.subject == span.subject
        and (span.start is None or event.time >= span.start)
        and (span.end is None or event.time < span.end)
    )


def _meets(text, wanted):
    return wanted.matches(text) if isinstance(wanted, FilterString) else text in wanted


def _row(meter, key, events, start, end, group_by):
    (window_start, window_end), subject, texts = key
    value = _value(meter, events)
    if value is None:
        return None
    times = [event.time for event in events]
    return UsageRow(
        window_start or start or min(times).replace(second=0, microsecond=0),
        window_end or end or max(times).replace(second=0, microsecond=0) + MINUTE,
        subject,
        dict(zip(group_by, texts, strict=True)),
        value,
        len(events),
    )


def _value(meter, events):
    """The value of the meter over events; None where it has none."""
    if meter.aggregation == Aggregation.COUNT:
        return Decimal(len(events))
    path = parse_path(meter.value_property)
    if meter.aggregation == Aggregation.UNIQUE_COUNT:
        found = (extract(event.data, path) for event in events)
        return Decimal(len({text_of(item) for item in found if isinstance(item, str | int | float | bool)}))
    numbers = [(event, parse_value(extract(event.data, path))) for event in events]
    good = [(event, number) for event, number in numbers if number is not None]
    return _of_numbers(meter.aggregation, good) if good else None


def _of_numbers(aggregation, good):
    numbers = [number for _, number in good]
    match aggregation:
        case Aggregation.SUM:
            return sum(numbers, Decimal(0))
        case Aggregation.AVG:
            with localcontext(prec=38, rounding=ROUND_HALF_UP) as context:
                return context.divide(_exact_sum(numbers), len(numbers))
        case Aggregation.MIN:
            return min(numbers)
        case Aggregation.MAX:
            return max(numbers)
        case Aggregation.LATEST:
            return max(good, key=lambda pair: (pair[0].time, pair[0].source, pair[0].id))[1]


def _exact_sum(numbers):
    with localcontext(prec=200):
        return sum(numbers, Decimal(0))
