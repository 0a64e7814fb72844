"""Which events of a meter a question is about."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from metering.errors import DomainError
from metering.filter_string import FilterString, one_of, parse_filter
from metering.identity import text_hash
from metering.models import MeterVersion, SubjectLink
from metering.spans import Span, clip_spans, later
from metering.usage_sql import Selection

# What of groups counts, by group name: texts, a condition, or a condition as it is stored in JSON.
Filters = Mapping[str, Sequence[str] | FilterString | Mapping[str, Any]]
_FILTER_DEPTH: Final = 2


class UnknownGroupKey(DomainError):
    code = "unknown_group_key"


def customer_spans(*, customer_id: int, bound: int | None = None) -> tuple[Span, ...]:
    """Return whose events a customer's usage is made of, now or as it was known at batch `bound`; one query."""
    links = SubjectLink.objects.known_at(bound).filter(customer_id=customer_id).select_related("subject")
    return tuple(Span(link.subject.key, link.from_at, link.to_at) for link in links.order_by("pk"))


def select(
    version: MeterVersion,
    start: datetime | None,
    end: datetime | None,
    spans: Sequence[Span] | None,
    subjects: Sequence[str] | None,
    filters: Filters | None,
    bound: int | None,
    from_events_only: bool,
) -> Selection:
    """
    Return what the arguments of a usage query choose, without groups and windows.

    :raises UnknownGroupKey: if the meter version has no group that is filtered by.
    """
    meter = version.meter
    clipped = clip_spans(_named_spans(spans, subjects), later(start, meter.event_from), end)
    is_of_all = spans is None and subjects is None
    return Selection(
        version_id=version.pk,
        floor_batch=version.floor_batch,
        aggregation=meter.aggregation,
        event_type=meter.event_type,
        value_path=meter.value_path,
        group_paths=version.group_paths,
        spans=clipped,
        subject_hashes=None if is_of_all else tuple({text_hash(span.subject or "") for span in clipped}),
        filters=tuple((place_of(version, key), condition_of(wanted)) for key, wanted in (filters or {}).items()),
        bound=bound,
        from_events_only=from_events_only or version.backfilled_at is None,
    )


def place_of(version: MeterVersion, key: str) -> int:
    """
    Return where a group's text stands among those that series keep.

    :raises UnknownGroupKey: if the meter version has no such group.
    """
    if key not in version.group_by:
        known = ", ".join(version.group_keys) or "none"
        raise UnknownGroupKey(f"The meter {version.meter.slug} has no group {key!r}. Use one of: {known}.")
    return version.group_keys.index(key)


def condition_of(wanted: Sequence[str] | FilterString | Mapping[str, Any]) -> FilterString:
    """Return the condition on the text of a group in any of the shapes that filters have."""
    match wanted:
        case FilterString():
            return wanted
        case Mapping():
            return parse_filter(wanted, depth=_FILTER_DEPTH)
    return one_of(wanted)


def _named_spans(spans: Sequence[Span] | None, subjects: Sequence[str] | None) -> list[Span]:
    if spans is None:
        return [Span(None, None, None)] if subjects is None else [Span(subject, None, None) for subject in subjects]
    return [span for span in spans if subjects is None or span.subject in subjects]
