"""Listing events by OpenMeter's Python SDK, version 1 and version 2."""

import uuid
from datetime import timedelta

from openmeter.models import CustomerCreate, CustomerUsageAttribution

from tests.clients.sdk import LAST_HOUR, make_event, make_meter


def _post(client, name, *subjects):
    events = [
        make_event(name, number, subject=subject, time=LAST_HOUR + timedelta(minutes=number))
        for number, subject in enumerate(subjects)
    ]
    client.events.ingest_events(events)
    return events


def test_it_lists_events_newest_first_with_all_that_was_sent(client, name):
    make_meter(client, name)
    first, second = _post(client, name, name, name)
    listed = client.events.list(subject=name)
    assert [item.event.id for item in listed] == [second.id, first.id]
    [one] = client.events.list(id=first.id, from_parameter=LAST_HOUR, to=LAST_HOUR + timedelta(minutes=1))
    assert (one.event.source, one.event.type, one.event.subject) == ("tests", name, name)
    assert (one.event.time, one.event.data) == (LAST_HOUR, {"tokens": 0, "model": "large"})
    assert one.ingested_at.tzinfo is not None
    assert one.stored_at >= one.ingested_at
    assert [item.event.id for item in client.events.list(subject=name, limit=1)] == [second.id]


def test_it_lists_the_events_of_a_customer_by_key_and_by_subject(client, name):
    make_meter(client, name)
    events = _post(client, name, name, f"{name}-1", f"{name}-stranger")
    customer = client.customers.create(
        CustomerCreate(name="Acme", key=name, usage_attribution=CustomerUsageAttribution(subject_keys=[f"{name}-1"]))
    )
    listed = client.events.list(customer_id=[customer.id])
    assert [item.event.id for item in listed] == [events[1].id, events[0].id]
    assert {item.customer_id for item in listed} == {customer.id}
    assert {item.validation_error for item in listed} == {None}


def test_it_says_what_is_wrong_with_an_event(client, name):
    make_meter(client, name)
    client.customers.create(CustomerCreate(name="Acme", key=name))
    sent = {
        "unmetered": make_event(f"{name}_other", 1, subject=name, time=LAST_HOUR),
        "stranger": make_event(name, 1, subject=f"{name}-stranger", time=LAST_HOUR),
        "missing": make_event(name, 1, subject=name, time=LAST_HOUR, data={"model": "large"}),
        "null": make_event(name, None, subject=name, time=LAST_HOUR),
        "text": make_event(name, "much", subject=name, time=LAST_HOUR),
    }
    client.events.ingest_events(list(sent.values()))
    found = {}
    for word, event in sent.items():
        [item] = client.events.list(id=event.id)
        found[word] = item.validation_error
    assert found["unmetered"].startswith("no meter found for event type")
    assert found["stranger"].startswith("no customer found for event subject")
    assert 'missing value property: "$.tokens"' in found["missing"]
    assert "null" in found["null"]
    assert "cannot be parsed as float64" in found["text"]


def test_it_walks_events_by_cursor_and_meets_each_once(client, name):
    events = _post(client, name, *[name] * 7)
    walked = [item.event.id for item in client.events_v2.list(limit=3, filter={"type": {"$eq": name}})]
    assert walked == [event.id for event in reversed(events)]


def test_it_walks_events_of_one_instant_and_meets_each_once(client, name):
    events = [make_event(name, number, time=LAST_HOUR) for number in range(5)]
    client.events.ingest_events(events)
    walked = [item.event.id for item in client.events_v2.list(limit=2, filter={"type": {"$eq": name}})]
    assert sorted(walked) == sorted(event.id for event in events)


def test_it_filters_events_by_every_field(client, name):
    events = _post(client, name, f"{name}-a", f"{name}-b", f"{name}-c")
    customer = client.customers.create(CustomerCreate(name="Acme", key=f"{name}-c"))

    # Plain mappings, as the SDK cannot write its own filter classes as JSON.
    def ids(**fields):
        return {item.event.id for item in client.events_v2.list(filter={"type": {"$eq": name}, **fields})}

    first, second, third = (event.id for event in events)
    later = (LAST_HOUR + timedelta(minutes=1)).isoformat()
    assert ids(id={"$in": [first, third, uuid.uuid4().hex]}) == {first, third}
    assert ids(source={"$ne": "tests"}) == set()
    assert ids(subject={"$like": "%-b"}) == {second}
    assert ids(subject={"$or": [{"$eq": f"{name}-a"}, {"$gte": f"{name}-c"}]}) == {first, third}
    assert ids(customerId={"$in": [customer.id]}) == {third}
    assert ids(time={"$gte": later}) == {second, third}
    assert ids(ingestedAt={"$lt": LAST_HOUR.isoformat()}) == set()
