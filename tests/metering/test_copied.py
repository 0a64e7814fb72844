"""Many events at once are copied in; what is stored and counted is what few at a time would have been."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metering.ingest.copy_lines import copy_line
from metering.ingest.decode import decode_events
from metering.ingest.writer import _COPY, LARGE_REQUEST_EVENTS, EventsNotStorable, store_events, write_events
from metering.models import Batch, Event
from tests.metering.doors import event

AT = datetime(2026, 1, 5, tzinfo=UTC)
KATHMANDU = timezone(timedelta(hours=5, minutes=45))
SIZE = LARGE_REQUEST_EVENTS
pytestmark = pytest.mark.django_db

text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
value = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
)
sent = st.fixed_dictionaries(
    {"id": text, "source": text, "type": text, "subject": text},
    optional={
        "data": st.none() | st.dictionaries(text, value, max_size=3),
        "time": st.datetimes(
            AT.replace(tzinfo=None, year=2), AT.replace(tzinfo=None, year=9998), timezones=st.just(KATHMANDU)
        ).map(datetime.isoformat),
    },
)


def decoded(events, *, indent=None, api_key_id=None):
    body = json.dumps(events, indent=indent).encode()
    return decode_events(body, "application/json", at=AT, api_key_id=api_key_id)


def counts(result):
    return result.accepted, result.duplicate, result.conflict


def stored():
    """What is stored, but for the batch."""
    return list(
        Event.objects.order_by("pk").values_list(
            "pk", "source", "event_id", "type", "subject", "time", "time_was_sent", "data", "api_key_id"
        )
    )


distinct = st.lists(sent, min_size=1, max_size=5, unique_by=lambda one: (one["source"], one["id"]))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(distinct, st.sampled_from([None, 2]))
def test_a_copied_event_is_stored_as_an_inserted_one(events, indent):
    new = decoded(events, indent=indent, api_key_id=7)
    with transaction.atomic():
        with connection.cursor() as cursor:
            write_events(cursor, new, at=AT)
        inserted = stored()
        transaction.set_rollback(True)
    with transaction.atomic():
        _copy(new)
        assert stored() == inserted
        transaction.set_rollback(True)


def _copy(events):
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.write("".join(copy_line(one, 1) for one in events))


def test_many_new_events_are_one_batch():
    result = store_events(decoded([event(str(number)) for number in range(SIZE)]), at=AT)
    assert counts(result) == (SIZE, 0, 0)
    batch = Batch.objects.get()
    assert (batch.pk, batch.kind, batch.received_at, batch.is_rolled_up) == (result.batch_id, "events", AT, False)
    assert counts(batch) == (SIZE, 0, 0)
    assert Event.objects.filter(batch=batch).count() == SIZE


@pytest.mark.parametrize("known", [0, 1, SIZE // 2, SIZE - 1])
def test_one_that_was_sent_before_does_not_count_again_wherever_it_stands(known):
    store_events(decoded([event(str(known))]), at=AT)
    result = store_events(decoded([event(str(number)) for number in range(SIZE)]), at=AT)
    assert counts(result) == (SIZE - 1, 1, 0)
    assert Event.objects.count() == SIZE


def test_one_that_comes_twice_among_many_counts_once_and_the_first_stays():
    many = [event(str(number)) for number in range(SIZE)]
    result = store_events(decoded([*many, event("3", subject="other"), event("4")]), at=AT)
    assert counts(result) == (SIZE, 1, 1)
    assert Event.objects.get(event_id="3").subject == "acme"


def test_many_that_were_all_sent_before_change_nothing():
    many = decoded([event(str(number)) for number in range(SIZE)])
    assert counts(store_events(many, at=AT)) == (SIZE, 0, 0)
    assert counts(store_events(many, at=AT)) == (0, SIZE, 0)
    assert Event.objects.count() == SIZE


def test_a_value_that_the_database_refuses_stores_none_of_many():
    many = decoded([event(str(number)) for number in range(SIZE)])
    many[7].subject = "a\0b"
    with pytest.raises(EventsNotStorable):
        store_events(many, at=AT)
    assert (Event.objects.count(), Batch.objects.count()) == (0, 0)
