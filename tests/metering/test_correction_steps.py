"""Long corrections go on batch by batch, whatever happens in between."""

from datetime import timedelta

import pytest
from django_q.models import OrmQ

from metering import tasks
from metering.history import changes_of
from metering.models import CORRECTION_MOVES, Correction, CorrectionStatus, EventVoid, InvalidCorrectionMove
from metering.queries.event_filter import EventFilter
from metering.services import corrections, voids
from metering.services.corrections import (
    continue_correction,
    run_correction,
    run_stalled_corrections,
    undo_correction,
    void_events,
)
from tests.metering.corrected import AT, roll_up, store, tokens, tokens_meter, usage

pytestmark = pytest.mark.django_db
ALL = EventFilter(type="tokens")


@pytest.fixture(autouse=True)
def batches_of_three(monkeypatch):
    monkeypatch.setattr(corrections, "MOST_EVENTS", 3)


def store_eight():
    """Store events of 1 to 8 tokens, two of them at one instant; 36 in all."""
    minutes = [0, 1, 2, 2, 40, 41, 55, 70]
    times = [f"2026-01-05T{12 + minute // 60}:{minute % 60:02}:00Z" for minute in minutes]
    return store(*(tokens(n, n, time=time) for n, time in enumerate(times, start=1)))


def void_all():
    return void_events(events=ALL, reason="Test data", at=AT)


def test_it_goes_on_by_time_and_key_until_all_are_void():
    meter = tokens_meter()
    bound = store_eight()
    roll_up()
    correction = void_all()
    assert (correction.status, correction.matched, correction.done, correction.progress) == ("running", 8, 3, 3 / 8)
    assert OrmQ.objects.get().func() == "metering.tasks.run_correction"
    # Two more events are void after each batch, in the order of time: 1 + 2 + 3 or 4 first.
    assert usage(meter) in (36 - 6, 36 - 7)
    correction = continue_correction(correction_id=correction.pk, at=AT)
    # 7 + 8
    assert (correction.done, usage(meter)) == (6, 15)
    roll_up()
    correction = continue_correction(correction_id=correction.pk, at=AT)
    assert (correction.status, correction.done, correction.voided, usage(meter)) == ("done", 8, 8, 0)
    roll_up()
    assert [usage(meter, bound + step) for step in (0, 2, 3)] == [36, 15, 0]
    again = continue_correction(correction_id=correction.pk, at=AT)
    assert (again.status, again.done, correction.batches.count()) == ("done", 8, 3)


def test_a_batch_that_fails_leaves_nothing_half_done_and_is_taken_up(monkeypatch):
    meter = tokens_meter()
    store_eight()
    roll_up()
    correction = void_all()
    before = (usage(meter), EventVoid.objects.count())
    with monkeypatch.context() as patch:
        patch.setattr(voids, "mark_stale", _killed)
        with pytest.raises(KeyboardInterrupt):
            continue_correction(correction_id=correction.pk, at=AT)
    assert (usage(meter), EventVoid.objects.count()) == before
    run_stalled_corrections(at=AT + timedelta(minutes=1))
    assert Correction.objects.get().status == CorrectionStatus.RUNNING
    run_stalled_corrections(at=AT + timedelta(minutes=3))
    assert (Correction.objects.get().status, usage(meter)) == (CorrectionStatus.DONE, 0)


def _killed(**kwargs):
    raise KeyboardInterrupt


def test_what_comes_meanwhile_is_not_meant():
    meter = tokens_meter()
    store_eight()
    correction = void_all()
    store(tokens(9, 100), tokens(10, 200, time="2026-01-05T14:00:00Z"))
    run_correction(correction_id=correction.pk, at=AT)
    assert usage(meter) == 300


def test_an_undo_stops_one_that_runs_and_goes_back_by_batches():
    meter = tokens_meter()
    store_eight()
    correction = void_all()
    continue_correction(correction_id=correction.pk, at=AT)
    correction = undo_correction(correction_id=correction.pk, reason="The wrong type", at=AT)
    assert (correction.status, correction.voided, correction.restored, correction.progress) == ("undoing", 6, 3, 0.5)
    with pytest.raises(InvalidCorrectionMove, match="is being undone already: wait"):
        undo_correction(correction_id=correction.pk, reason="Twice", at=AT)
    # 7 + 8, and what was void first
    assert usage(meter) > 15
    roll_up()
    tasks.run_correction(correction_id=correction.pk)
    correction.refresh_from_db()
    assert (correction.status, correction.done, correction.restored, usage(meter)) == ("undone", 6, 6, 36)
    with pytest.raises(InvalidCorrectionMove, match="is undone already: there is nothing left to do"):
        undo_correction(correction_id=correction.pk, reason="Twice", at=AT)


def test_a_job_does_some_batches_then_lets_others_go_first(monkeypatch):
    monkeypatch.setattr(corrections, "_BATCHES_A_JOB", 1)
    store_eight()
    correction = void_all()
    OrmQ.objects.all().delete()
    assert run_correction(correction_id=correction.pk, at=AT).done == 6
    assert OrmQ.objects.count() == 1
    assert run_correction(correction_id=correction.pk, at=AT).status == CorrectionStatus.DONE
    assert OrmQ.objects.count() == 1


def test_the_job_names_itself_as_the_cause():
    store_eight()
    correction = void_all()
    tasks.run_correction(correction_id=correction.pk)
    assert changes_of(correction)[0].actor == "corrections"


def test_every_status_has_moves_and_is_reached_from_a_new_correction():
    assert set(CORRECTION_MOVES) == set(CorrectionStatus)
    reached, ahead = set(), {Correction().status}
    while ahead:
        reached |= ahead
        ahead = {to for status in ahead for to in CORRECTION_MOVES[status]} - reached
    assert reached == set(CorrectionStatus)


@pytest.mark.parametrize("status", CorrectionStatus)
def test_it_takes_the_steps_of_the_table_and_no_other(status):
    for to in CorrectionStatus:
        correction = Correction(status=status)
        if to in CORRECTION_MOVES[status]:
            correction.move(to)
        else:
            with pytest.raises(InvalidCorrectionMove, match="cannot become"):
                correction.move(to)
        assert correction.status == (to if to in CORRECTION_MOVES[status] else status)
