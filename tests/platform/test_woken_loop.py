"""The loop beside the queue: woken by a notification, undeterred by errors and by a lost database."""

import queue
import threading
from contextlib import contextmanager

import pytest
from django.db import connection

from billing_site import woken_loop

pytestmark = pytest.mark.django_db(transaction=True)
CHANNEL = "test_woken_loop"


@contextmanager
def running(step):
    """Run the loop in a thread; yields a queue that gets an item for each call of `step`."""
    calls, stop = queue.SimpleQueue(), threading.Event()

    def counted():
        calls.put(None)
        return step()

    def run():
        woken_loop.run_woken_loop(channel=CHANNEL, step=counted, stopping=stop.is_set)
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield calls
    finally:
        stop.set()
        notify()
        thread.join(30)
        assert not thread.is_alive()


def notify():
    with connection.cursor() as cursor:
        cursor.execute(f"NOTIFY {CHANNEL}")


def test_it_goes_on_until_nothing_is_left_and_is_woken_by_a_notification(monkeypatch):
    monkeypatch.setattr(woken_loop, "_LONGEST_WAIT_SECONDS", 60.0)
    left = [2, 1, 0, 0]
    with running(lambda: left.pop(0)) as calls:
        for _ in range(3):
            calls.get(timeout=30)
        assert left == [0]
        notify()
        calls.get(timeout=30)


def test_it_looks_by_itself_when_no_notification_comes():
    with running(lambda: 0) as calls:
        for _ in range(3):
            calls.get(timeout=30)


def test_it_logs_an_error_and_tries_again(caplog):
    outcomes = [RuntimeError("a bucket is missing"), 0]

    def step():
        outcome = outcomes.pop(0) if outcomes else 0
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    with running(step) as calls:
        for _ in range(2):
            calls.get(timeout=30)
    assert "a bucket is missing" in caplog.text


def test_it_survives_the_loss_of_its_connections(caplog):
    def step():
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return 0

    with running(step) as calls:
        calls.get(timeout=30)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        while not calls.empty():
            calls.get()
        calls.get(timeout=30)
        calls.get(timeout=30)
    assert "failed; trying again" in caplog.text
