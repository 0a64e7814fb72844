"""Subjects that events name and that are no customer's."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db.models import Exists, Max, Min, OuterRef
from django.db.models.functions import Length

from metering.identity import text_hash
from metering.models import Batch, Customer, Event, EventVoid, SubjectLink
from metering.models.event import EventQuerySet

_LONGEST_KEY = Customer._meta.get_field("key").max_length or 0
_MOST_BATCHES = 10_000
_AT_ONCE = 5_000


def end_of_stretch(*, after: int, bound: int, events: int) -> int | None:
    """Return the batch up to which about this many events came after batch `after`, None if there was no batch."""
    last, total = None, 0
    batches = Batch.objects.filter(pk__gt=after, pk__lte=bound, accepted__gt=0).order_by("pk")
    for batch_id, accepted in batches.values_list("pk", "accepted")[:_MOST_BATCHES]:
        if last is not None and total + accepted > events:
            break
        last, total = batch_id, total + accepted
    return last


def unknown_subjects(*, after: int, upto: int) -> list[str]:
    """
    Return the subjects of events in batches (after, upto] that were nobody's at the time of the last one, in order.

    Left out are those that cannot become a customer's key: too long ones, and keys and ids of customers.
    """
    events = _counting(Event.objects.filter(batch_id__gt=after, batch_id__lte=upto))
    fitting = events.alias(length=Length("subject")).filter(length__gt=0, length__lte=_LONGEST_KEY)
    last_used: dict[str, datetime] = dict(
        fitting.values("subject").annotate(last=Max("time")).values_list("subject", "last")
    )
    return [key for keys in _parts(sorted(last_used)) for key in _nobodys(keys, last_used)]


def first_use(subject_key: str) -> datetime | None:
    """Return the time of the first event of a subject that is no customer's now, since the last one who had it."""
    events = _counting(Event.objects.of_subjects([subject_key]))
    links = SubjectLink.objects.known_at(None).filter(subject__key_hash=text_hash(subject_key))
    if freed_at := links.aggregate(freed=Max("to_at"))["freed"]:
        events = events.filter(time__gte=freed_at)
    first: datetime | None = events.aggregate(first=Min("time"))["first"]
    return first


def _counting(events: EventQuerySet) -> EventQuerySet:
    return events.exclude(Exists(EventVoid.objects.known_at(None).filter(event_key=OuterRef("key"))))


def _nobodys(keys: Sequence[str], last_used: dict[str, datetime]) -> Iterator[str]:
    links = SubjectLink.objects.known_at(None).filter(subject__key_hash__in=[text_hash(key) for key in keys])
    owned = {
        key for key, to_at in links.values_list("subject__key", "to_at") if to_at is None or to_at > last_used[key]
    }
    customers = Customer.objects.live().filter(key__in=keys) | Customer.objects.filter(ulid__in=keys)
    taken = {name for names in customers.values_list("key", "ulid") for name in names}
    return (key for key in keys if key not in owned | taken)


def _parts(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    return (keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE))
