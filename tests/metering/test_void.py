"""A voided event counts no longer; everything else about it stays."""

from datetime import timedelta

import pytest

from metering.models import Batch, BatchKind, Correction, CorrectionStatus, Event, EventVoid
from metering.queries.event_filter import EmptyFilter, EventFilter, TooManyEvents, UnknownEvent
from metering.services.corrections import NothingToVoid, undo_correction, void_events
from metering.services.reasons import ReasonIsMissing
from tests.metering.corrected import AT, NOON, named, roll_up, store, tokens, tokens_meter, usage, void

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(days=1)


@pytest.mark.parametrize("when", ["before roll-up", "after roll-up"])
def test_it_takes_the_event_out_of_usage_and_keeps_earlier_bounds(when):
    meter = tokens_meter()
    bound = store(tokens(1, 10), tokens(2, 20), tokens(3, 40))
    if when == "after roll-up":
        roll_up()
    correction = void(2)
    # 10 + 40
    assert usage(meter) == 50
    roll_up()
    assert usage(meter) == 50
    assert (usage(meter, bound), usage(meter, bound + 1)) == (70, 50)
    assert (correction.status, correction.matched, correction.done, correction.voided) == ("done", 1, 1, 1)
    batch = correction.batches.get()
    assert (batch.kind, batch.accepted, batch.is_rolled_up, batch.pk) == (BatchKind.VOID, 0, True, bound + 1)
    assert Event.objects.count() == 3


@pytest.mark.parametrize("when", ["before roll-up", "after roll-up"])
def test_undoing_lets_it_count_again(when):
    meter = tokens_meter()
    bound = store(tokens(1, 10), tokens(2, 20))
    correction = void(1)
    if when == "after roll-up":
        roll_up()
    undone = undo_correction(correction_id=correction.pk, reason="It was right", at=LATER)
    assert usage(meter) == 30
    roll_up()
    assert [usage(meter, known) for known in (bound, bound + 1, bound + 2, None)] == [30, 20, 30, 30]
    assert (undone.status, undone.undo_reason, undone.undone_at, undone.restored) == (
        CorrectionStatus.UNDONE,
        "It was right",
        LATER,
        1,
    )


def test_voiding_undoing_and_voiding_again_is_kept_step_by_step():
    meter = tokens_meter()
    bound = store(tokens(1, 10), tokens(2, 20))
    roll_up()
    undo_correction(correction_id=void(1).pk, reason="It was right", at=AT)
    void(1)
    roll_up()
    assert [usage(meter, bound + step) for step in range(4)] == [30, 20, 30, 20]
    assert EventVoid.objects.count() == 2


CHOSEN = [
    (EventFilter(type="other"), {"6"}),
    (EventFilter(subject="globex"), {"2"}),
    (EventFilter(source="elsewhere"), {"3"}),
    (EventFilter(id="4"), {"4"}),
    (EventFilter(start=NOON + timedelta(hours=1)), {"5"}),
    (EventFilter(start=NOON, end=NOON + timedelta(hours=1), type="tokens"), {"1", "2", "3", "4"}),
    (EventFilter(subject="acme", source="tests", end=NOON + timedelta(hours=1), type="tokens"), {"1", "4"}),
    (EventFilter(ingested_start=AT, ingested_end=LATER), {"1", "2", "3", "4", "5", "6"}),
]


@pytest.mark.parametrize(("chosen", "expected"), CHOSEN)
def test_it_voids_what_matches_the_whole_filter(chosen, expected):
    store(
        tokens(1, 1),
        tokens(2, 1, subject="globex"),
        tokens(3, 1, source="elsewhere"),
        tokens(4, 1),
        tokens(5, 1, time="2026-01-05T13:00:00Z"),
        tokens(6, 1, type="other"),
    )
    correction = void_events(events=chosen, reason="Sent by mistake", at=AT)
    keys = EventVoid.objects.values_list("event_key", flat=True)
    assert set(Event.objects.filter(pk__in=keys).values_list("event_id", flat=True)) == expected
    assert EventFilter.from_json(correction.filter) == chosen


def test_an_event_that_is_void_is_left_to_its_earlier_void():
    meter = tokens_meter()
    store(tokens(1, 10), tokens(2, 20))
    first = void(1)
    second = void(1, 2)
    assert (second.matched, second.done, second.voided) == (2, 2, 1)
    undo_correction(correction_id=second.pk, reason="Only the first", at=AT)
    assert usage(meter) == 20
    undo_correction(correction_id=first.pk, reason="Neither", at=AT)
    assert usage(meter) == 30


REFUSED = [
    (EventFilter(), "Why", EmptyFilter, "Name the events"),
    (EventFilter(type="", subject=""), "Why", EmptyFilter, "Name the events"),
    (EventFilter(start=NOON, end=NOON), "Why", EmptyFilter, "end after the start"),
    (EventFilter(type="tokens", events=(("tests", "1"),)), "Why", EmptyFilter, "not both"),
    (EventFilter(events=(("tests", "1"),) * 10_001), "Why", TooManyEvents, "at most 10,000"),
    (EventFilter(type="unheard_of"), "Why", NothingToVoid, "No stored event matches"),
    (named(1, 9), "Why", UnknownEvent, "no event '9' of source 'tests'"),
    (named(2), "Why", NothingToVoid, "The only event that matches is void already"),
    (named(1), " ", ReasonIsMissing, "Say why"),
]


def test_it_says_how_many_events_are_void_already():
    store(tokens(1, 10), tokens(2, 20))
    void(1, 2)
    with pytest.raises(NothingToVoid, match="All 2 events that match are void already"):
        void(1, 2)
    assert Correction.objects.count() == 1


@pytest.mark.parametrize(("chosen", "reason", "error", "says"), REFUSED)
def test_it_refuses_what_is_unclear_and_changes_nothing(chosen, reason, error, says):
    store(tokens(1, 10), tokens(2, 20))
    void(2)
    before = (Batch.objects.count(), Correction.objects.count(), EventVoid.objects.count())
    with pytest.raises(error, match=says):
        void_events(events=chosen, reason=reason, at=AT)
    assert (Batch.objects.count(), Correction.objects.count(), EventVoid.objects.count()) == before


def test_events_that_come_later_are_not_meant():
    meter = tokens_meter()
    store(tokens(1, 10))
    void_events(events=EventFilter(subject="acme"), reason="All wrong", at=AT)
    store(tokens(2, 20))
    assert usage(meter) == 20
