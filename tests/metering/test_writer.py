"""The writer thread: many requests in one transaction, each answered for itself."""

import asyncio
import json
import os
import threading
from datetime import UTC, datetime

import pytest
from django.db import connection

from metering.ingest import group_commit
from metering.ingest.decode import decode_events
from metering.ingest.group_commit import GroupCommitWriter, WriterUnavailable
from metering.ingest.patience import Patience
from metering.ingest.writer import EventsNotStorable
from metering.models import Batch, Event
from tests.event_loop import in_loop, start
from tests.metering.doors import event

AT = datetime(2026, 1, 5, tzinfo=UTC)
_WAITING = """
    SELECT count(*) FROM pg_locks
    WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
pytestmark = pytest.mark.django_db(transaction=True)


def decoded(*events):
    return decode_events(json.dumps(list(events)).encode(), "application/json", at=AT, api_key_id=None)


def unstorable(event_id):
    """An event that validation would have refused, so that only the database can."""
    [found] = decoded(event(event_id))
    found.subject = "a\0b"
    return [found]


@pytest.fixture
def writer():
    return GroupCommitWriter()


def write(writer, events):
    in_loop(writer.write(events, at=AT, size=100))


class Crowd:
    """Requests that wait for the writer at the same time, and what each was answered."""

    def __init__(self, writer):
        self._writer = writer
        self._asked = {}

    def add(self, name, events):
        self._asked[name] = start(self._writer.write(events, at=AT, size=100))

    def wait(self):
        return {name: asked.exception(30) or "stored" for name, asked in self._asked.items()}


@pytest.fixture
def held(writer, outsider):
    """Holds the writer up in its first transaction, so that what is asked next queues; release() lets it go on."""
    outsider.execute("BEGIN")
    outsider.execute("LOCK TABLE metering_event IN EXCLUSIVE MODE")
    crowd = Crowd(writer)
    crowd.add("first", decoded(event("first")))
    _until(lambda: _waiting(outsider) == 1)
    crowd.release = lambda: outsider.execute("COMMIT")
    return crowd


def _waiting(outsider):
    return outsider.execute(_WAITING).fetchone()[0]


def _until(condition):
    pause = threading.Event()
    for _ in range(1000):
        if condition():
            return
        pause.wait(0.005)
    raise AssertionError("It did not come to that.")


def _queued(writer, count):
    return lambda: sum(thread._queue.qsize() for thread in writer._threads) == count


def test_it_writes_what_waits_in_one_batch(writer, held):
    for number in range(20):
        held.add(number, decoded(event(str(number))))
    _until(_queued(writer, 20))
    held.release()
    assert set(held.wait().values()) == {"stored"}
    assert list(Batch.objects.order_by("pk").values_list("accepted", flat=True)) == [1, 20]


def test_a_batch_holds_at_most_ten_thousand_events(writer, held, monkeypatch):
    monkeypatch.setattr(group_commit, "LARGE_REQUEST_EVENTS", 10_000)
    for number in range(3):
        held.add(number, decoded(*(event(f"{number}-{place}") for place in range(4_000))))
    _until(_queued(writer, 3))
    held.release()
    assert set(held.wait().values()) == {"stored"}
    assert list(Batch.objects.order_by("pk").values_list("accepted", flat=True)) == [1, 8_000, 4_000]


def test_a_single_event_does_not_wait_for_a_large_request(writer, outsider):
    many = decoded(*(event(f"many-{number}") for number in range(500)))
    outsider.execute("BEGIN")
    # Another's uncommitted copy of one of the many.
    outsider.execute(
        "INSERT INTO metering_event (key, source, event_id, type, subject, time, time_was_sent, batch_id)"
        " VALUES (%s, '', '', '', '', now(), true, 0)",
        [many[0].key],
    )
    crowd = Crowd(writer)
    crowd.add("many", many)
    crowd.add("as many", decoded(*(event(f"as-many-{number}") for number in range(500))))
    write(writer, decoded(event("single")))
    # 500 of the second, and the single one; a process has two threads for large requests.
    _until(lambda: outsider.execute("SELECT count(*) FROM metering_event WHERE source <> ''").fetchone()[0] == 501)
    outsider.execute("ROLLBACK")
    assert crowd.wait() == {"many": "stored", "as many": "stored"}
    assert Event.objects.count() == 1_001


def test_only_the_guilty_request_of_a_group_is_refused(writer, held):
    held.add("good", decoded(event("1")))
    held.add("bad", unstorable("2"))
    held.add("also good", decoded(event("3"), event("4")))
    _until(_queued(writer, 3))
    held.release()
    answers = held.wait()
    assert isinstance(answers.pop("bad"), EventsNotStorable)
    assert set(answers.values()) == {"stored"}
    assert sorted(Event.objects.values_list("event_id", flat=True)) == ["1", "3", "4", "first"]


def test_two_requests_with_the_same_event_are_both_answered_and_one_counts(writer, held):
    held.add("one", decoded(event("1")))
    held.add("other", decoded(event("1")))
    _until(_queued(writer, 2))
    held.release()
    assert set(held.wait().values()) == {"stored"}
    assert (Batch.objects.latest("pk").accepted, Batch.objects.latest("pk").duplicate) == (1, 1)


def test_it_connects_anew_after_its_connection_was_ended(writer, outsider):
    write(writer, decoded(event("1")))
    ended = outsider.execute(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE application_name = 'ingest' AND datname = current_database()"
    )
    assert ended.fetchone()[0] == 1
    write(writer, decoded(event("2")))
    assert Event.objects.count() == 2


def test_it_refuses_while_the_database_is_away_and_goes_on_when_it_is_back(writer, monkeypatch):
    with monkeypatch.context() as away:
        away.setitem(connection.settings_dict, "NAME", "no_such_database")
        with pytest.raises(WriterUnavailable) as refused:
            write(writer, decoded(event("1")))
    assert refused.value.status == 503
    write(writer, decoded(event("1")))
    assert Event.objects.count() == 1


def test_it_refuses_more_than_it_can_hold(writer, held, monkeypatch):
    monkeypatch.setattr(group_commit, "_MAX_QUEUED_BYTES", 250)
    held.add("fits", decoded(event("1")))
    _until(_queued(writer, 1))
    with pytest.raises(WriterUnavailable, match="More events are waiting"):
        write(writer, decoded(event("2")))
    held.release()
    assert held.wait() == {"first": "stored", "fits": "stored"}
    # What was written no longer counts.
    write(writer, decoded(event("2")))


def test_it_refuses_more_requests_than_it_can_hold(writer, held, monkeypatch):
    monkeypatch.setattr(group_commit, "_MAX_QUEUED_REQUESTS", 3)
    held.add("second", decoded(event("1")))
    held.add("third", decoded(event("2")))
    _until(_queued(writer, 2))
    with pytest.raises(WriterUnavailable, match="More events are waiting"):
        write(writer, decoded(event("3")))
    held.release()
    assert held.wait() == {"first": "stored", "second": "stored", "third": "stored"}
    write(writer, decoded(event("3")))
    assert Event.objects.count() == 4


def test_it_takes_one_request_of_any_size(writer, monkeypatch):
    monkeypatch.setattr(group_commit, "_MAX_QUEUED_BYTES", 10)
    write(writer, decoded(event("1")))
    assert Event.objects.count() == 1


def test_it_does_not_wait_for_the_database_for_ever(held, writer, monkeypatch):
    monkeypatch.setattr(writer, "_patience", Patience(0.02, group_commit._give_up))
    with pytest.raises(WriterUnavailable, match="takes too long"):
        write(writer, decoded(event("late")))
    held.release()
    assert held.wait() == {"first": "stored"}
    # It was told to come back, and its events are taken once, whether they were written meanwhile or not.
    monkeypatch.undo()
    write(writer, decoded(event("late")))
    assert Event.objects.count() == 2


def test_it_answers_those_who_wait_when_writing_fails_unexpectedly(writer, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(group_commit, "write_encoded", lambda *args, **kwargs: 1 / 0)
        with pytest.raises(RuntimeError):
            write(writer, decoded(event("1")))
    write(writer, decoded(event("1")))
    assert Event.objects.count() == 1


def test_writers_with_overlapping_events_do_not_deadlock():
    events = decoded(*(event(str(number)) for number in range(300)))
    crowds = [Crowd(GroupCommitWriter()) for _ in range(4)]
    for turn in range(5):
        for place, crowd in enumerate(crowds):
            # Each sends the same events, in an order of its own.
            crowd.add(turn, events[place * 70 :] + events[: place * 70])
    for crowd in crowds:
        assert set(crowd.wait().values()) == {"stored"}
    assert Event.objects.count() == 300
    # 4 writers x 5 turns x 300 events, of which 300 are new
    batches = Batch.objects.all()
    assert (sum(b.accepted for b in batches), sum(b.duplicate for b in batches)) == (300, 5_700)


def test_it_works_in_a_process_that_was_forked_after_its_start(writer):
    write(writer, decoded(event("parent")))
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(writer.write(decoded(event("child")), at=AT, size=100))
        except BaseException:
            os._exit(1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    write(writer, decoded(event("parent again")))
    assert Event.objects.count() == 3


def test_it_wakes_whoever_rolls_up(writer, outsider):
    outsider.execute("LISTEN metering_batch")
    write(writer, decoded(event("1")))
    assert [notice.channel for notice in outsider.notifies(timeout=10, stop_after=1)] == ["metering_batch"]
