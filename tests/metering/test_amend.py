"""A replacement takes the place of an event, in one batch."""

import pytest
from django.db import connection

from metering.ingest.decode import InvalidEvents
from metering.ingest.fence import current_bound
from metering.models import Batch, BatchKind, Correction, CorrectionStatus, Event, EventVoid
from metering.queries.event_filter import UnknownEvent
from metering.services import corrections
from metering.services.amendments import EventIsVoid, ReplacementIsStored, amend_event
from metering.services.corrections import AmendedLater, EventIsNotVoid, restore_event, undo_correction
from metering.services.reasons import ReasonIsMissing
from tests.metering.corrected import AT, roll_up, store, tokens, tokens_meter, usage, void

pytestmark = pytest.mark.django_db


def amend(event_id, replacement, **changes):
    named = {"source": "tests", "event_id": str(event_id), "reason": "Wrong figure", "at": AT, **changes}
    return amend_event(replacement=replacement, **named)


def undo(correction):
    return undo_correction(correction_id=correction.pk, reason="It was right", at=AT)


@pytest.mark.parametrize("when", ["before roll-up", "after roll-up"])
def test_the_replacement_counts_instead(when):
    meter = tokens_meter()
    bound = store(tokens(1, 10), tokens(2, 20))
    if when == "after roll-up":
        roll_up()
    correction = amend(1, {"data": {"tokens": 4}, "time": "2026-01-05T12:20:00Z"})
    # 4 + 20
    assert usage(meter) == 24
    roll_up()
    assert [usage(meter, known) for known in (bound, bound + 1, None)] == [30, 24, 24]
    batch = correction.batches.get()
    assert (batch.pk, batch.kind, batch.accepted) == (bound + 1, BatchKind.AMENDMENT, 1)
    new = Event.objects.get(batch=batch)
    assert (new.source, new.event_id, new.subject, new.data) == ("tests", "1/amended-1", "acme", {"tokens": 4})
    assert Event.objects.get(event_id="1").data == {"tokens": 10}


def test_undoing_brings_the_original_back_and_takes_the_replacement_away():
    meter = tokens_meter()
    bound = store(tokens(1, 10))
    correction = amend(1, {"data": {"tokens": 4}})
    roll_up()
    undone = undo(correction)
    assert (undone.status, undone.voided, undone.restored) == (CorrectionStatus.UNDONE, 1, 1)
    assert usage(meter) == 10
    roll_up()
    assert [usage(meter, bound + step) for step in range(3)] == [10, 4, 10]


def test_an_undone_amendment_is_amended_again_under_the_next_free_id():
    meter = tokens_meter()
    store(tokens(1, 10))
    undo(amend(1, {"data": {"tokens": 4}}))
    amend(1, {"data": {"tokens": 5}})
    assert usage(meter) == 5
    assert set(Event.objects.values_list("event_id", flat=True)) == {"1", "1/amended-1", "1/amended-2"}


def test_a_replacement_is_amended_in_turn_and_both_are_undone_latest_first():
    meter = tokens_meter()
    store(tokens(1, 10))
    first = amend(1, {"data": {"tokens": 4}})
    second = amend("1/amended-1", {"data": {"tokens": 3}, "id": "own"})
    with pytest.raises(AmendedLater, match=f"Undo {second} first"):
        undo(first)
    first.refresh_from_db()
    assert (usage(meter), first.status) == (3, CorrectionStatus.DONE)
    undo(second)
    undo(first)
    assert usage(meter) == 10


def restore(event_id, reason="Why"):
    return restore_event(source="tests", event_id=str(event_id), reason=reason, at=AT)


def test_restoring_one_event_leaves_the_others_void():
    meter = tokens_meter()
    store(tokens(1, 10), tokens(2, 20), tokens(3, 40))
    former = void(1, 2)
    restored = restore(1, "Only the second")
    former.refresh_from_db()
    assert (restored.kind, restored.status, former.restored) == ("restore", CorrectionStatus.DONE, 1)
    # 10 + 40
    assert usage(meter) == 50
    undo(former)
    assert usage(meter) == 70


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("correct", [lambda: void(2), lambda: restore(1)])
def test_it_waits_for_writers_before_its_transaction_begins(monkeypatch, correct):
    store(tokens(1, 10), tokens(2, 20))
    void(1)
    asked_within = []

    def bound():
        asked_within.append(connection.in_atomic_block)
        return current_bound()

    monkeypatch.setattr(corrections, "current_bound", bound)
    correct()
    assert asked_within == [False]


def test_it_refuses_to_restore_what_counts_or_was_amended():
    store(tokens(1, 10), tokens(2, 20))
    amendment = amend(1, {"data": {"tokens": 4}})
    before = (Batch.objects.count(), Correction.objects.count())
    with pytest.raises(AmendedLater, match=f"because of {amendment}"):
        restore(1)
    with pytest.raises(EventIsNotVoid, match="counts already"):
        restore(2)
    assert (Batch.objects.count(), Correction.objects.count()) == before


REFUSED = [
    ("9", {}, {}, UnknownEvent, "no event '9'"),
    ("1", {}, {"reason": ""}, ReasonIsMissing, "Say why"),
    ("2", {}, {}, EventIsVoid, "is void because of"),
    ("1", {"id": "1"}, {}, ReplacementIsStored, "original keeps its own"),
    ("1", {"id": "3"}, {}, ReplacementIsStored, "There is an event '3' of source 'tests'"),
    ("1", {"data": [1]}, {}, InvalidEvents, "data is wrong"),
    ("1", {"subject": ""}, {}, InvalidEvents, "subject is wrong"),
    ("1", {"time": "2026-01-05"}, {}, InvalidEvents, "time is wrong"),
]


@pytest.mark.parametrize(("event_id", "replacement", "changes", "error", "says"), REFUSED)
def test_it_refuses_and_changes_nothing(event_id, replacement, changes, error, says):
    store(tokens(1, 10), tokens(2, 20), tokens(3, 30))
    void(2)
    before = (Batch.objects.count(), Event.objects.count(), EventVoid.objects.count(), Correction.objects.count())
    with pytest.raises(error, match=says):
        amend(event_id, replacement, **changes)
    after = (Batch.objects.count(), Event.objects.count(), EventVoid.objects.count(), Correction.objects.count())
    assert after == before


def test_it_takes_null_as_data_and_replaces_an_event_of_another_type():
    meter = tokens_meter()
    store(tokens(1, 10), tokens(2, 20))
    amend(1, {"data": None})
    amend(2, {"type": "other", "source": "elsewhere", "id": "2"})
    assert usage(meter) == 0
    assert Event.objects.get(event_id="1/amended-1").data is None
