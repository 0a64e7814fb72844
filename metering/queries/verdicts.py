"""What became of events: whose they are, which meters took what value, and why not."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import islice
from uuid import UUID

from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL

from metering.identity import text_hash
from metering.models import Customer, Event, EventVoid, Meter, MeterVersion, SubjectLink
from metering.queries.events import owners_of
from metering.verdict_sql import ReadMeter, outcome_condition
from metering.verdicts import (
    BEFORE_START,
    Outcome,
    group_text,
    invalid_event,
    no_customer,
    no_meter,
    read_value,
    similar,
    spellings,
)

# For more names than this in one go, nobody reads suggestions, and comparing names takes time.
_MOST_EXPLAINED = 100


VerdictPart = Callable[[Sequence[Event]], Mapping[UUID, object]]
_more_parts: dict[str, VerdictPart] = {}


def register_verdict_part(name: str, part: VerdictPart) -> None:
    """Add to verdicts what a higher layer knows of events by their keys, such as bills; registered at start-up."""
    _more_parts[name] = part


@dataclass(frozen=True, slots=True)
class Reading:
    """What one meter made of an event: the value and the group texts, or the problem that kept it from counting."""

    meter: Meter
    value: Decimal | str | None
    group: Mapping[str, str]
    problem: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    What became of an event, by the links, meters and voids of now.

    `problems` are worded as OpenMeter does; `similar_types` and `similar_subjects` are what the sender may have meant;
    `more` is what higher layers add.
    """

    customer: Customer | None
    readings: tuple[Reading, ...]
    void: EventVoid | None
    problems: tuple[str, ...]
    similar_types: tuple[str, ...] = ()
    similar_subjects: tuple[str, ...] = ()
    more: Mapping[str, object] = field(default_factory=dict)

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """All that is true of the event; a void one is nothing else."""
        if self.void is not None:
            return (Outcome.VOID,)
        read = [reading.problem for reading in self.readings]
        found = {
            Outcome.NO_METER: not read,
            Outcome.BAD_VALUE: any(problem not in (None, BEFORE_START) for problem in read),
            Outcome.NOT_STARTED: bool(read) and all(problem == BEFORE_START for problem in read),
            Outcome.NO_CUSTOMER: self.customer is None,
        }
        return tuple(outcome for outcome, is_so in found.items() if is_so) or (Outcome.COUNTED,)

    @property
    def validation_error(self) -> str:
        """The problems as OpenMeter joins them: one a line, empty where there is none."""
        return "\n".join(self.problems)


def verdicts_of(events: Iterable[Event]) -> dict[UUID, Verdict]:
    """
    Return what became of each event, by event key; three queries, and one more each to suggest types and subjects.

    Suggestions are made for the first 100 unknown types and subjects.
    """
    events = list(events)
    owners = owners_of(events)
    versions = current_versions({event.type for event in events})
    voids = _open_voids(events)
    types = _similar_types(event.type for event in events if event.type not in versions)
    subjects = _similar_subjects(event.subject for event in events if event.key not in owners)
    parts = {name: part(events) for name, part in _more_parts.items()}
    found = {
        event.key: _verdict(
            event, owners.get(event.key), versions.get(event.type, ()), voids.get(event.key), types, subjects
        )
        for event in events
    }
    return {key: replace(verdict, more=_of_key(parts, key)) if parts else verdict for key, verdict in found.items()}


def _of_key(parts: Mapping[str, Mapping[UUID, object]], key: UUID) -> dict[str, object]:
    return {name: known[key] for name, known in parts.items() if key in known}


def current_versions(event_types: Iterable[str]) -> dict[str, tuple[MeterVersion, ...]]:
    """Return the current version of each live meter of these event types, by type, in the order of slugs; one query."""
    found: dict[str, list[MeterVersion]] = defaultdict(list)
    versions = MeterVersion.objects.filter(meter__deleted_at=None, meter__event_type__in=set(event_types))
    for version in versions.select_related("meter").order_by("meter__slug", "-number").distinct("meter__slug"):
        found[version.meter.event_type].append(version)
    return {event_type: tuple(of_type) for event_type, of_type in found.items()}


def having_outcome(events: QuerySet[Event], outcome: Outcome) -> QuerySet[Event]:
    """Return the events that have an outcome; one query for the meters. Narrow `events` by time: each is looked at."""
    text, parameters = outcome_condition(outcome, [read_meter(meter) for meter in Meter.objects.live()])
    return events.filter(RawSQL(text, parameters, output_field=BooleanField()))  # noqa: S611


def read_meter(meter: Meter) -> ReadMeter:
    """Return what decides whether a meter can read an event."""
    return ReadMeter(meter.event_type, meter.aggregation, meter.value_path, meter.event_from)


def _open_voids(events: Sequence[Event]) -> dict[UUID, EventVoid]:
    voids = EventVoid.objects.known_at(None).filter(event_key__in=[event.key for event in events])
    return {void.event_key: void for void in voids.select_related("voided_batch__correction")}


def _similar_types(unknown: Iterable[str]) -> dict[str, tuple[str, ...]]:
    asked = list(islice(dict.fromkeys(unknown), _MOST_EXPLAINED))
    if not asked:
        return {}
    known = set(Meter.objects.live().values_list("event_type", flat=True).distinct())
    return {name: similar(name, known) for name in asked}


def _similar_subjects(unknown: Iterable[str]) -> dict[str, tuple[str, ...]]:
    variants = {name: spellings(name) for name in islice(dict.fromkeys(unknown), _MOST_EXPLAINED)}
    hashes = {text_hash(variant) for of_name in variants.values() for variant in of_name}
    if not hashes:
        return {}
    links = SubjectLink.objects.known_at(None).filter(subject__key_hash__in=hashes)
    known = set(links.values_list("subject__key", flat=True))
    return {name: tuple(variant for variant in of_name if variant in known) for name, of_name in variants.items()}


def _verdict(
    event: Event,
    customer: Customer | None,
    versions: Sequence[MeterVersion],
    void: EventVoid | None,
    types: Mapping[str, tuple[str, ...]],
    subjects: Mapping[str, tuple[str, ...]],
) -> Verdict:
    readings = tuple(_reading(event, version) for version in versions)
    return Verdict(
        customer=customer,
        readings=readings,
        void=void,
        problems=tuple(dict.fromkeys(_problems(event, customer, readings, void))),
        similar_types=() if readings else types.get(event.type, ()),
        similar_subjects=() if customer else subjects.get(event.subject, ()),
    )


def _reading(event: Event, version: MeterVersion) -> Reading:
    meter = version.meter
    group = {name: group_text(event.data, version.group_by[name]) for name in version.group_keys}
    if meter.event_from is not None and event.time < meter.event_from:
        return Reading(meter, None, group, BEFORE_START)
    taken = read_value(aggregation=meter.aggregation, value_property=meter.value_property, data=event.data)
    return Reading(meter, taken.value, group, taken.problem)


def _problems(
    event: Event, customer: Customer | None, readings: Sequence[Reading], void: EventVoid | None
) -> Iterable[str]:
    for reading in readings:
        if reading.problem not in (None, BEFORE_START):
            yield invalid_event(reading.problem or "")
    if not readings:
        yield no_meter(event.type)
    if customer is None:
        yield no_customer(event.subject)
    if void is not None:
        yield f"event is void: {reason_of(void)}"


def reason_of(void: EventVoid) -> str:
    """Return why an event was voided."""
    correction = void.voided_batch.correction
    return correction.reason if correction else ""
