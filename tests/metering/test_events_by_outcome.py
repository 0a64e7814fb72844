"""Events found by what became of them: SQL says the same as the verdicts."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metering.identity import text_hash
from metering.models import BatchKind, Event, Subject
from metering.queries.verdicts import having_outcome, verdicts_of
from metering.verdicts import Outcome
from tests.factories import (
    START,
    BatchFactory,
    EventFactory,
    EventVoidFactory,
    MeterVersionFactory,
    SubjectFactory,
    SubjectLinkFactory,
)

pytestmark = pytest.mark.django_db
HOURS = st.integers(0, 3)
TYPES, SUBJECTS = ("a", "b", "c"), ("x", "y", "z")
VALUES = (1, "1.5", "NaN", True, None, "text", {"n": 1}, [1], "1e400")


def at(hour):
    return None if hour is None else START + timedelta(hours=hour)


@st.composite
def meters(draw):
    aggregation = draw(st.sampled_from(["SUM", "COUNT", "UNIQUE_COUNT", "LATEST"]))
    return {
        "meter__event_type": draw(st.sampled_from(TYPES[:2])),
        "meter__aggregation": aggregation,
        "meter__value_property": "" if aggregation == "COUNT" else draw(st.sampled_from(["$.n", "$.in.n"])),
        "meter__event_from": at(draw(st.none() | HOURS)),
        "meter__deleted_at": draw(st.sampled_from([None, None, START])),
    }


@st.composite
def events(draw):
    value = draw(st.sampled_from(VALUES))
    return {
        "type": draw(st.sampled_from(TYPES)),
        "subject": draw(st.sampled_from(SUBJECTS)),
        "time": at(draw(HOURS)),
        "data": draw(st.sampled_from([None, {}, {"n": value}, {"in": {"n": value}}, {"in": value}])),
    }, draw(st.sampled_from([None, None, "void", "restored"]))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(meters(), max_size=4),
    st.lists(events(), min_size=1, max_size=8),
    st.lists(st.tuples(st.sampled_from(SUBJECTS), st.none() | HOURS, st.booleans()), max_size=4),
)
def test_sql_finds_by_each_outcome_the_events_whose_verdict_says_so(meters, events, links):
    before = set(Event.objects.values_list("pk", flat=True))
    for fields in meters:
        MeterVersionFactory(**fields)
    # One open link for each subject, as two may not overlap.
    for subject, hour, is_ended in {link[0]: link for link in links}.values():
        row = Subject.objects.filter(key_hash=text_hash(subject)).first()
        SubjectLinkFactory(
            subject=row or SubjectFactory(key=subject),
            from_at=at(hour),
            to_at=None if hour is None else at(hour + 1),
            ended_batch=BatchFactory() if is_ended or row else None,
        )
    for fields, state in events:
        event = EventFactory(**fields)
        if state is not None:
            void = EventVoidFactory(event_key=event.key)
            void.restored_batch = BatchFactory(kind=BatchKind.RESTORE) if state == "restored" else None
            void.save()
    made = Event.objects.exclude(pk__in=before)
    verdicts = verdicts_of(made)
    for outcome in Outcome:
        expected = {key for key, verdict in verdicts.items() if outcome in verdict.outcomes}
        assert set(having_outcome(made, outcome).values_list("pk", flat=True)) == expected, outcome


def test_every_outcome_can_be_found(django_assert_num_queries):
    MeterVersionFactory(meter__event_type="a", meter__event_from=START)
    SubjectLinkFactory(subject__key="x")
    wanted = {
        Outcome.COUNTED: EventFactory(type="a", subject="x"),
        Outcome.NO_METER: EventFactory(type="b", subject="x"),
        Outcome.NO_CUSTOMER: EventFactory(type="a", subject="y"),
        Outcome.BAD_VALUE: EventFactory(type="a", subject="x", data={"tokens": "many"}),
        Outcome.NOT_STARTED: EventFactory(type="a", subject="x", time=START - timedelta(seconds=1)),
        Outcome.VOID: EventFactory(type="a", subject="x"),
    }
    EventVoidFactory(event_key=wanted[Outcome.VOID].key)
    with django_assert_num_queries(2 * len(wanted)):
        found = {outcome: list(having_outcome(Event.objects.all(), outcome)) for outcome in wanted}
    assert found == {outcome: [event] for outcome, event in wanted.items()}
