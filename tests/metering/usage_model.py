"""What usage should be: a plain pass over raw events in Python, to compare the real thing with."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from metering.jsonpath import MISSING, extract, parse_path
from metering.models import Aggregation
from metering.queries.usage import UsageRow
from metering.values import parse_value
from metering.windows import window_of

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Stored:
    """An event that was accepted, in the batch that brought it."""

    batch: int
    type: str
    subject: str
    time: datetime
    data: dict | None


def group_text(data, path):
    found = extract(data, parse_path(path))
    if found is MISSING or found is None:
        return ""
    return {True: "true", False: "false"}[found] if isinstance(found, bool) else str(found)


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
        and (bound is None or event.batch <= bound)
        and (start is None or event.time >= start)
        and (end is None or event.time < end)
        and (meter.event_from is None or event.time >= meter.event_from)
        and (subjects is None or event.subject in subjects)
        and (spans is None or any(_is_in(event, span) for span in spans))
        and all(group_text(event.data, version.group_by[key]) in values for key, values in (filters or {}).items())
    )


def _is_in(event, span):
    return (
        event.subject == span.subject
        and (span.start is None or event.time >= span.start)
        and (span.end is None or event.time < span.end)
    )


def _row(meter, key, events, start, end, group_by):
    (window_start, window_end), subject, texts = key
    values = [parse_value(found) for found in (_value(meter, event) for event in events)]
    known = [value for value in values if value is not None]
    counts = meter.aggregation == Aggregation.COUNT
    if not counts and not known:
        return None
    times = [event.time for event in events]
    return UsageRow(
        window_start or start or min(times).replace(second=0, microsecond=0),
        window_end or end or max(times).replace(second=0, microsecond=0) + MINUTE,
        subject,
        dict(zip(group_by, texts, strict=True)),
        Decimal(len(events)) if counts else sum(known, Decimal(0)),
        len(events),
    )


def _value(meter, event):
    if not meter.value_property:
        return None
    found = extract(event.data, parse_path(meter.value_property))
    return None if found is MISSING else found
