"""The events behind usage."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Coalesce

from metering.models import Event, EventVoid, MeterVersion
from metering.queries.conditions import Meets
from metering.queries.selections import Filters, select
from metering.spans import Span


def matching_events(
    *,
    version: MeterVersion,
    start: datetime | None,
    end: datetime | None,
    spans: Sequence[Span] | None = None,
    filters: Filters | None = None,
    bound: int | None = None,
) -> QuerySet[Event]:
    """Return the events that a usage query counts for the same arguments, bad values included, newest first."""
    selection = select(version, start, end, spans, None, filters, bound, from_events_only=False)
    chosen = Q(pk__in=[])
    for span in selection.spans:
        chosen |= _span_condition(span)
    subjects = {span.subject for span in selection.spans if span.subject is not None}
    events = Event.objects.of_subjects(subjects) if subjects else Event.objects.all()
    events = events.filter(chosen, type=version.meter.event_type)
    if bound is not None:
        events = events.filter(batch_id__lte=bound)
    for place, condition in selection.filters:
        events = events.filter(Meets(_group_expression(selection.group_paths[place]), condition))
    void = EventVoid.objects.known_at(bound).filter(event_key=OuterRef("key"))
    return events.filter(~Exists(void)).order_by("-time", "key")


def _span_condition(span: Span) -> Q:
    condition = Q() if span.subject is None else Q(subject=span.subject)
    if span.start is not None:
        condition &= Q(time__gte=span.start)
    if span.end is not None:
        condition &= Q(time__lt=span.end)
    return condition or ~Q(pk__in=[])


def _group_expression(path: tuple[str, ...]) -> Coalesce:
    inner: Any = "data"
    for key in path[:-1]:
        inner = KeyTransform(key, inner)
    return Coalesce(KeyTextTransform(path[-1], inner), Value(""), output_field=TextField())
