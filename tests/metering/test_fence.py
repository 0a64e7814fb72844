"""The fence: a bound below which nothing is in flight, found without blocking anybody."""

import json
import threading
from datetime import UTC, datetime

import psycopg
import pytest
from django.db import connection, transaction

from metering.ingest.decode import decode_events
from metering.ingest.fence import current_bound, start_batch
from metering.ingest.writer import store_events, write_events
from metering.models import Batch, BatchKind
from tests.metering.doors import event

AT = datetime(2026, 1, 5, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)


def decoded(*ids):
    return decode_events(json.dumps([event(i) for i in ids]).encode(), "application/json", at=AT, api_key_id=None)


@pytest.fixture
def other():
    """A connection of its own, in an open transaction."""
    params = connection.get_connection_params()
    with psycopg.connect(**{**params, "cursor_factory": psycopg.Cursor, "context": None}) as other:
        yield other


@pytest.fixture
def fence():
    """Ask for the bound in another thread: a function that starts it, and the list its answer comes into."""
    found, threads = [], []

    def ask():
        found.append(current_bound())
        connection.close()

    def start():
        threads.append(threading.Thread(target=ask))
        threads[-1].start()
        return threads[-1], found

    yield start
    for thread in threads:
        thread.join(10)


def test_it_is_0_before_the_first_batch():
    with connection.cursor() as cursor:
        cursor.execute("ALTER SEQUENCE metering_batch_id_seq RESTART")
    assert current_bound() == 0


def test_it_is_the_last_batch_where_nobody_writes():
    store_events(decoded("1"), at=AT)
    last = store_events(decoded("2"), at=AT)
    assert current_bound() == last.batch_id


def test_an_open_writer_holds_it_back_and_later_ones_do_not(other, fence):
    open_batch = write_events(other.cursor(), decoded("1"), at=AT).batch_id
    thread, found = fence()
    thread.join(0.2)
    assert found == []
    # Whoever writes now is neither waited for nor kept waiting.
    later = store_events(decoded("2"), at=AT).batch_id
    with psycopg.connect(other.info.dsn) as third:
        write_events(third.cursor(), decoded("3"), at=AT)
        other.commit()
        thread.join(10)
        assert found[0] >= open_batch
        assert not third.closed
    assert later > open_batch
    assert Batch.objects.filter(pk=open_batch).exists()


def test_a_writer_that_gave_up_holds_nothing_back(other):
    given_up = write_events(other.cursor(), decoded("1"), at=AT).batch_id
    other.rollback()
    # The id is spent, and no batch has it.
    assert current_bound() == given_up
    assert not Batch.objects.exists()


def test_a_change_of_links_is_waited_for_as_well(fence):
    with transaction.atomic():
        batch = start_batch(kind=BatchKind.LINK, at=AT)
        thread, found = fence()
        thread.join(0.2)
        assert found == []
    thread.join(10)
    assert found == [batch.pk]


def test_it_does_not_wait_for_itself():
    with transaction.atomic():
        batch = start_batch(kind=BatchKind.LINK, at=AT)
        assert current_bound() == batch.pk
