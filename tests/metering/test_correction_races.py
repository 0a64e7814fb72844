"""Corrections beside each other, writers, roll-ups and new meters: an event is voided once, nobody deadlocks."""

import threading

import pytest
from django.db import connection, transaction

from metering.models import Bucket, Correction, EventVoid
from metering.queries.event_filter import EventFilter
from metering.services import corrections
from metering.services.amendments import EventIsVoid, amend_event
from metering.services.corrections import NothingToVoid, continue_correction, undo_correction, void_events
from metering.services.customers import create_customer
from metering.services.meters import create_meter
from metering.services.rollups import advance_rollups
from metering.services.subject_moves import move_subject
from tests.metering.corrected import AT, NOON, roll_up, store, tokens, tokens_meter, usage, void
from tests.metering.locks import wait_until_waiting

pytestmark = pytest.mark.django_db(transaction=True)


def together(*targets):
    """Run functions in threads of their own, let go at once; return what each raised, None where nothing."""
    barrier, raised = threading.Barrier(len(targets)), [None] * len(targets)

    def work(place, target):
        try:
            barrier.wait()
            target()
        except Exception as error:
            raised[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=pair) for pair in enumerate(targets)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_two_who_void_the_same_event_void_it_once():
    meter = tokens_meter()
    store(tokens(1, 10), tokens(2, 20))
    raised = together(lambda: void(1), lambda: void(1))
    assert [type(error) for error in raised if error] == [NothingToVoid]
    assert (EventVoid.objects.count(), Correction.objects.count(), usage(meter)) == (1, 1, 20)


def test_of_an_amendment_and_a_void_the_second_finds_the_event_void():
    meter = tokens_meter()
    store(tokens(1, 10))

    def amend():
        amend_event(source="tests", event_id="1", replacement={"data": {"tokens": 4}}, reason="Wrong", at=AT)

    raised = together(amend, lambda: void(1))
    assert [type(error) for error in raised if error] in ([EventIsVoid], [NothingToVoid])
    assert (EventVoid.objects.count(), Correction.objects.count()) == (1, 1)
    assert usage(meter) in (0, 4)


def test_two_workers_on_one_correction_take_turns(monkeypatch):
    monkeypatch.setattr(corrections, "MOST_EVENTS", 5)
    meter = tokens_meter()
    store(*(tokens(n, n) for n in range(30)))
    correction = void_events(events=EventFilter(type="tokens"), reason="Test data", at=AT)

    def work():
        while not continue_correction(correction_id=correction.pk, at=AT).is_finished:
            pass

    assert together(work, work, work) == [None] * 3
    correction.refresh_from_db()
    assert (correction.status, correction.done, correction.voided) == ("done", 30, 30)
    assert (EventVoid.objects.count(), usage(meter)) == (30, 0)


def test_a_killed_step_is_rolled_back_by_the_database():
    meter = tokens_meter()
    store(tokens(1, 10))
    roll_up()
    with pytest.raises(RuntimeError), transaction.atomic():
        void(1)
        raise RuntimeError
    assert (usage(meter), Correction.objects.count(), Bucket.objects.filter(is_stale=True).count()) == (10, 0, 0)


def test_a_void_waits_for_a_roll_up_and_then_counts():
    meter = tokens_meter()
    store(tokens(1, 10), tokens(2, 20))
    with transaction.atomic():
        advance_rollups()
        voiding = threading.Thread(target=lambda: (void(1), connection.close()))
        voiding.start()
        wait_until_waiting()
    voiding.join()
    assert usage(meter) == 20
    roll_up()
    assert usage(meter) == 20


def _write():
    for n in range(20):
        store(tokens(f"new-{n}", 100), tokens(f"old-{n}", 1))


def _correct():
    for n in range(0, 40, 4):
        undo_correction(correction_id=void(f"old-{n}", f"old-{n + 1}").pk, reason="Right", at=AT)
        void(f"old-{n}")


def _measure():
    for n in range(5):
        create_meter(slug=f"other_{n}", event_type="tokens", aggregation="COUNT", at=AT)


def _hand_over():
    owners = [create_customer(name=key, key=key, at=AT).pk for key in ("globex", "initech")]
    for n in range(10):
        move_subject(subject_key="device", customer_id=owners[n % 2], from_at=NOON, reason="Sold", at=AT)


def _carry():
    for _ in range(30):
        advance_rollups()


def test_all_at_once_neither_deadlock_nor_count_wrongly():
    meter = tokens_meter()
    store(*(tokens(f"old-{n}", 1) for n in range(40)))
    roll_up()
    assert together(_write, _correct, _measure, _hand_over, _carry, _carry) == [None] * 6
    # 40 old ones less 10 void, and 20 new ones of 100
    assert usage(meter) == 2030
    roll_up()
    assert usage(meter) == 2030
