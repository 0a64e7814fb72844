"""Events as people look at them: whose they are."""

from collections.abc import Iterable
from typing import Any

from metering.identity import text_hash
from metering.models import Customer, Event, SubjectLink


def owners_of(events: Iterable[Event]) -> dict[Any, Customer]:
    """Return the customer of each event that has one, by event key; one query."""
    events = list(events)
    hashes = {text_hash(event.subject) for event in events}
    links = (
        SubjectLink.objects.known_at(None).filter(subject__key_hash__in=hashes).select_related("subject", "customer")
    )
    by_subject: dict[str, list[SubjectLink]] = {}
    for link in links:
        by_subject.setdefault(link.subject.key, []).append(link)
    return {
        event.key: link.customer
        for event in events
        for link in by_subject.get(event.subject, [])
        if (link.from_at is None or link.from_at <= event.time) and (link.to_at is None or event.time < link.to_at)
    }
