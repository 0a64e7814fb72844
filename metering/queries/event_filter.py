"""Which events a correction means."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from metering.errors import DomainError
from metering.identity import event_key
from metering.instants import instant_text
from metering.models import Event

MOST_EVENTS = 10_000
# By the name in the API, which is how a correction stores its filter too.
_CONDITIONS = {
    "type": "type",
    "subject": "subject",
    "source": "source",
    "id": "event_id",
    "from": "time__gte",
    "to": "time__lt",
    "ingestedFrom": "batch__received_at__gte",
    "ingestedTo": "batch__received_at__lt",
}
_ATTRIBUTES = {"from": "start", "to": "end", "ingestedFrom": "ingested_start", "ingestedTo": "ingested_end"}


class EmptyFilter(DomainError):
    code = "empty_filter"


class TooManyEvents(DomainError):
    code = "too_many_events"


class UnknownEvent(DomainError):
    status = 404
    code = "unknown_event"


@dataclass(frozen=True, slots=True)
class EventFilter:
    """
    Events that have all that is named here; ranges are half-open. With `events`, those by (source, id) and no others.
    """

    type: str | None = None
    subject: str | None = None
    source: str | None = None
    id: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    ingested_start: datetime | None = None
    ingested_end: datetime | None = None
    events: tuple[tuple[str, str], ...] = ()

    def check(self) -> None:
        """
        Pass if it is clear which events are meant.

        :raises EmptyFilter: if nothing is named, which would mean every event there is, or a range holds no time.
        :raises TooManyEvents: if more than 10,000 events are listed.
        """
        named = {field.name for field in fields(self) if getattr(self, field.name)}
        if not named:
            raise EmptyFilter("Name the events: by source and id, or by type, subject, source, id or a range of time.")
        if self.events and named != {"events"}:
            raise EmptyFilter("Give either a list of events or a filter, not both.")
        if len(self.events) > MOST_EVENTS:
            raise TooManyEvents(f"List at most {MOST_EVENTS:,} events; use a filter for more.")
        for start, end in ((self.start, self.end), (self.ingested_start, self.ingested_end)):
            if start and end and start >= end:
                raise EmptyFilter("Choose an end after the start: no event can be in this range.")

    @classmethod
    def of(cls, named: Mapping[str, Any]) -> "EventFilter":
        """Return the filter that values by their names in the API state."""
        return cls(**{_ATTRIBUTES.get(name, name): value for name, value in named.items()})

    def to_json(self) -> dict[str, Any]:
        """Return it as the API takes it, times in UTC."""
        if self.events:
            return {"events": [{"source": source, "id": event_id} for source, event_id in self.events]}
        named = {name: getattr(self, _ATTRIBUTES.get(name, name)) for name in _CONDITIONS}
        return {
            name: instant_text(value) if isinstance(value, datetime) else value
            for name, value in named.items()
            if value is not None
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "EventFilter":
        """Read what `to_json` wrote."""
        if "events" in data:
            return cls(events=tuple((event["source"], event["id"]) for event in data["events"]))
        return cls.of(
            {name: datetime.fromisoformat(value) if name in _ATTRIBUTES else value for name, value in data.items()}
        )

    def matching(self, *, bound: int) -> QuerySet[Event]:
        """Return the events that are meant, in batches up to `bound`, void ones too; in no order."""
        if self.events:
            keys = [event_key(source, event_id) for source, event_id in self.events]
            return Event.objects.filter(pk__in=keys, batch_id__lte=bound)
        named = {name: getattr(self, _ATTRIBUTES.get(name, name)) for name in _CONDITIONS}
        conditions = {_CONDITIONS[name]: value for name, value in named.items() if value is not None}
        return Event.objects.filter(**conditions, batch_id__lte=bound)

    def check_known(self) -> None:
        """
        Pass if every listed event is stored.

        :raises UnknownEvent: naming the first that is not.
        """
        keys = {event_key(source, event_id): (source, event_id) for source, event_id in self.events}
        known = set(Event.objects.filter(pk__in=keys).values_list("pk", flat=True))
        for key, (source, event_id) in keys.items():
            if key not in known:
                raise UnknownEvent(f"There is no event {event_id!r} of source {source!r}. Check its source and id.")
