"""What voiding events would do, and what corrections did."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from metering.aggregation_sql import TEXT_HASH
from metering.models import Aggregation, Correction, Customer, Event, EventVoid, Meter
from metering.queries.event_filter import EventFilter

# Above this many events, reading the value of each takes longer than one waits for a preview.
_MOST_VALUES = 200_000
_MOST_NAMES = 20


@dataclass(frozen=True, slots=True)
class Part:
    """The events of one type or subject."""

    name: str
    events: int


@dataclass(frozen=True, slots=True)
class CustomerPart:
    """The events of one customer; None are those of nobody."""

    customer: Customer | None
    events: int


@dataclass(frozen=True, slots=True)
class MeterEffect:
    """
    What a meter would lose: events that count now, and their total.

    The total is None where it does not follow from these events alone (AVG, MIN, MAX, LATEST, UNIQUE_COUNT), and where
    they are too many to add up now.
    """

    meter: Meter
    events: int
    quantity: Decimal | None


@dataclass(frozen=True, slots=True)
class VoidPreview:
    """
    What voiding would do. The lists name the largest twenty; `subject_count` says how many subjects there are.

    `types` and `subjects` are of all that match; `customers` and `meters` of those that count now and would not then.
    """

    matched: int
    already_void: int
    first_at: datetime | None
    last_at: datetime | None
    types: tuple[Part, ...]
    subjects: tuple[Part, ...]
    subject_count: int
    customers: tuple[CustomerPart, ...]
    meters: tuple[MeterEffect, ...]


def preview_of(events: EventFilter, *, bound: int) -> VoidPreview:
    """Return what voiding these events would do as things are now; nothing changes. A few queries."""
    found = events.matching(bound=bound)
    text, parameters = found.values_list("key", "type", "subject", "time").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_PREVIEW.format(chosen=text), parameters)
        rows = cursor.fetchall()
    by_kind: dict[str, list[tuple[Any, ...]]] = {"all": [], "type": [], "subject": [], "customer": []}
    for kind, *row in rows:
        by_kind[kind].append(tuple(row))
    ((_, _, matched, already_void, first_at, last_at, subject_count),) = by_kind["all"]
    types = _parts(by_kind["type"])
    return VoidPreview(
        matched=matched,
        already_void=already_void,
        first_at=first_at,
        last_at=last_at,
        types=types[:_MOST_NAMES],
        subjects=_parts(by_kind["subject"]),
        subject_count=subject_count,
        customers=_customers(by_kind["customer"]),
        meters=_effects(found, [part.name for part in types], matched),
    )


def effects_of_undoing(correction: Correction) -> tuple[MeterEffect, ...]:
    """Return what each meter would get back from the events that a correction voided and that are void still."""
    voids = EventVoid.objects.known_at(None).made_by(correction)
    events = Event.objects.filter(pk__in=voids.values("event_key"))
    types = events.values_list("type", flat=True).order_by("type").distinct()
    return tuple(_effect(events, meter, correction.voided) for meter in _meters(types))


def open_void(event: Event) -> EventVoid | None:
    """Return the void by which an event does not count now, with the correction that made it."""
    voids = EventVoid.objects.known_at(None).filter(event_key=event.key)
    return voids.select_related("voided_batch__correction").first()


def event_keys_of(correction: Correction, *, limit: int) -> list[UUID]:
    """Return the keys of some of the events that a correction voided or restored."""
    voids = EventVoid.objects.filter(voided_batch__correction=correction)
    restored = EventVoid.objects.filter(restored_batch__correction=correction)
    keys = [*voids.values_list("event_key", flat=True)[:limit], *restored.values_list("event_key", flat=True)[:limit]]
    return list(dict.fromkeys(keys))[:limit]


def _parts(rows: Sequence[tuple[Any, ...]]) -> tuple[Part, ...]:
    return tuple(Part(name, events) for name, _, events, *_ in rows)


def _customers(rows: Sequence[tuple[Any, ...]]) -> tuple[CustomerPart, ...]:
    customers = Customer.objects.in_bulk([customer_id for _, customer_id, *_ in rows if customer_id is not None])
    return tuple(CustomerPart(customers.get(customer_id), events) for _, customer_id, events, *_ in rows)


def _effects(found: QuerySet[Event], types: Sequence[str], matched: int) -> tuple[MeterEffect, ...]:
    counting = found.filter(~Exists(EventVoid.objects.known_at(None).filter(event_key=OuterRef("key"))))
    return tuple(_effect(counting, meter, matched) for meter in _meters(types))


def _meters(types: Iterable[str]) -> QuerySet[Meter]:
    return Meter.objects.live().filter(event_type__in=list(types)).order_by("slug")


def _effect(counting: QuerySet[Event], meter: Meter, matched: int) -> MeterEffect:
    events = counting.filter(type=meter.event_type)
    if meter.event_from:
        events = events.filter(time__gte=meter.event_from)
    count = events.count()
    if meter.aggregation == Aggregation.COUNT:
        return MeterEffect(meter, count, Decimal(count))
    if meter.aggregation == Aggregation.SUM and matched <= _MOST_VALUES:
        return MeterEffect(meter, count, _total(events, meter))
    return MeterEffect(meter, count, None)


def _total(events: QuerySet[Event], meter: Meter) -> Decimal:
    text, parameters = events.values_list("data").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT coalesce(sum(metering_value(data #> %s::text[])), 0) FROM ({text}) chosen",  # noqa: S608 (Django's own text, with parameters)
            [list(meter.value_path), *parameters],
        )
        return cursor.fetchone()[0]


# One pass over the events, then small sums. Whose they are is found by subject and time, as links say now.
_PREVIEW = """
WITH chosen AS MATERIALIZED (
    SELECT event.key, event.type, event.subject, event.time, void.event_key IS NOT NULL AS is_void
    FROM ({chosen}) event
    LEFT JOIN metering_eventvoid void ON void.event_key = event.key AND void.restored_batch_id IS NULL
), by_subject AS MATERIALIZED (
    SELECT subject, count(*) AS events FROM chosen GROUP BY subject
), owner AS MATERIALIZED (
    SELECT by_subject.subject, link.customer_id, link.from_at, link.to_at
    FROM by_subject
    JOIN metering_subject known
         ON known.key_hash = {hash}
    JOIN metering_subjectlink link ON link.subject_id = known.id AND link.ended_batch_id IS NULL
)
SELECT 'all', NULL::text, NULL::bigint, count(*), count(*) FILTER (WHERE is_void), min(time), max(time),
       (SELECT count(*) FROM by_subject)
FROM chosen
UNION ALL
(SELECT 'type', type, NULL, count(*), NULL, NULL, NULL, NULL FROM chosen GROUP BY type ORDER BY 4 DESC, 2)
UNION ALL
(SELECT 'subject', subject, NULL, events, NULL, NULL, NULL, NULL FROM by_subject ORDER BY 4 DESC, 2 LIMIT {most})
UNION ALL
(SELECT 'customer', NULL, owner.customer_id, count(*), NULL, NULL, NULL, NULL
 FROM chosen LEFT JOIN owner ON owner.subject = chosen.subject
      AND chosen.time >= coalesce(owner.from_at, '-infinity') AND chosen.time < coalesce(owner.to_at, 'infinity')
 WHERE NOT chosen.is_void
 GROUP BY 3 ORDER BY 4 DESC, 3 LIMIT {most})
""".replace("{most}", str(_MOST_NAMES)).replace("{hash}", TEXT_HASH.format(text="by_subject.subject"))
