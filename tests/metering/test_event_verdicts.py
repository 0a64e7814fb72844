"""What became of stored events: customer, readings, void, problems, and what the sender may have meant."""

from datetime import timedelta
from decimal import Decimal

import pytest

from metering.models import BatchKind
from metering.queries import verdicts
from metering.queries.verdicts import verdicts_of
from metering.serializers.events import verdict_output
from tests.factories import (
    START,
    BatchFactory,
    EventFactory,
    EventVoidFactory,
    MeterVersionFactory,
    SubjectLinkFactory,
)

pytestmark = pytest.mark.django_db


def verdict(event):
    return verdicts_of([event])[event.key]


def test_a_counted_event_has_its_customer_and_the_value_of_every_meter():
    link = SubjectLinkFactory(subject__key="acme")
    tokens = MeterVersionFactory(meter__slug="tokens").meter
    requests = MeterVersionFactory(
        meter__slug="requests", meter__aggregation="COUNT", meter__value_property="", group_by={}
    ).meter
    models = MeterVersionFactory(
        meter__slug="models", meter__aggregation="UNIQUE_COUNT", meter__value_property="$.model", group_by={}
    ).meter
    MeterVersionFactory(meter__event_type="another")
    found = verdict(EventFactory(subject="acme"))
    assert found.customer == link.customer
    assert [(reading.meter, reading.value, reading.group, reading.problem) for reading in found.readings] == [
        (models, "large", {}, None),
        (requests, Decimal(1), {}, None),
        (tokens, Decimal(10), {"model": "large"}, None),
    ]
    assert (found.outcomes, found.problems, found.validation_error) == (("counted",), (), "")


def test_it_reads_by_the_current_version_of_live_meters():
    version = MeterVersionFactory(meter__slug="tokens")
    MeterVersionFactory(meter=version.meter, number=2, group_by={"size": "$.size"})
    MeterVersionFactory(meter__slug="gone", meter__deleted_at=START)
    [reading] = verdict(EventFactory(data={"tokens": 1, "size": 2.5})).readings
    assert (reading.meter.slug, reading.group) == ("tokens", {"size": "2.5"})


def test_a_bad_value_is_worded_by_each_problem_once_and_other_meters_still_take_theirs():
    SubjectLinkFactory(subject__key="acme")
    for slug in ("a", "b"):
        MeterVersionFactory(meter__slug=slug)
    MeterVersionFactory(meter__slug="c", meter__value_property="$.cost")
    found = verdict(EventFactory(subject="acme", data={"tokens": "NaN", "cost": 2}))
    assert found.problems == ("invalid event: value cannot be NaN",)
    assert [reading.value for reading in found.readings] == [None, None, Decimal(2)]
    assert found.outcomes == ("bad_value",)


def test_nobodys_event_of_an_unknown_type_says_both_and_what_was_meant():
    MeterVersionFactory(meter__event_type="llm_tokens")
    SubjectLinkFactory(subject__key="ACME")
    found = verdict(EventFactory(type="llm-token", subject="acme"))
    assert found.validation_error == (
        "no meter found for event type: llm-token\nno customer found for event subject: acme"
    )
    assert (found.similar_types, found.similar_subjects) == (("llm_tokens",), ("ACME",))
    assert found.outcomes == ("no_meter", "no_customer")


def test_the_customer_is_the_one_of_the_events_time():
    first = SubjectLinkFactory(subject__key="acme", to_at=START)
    second = SubjectLinkFactory(subject=first.subject, from_at=START, to_at=START + timedelta(days=1))
    SubjectLinkFactory(subject=first.subject, from_at=START + timedelta(days=1), ended_batch=BatchFactory())
    times = [START - timedelta(microseconds=1), START, START + timedelta(days=1)]
    events = [EventFactory(subject="acme", time=time) for time in times]
    found = verdicts_of(events)
    assert [found[event.key].customer for event in events] == [first.customer, second.customer, None]


def test_before_a_meters_start_it_takes_nothing_and_that_is_no_error():
    SubjectLinkFactory(subject__key="acme")
    MeterVersionFactory(meter__event_from=START)
    early = verdict(EventFactory(subject="acme", time=START - timedelta(seconds=1), data={}))
    assert [reading.problem for reading in early.readings] == ["before the meter's start"]
    assert (early.outcomes, early.problems) == (("not_started",), ())
    assert verdict(EventFactory(subject="acme", time=START)).outcomes == ("counted",)


def test_a_void_event_is_nothing_else_and_says_why():
    event = EventFactory(type="unknown", subject="acme")
    void = EventVoidFactory(event_key=event.key, voided_batch__correction__reason="Sent by a test")
    found = verdict(event)
    assert (found.void, found.outcomes) == (void, ("void",))
    assert found.problems[-1] == "event is void: Sent by a test"


def test_a_restored_event_counts_again():
    SubjectLinkFactory(subject__key="acme")
    MeterVersionFactory()
    event = EventFactory(subject="acme")
    void = EventVoidFactory(event_key=event.key)
    void.restored_batch = BatchFactory(kind=BatchKind.RESTORE)
    void.save()
    assert verdict(event).outcomes == ("counted",)


def test_a_higher_layer_adds_what_it_knows(monkeypatch):
    monkeypatch.setattr(verdicts, "_more_parts", {})
    known, other = EventFactory(), EventFactory()
    verdicts.register_verdict_part("billed", lambda events: {known.key: f"one of {len(events)}"})
    found = verdicts_of([known, other])
    assert (found[known.key].more, found[other.key].more) == ({"billed": "one of 2"}, {})
    assert verdict_output(found[known.key])["billed"] == "one of 2"


def test_many_events_take_as_many_queries_as_one(django_assert_num_queries, monkeypatch):
    monkeypatch.setattr(verdicts, "_more_parts", {})
    for number in range(3):
        MeterVersionFactory(meter__event_type=f"type_{number}")
        SubjectLinkFactory(subject__key=f"subject_{number}")
    known = [EventFactory(type=f"type_{number}", subject=f"subject_{number}") for number in range(3)]
    unknown = [EventFactory(type=f"typo_{number}", subject=f"Subject_{number}") for number in range(3)]
    with django_assert_num_queries(3):
        verdicts_of(known)
    # Two more: to find similar types, and similar subjects.
    with django_assert_num_queries(5):
        found = verdicts_of([*known, *unknown])
    assert [found[event.key].similar_subjects for event in unknown] == [(f"subject_{number}",) for number in range(3)]
