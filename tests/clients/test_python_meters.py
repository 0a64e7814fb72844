"""Meters and usage by OpenMeter's Python SDK. It raises on any status but the one that it expects."""

from datetime import UTC, datetime, timedelta

import pytest
from corehttp.exceptions import ResourceNotFoundError
from openmeter.models import (
    CustomerCreate,
    CustomerUsageAttribution,
    FilterString,
    Meter,
    MeterQueryRequest,
    MeterUpdate,
)

from tests.clients.sdk import JANUARY, LAST_HOUR, make_event, make_meter


def test_it_ingests_one_and_many_and_reads_them_at_once(client, name):
    meter = make_meter(client, name)
    assert isinstance(meter, Meter)
    assert (meter.slug, meter.value_property, dict(meter.group_by)) == (name, "$.tokens", {"model": "$.model"})
    client.events.ingest_event(make_event(name, 1))
    client.events.ingest_events([make_event(name, 2), make_event(name, 4, subject="globex")])
    client.events.ingest_events_json(make_event(name, 8))
    client.events.ingest_events_json([make_event(name, 16, hours=24), make_event(name, 32, hours=24, model="small")])
    assert [row.value for row in client.meters.query_json(name).data] == [63]  # 1 + 2 + 4 + 8 + 16 + 32

    days = client.meters.query_json(
        name, **JANUARY, window_size="DAY", window_time_zone="Europe/Paris", group_by=["model"]
    )
    assert [(row.window_start, row.group_by["model"], row.value) for row in days.data] == [
        (datetime(2026, 1, 14, 23, tzinfo=UTC), "large", 15),  # 1 + 2 + 4 + 8
        (datetime(2026, 1, 15, 23, tzinfo=UTC), "large", 16),
        (datetime(2026, 1, 15, 23, tzinfo=UTC), "small", 32),
    ]
    assert (days.from_property, days.to, days.window_size) == (*JANUARY.values(), "DAY")
    by_subject = client.meters.query_json(name, subject=["acme", "globex"])
    assert {row.subject: row.value for row in by_subject.data} == {"acme": 59, "globex": 4}  # 63 - 4


def test_it_filters_usage_in_each_way_that_the_sdk_sends(client, name):
    make_meter(client, name)
    client.events.ingest_events(
        [make_event(name, 1), make_event(name, 2, model="small"), make_event(name, 4, model="")]
    )
    simple = client.meters.query(name, MeterQueryRequest(filter_group_by={"model": ["small", "large"]}))
    assert [row.value for row in simple.data] == [3]  # 1 + 2
    advanced = MeterQueryRequest(advanced_meter_group_by_filters={"model": FilterString(like="%l")})
    assert [row.value for row in client.meters.query(name, advanced).data] == [2]
    in_the_query = client.meters.query_json(name, advanced_meter_group_by_filters={"model": {"$ne": "large"}})
    assert [row.value for row in in_the_query.data] == [6]  # 2 + 4
    # The SDK writes this one as a Python dict, which no server can read; OpenMeter takes it for absent.
    assert [row.value for row in client.meters.query_json(name, filter_group_by={"model": "large"}).data] == [7]


@pytest.mark.parametrize(
    ("aggregation", "value"),
    [("SUM", 12), ("COUNT", 3), ("AVG", 4), ("MIN", 2), ("MAX", 5), ("LATEST", 2), ("UNIQUE_COUNT", 2)],
)
def test_it_aggregates_in_every_way(client, name, aggregation, value):
    make_meter(client, name, aggregation)
    # 5 + 5 + 2 = 12, three events, 12 / 3 = 4; the latest is 2; 5 and 2 are two values.
    client.events.ingest_events([make_event(name, tokens, hours=hour) for hour, tokens in enumerate([5, "5", 2])])
    assert [row.value for row in client.meters.query_json(name).data] == [value]


def test_it_reads_usage_as_csv(client, name):
    make_meter(client, name)
    client.events.ingest_events([make_event(name, 1000), make_event(name, 24, hours=1)])
    text = client.meters.query_csv(name, **JANUARY, group_by=["model"], subject=["acme"])
    assert text.splitlines() == [
        "window_start,window_end,subject,model,value",
        "2026-01-01T00:00:00Z,2026-02-01T00:00:00Z,acme,large,1024.000000",
    ]


def test_it_sends_an_event_twice_and_counts_it_once(client, name):
    make_meter(client, name)
    event = make_event(name, 5)
    client.events.ingest_event(event)
    client.events.ingest_event(event)
    assert [row.value for row in client.meters.query_json(name).data] == [5]


def test_it_counts_usage_from_before_the_customer_existed(client, name):
    make_meter(client, name)
    client.events.ingest_events([make_event(name, 1, subject=name), make_event(name, 2, subject=f"{name}-1")])
    customer = client.customers.create(
        CustomerCreate(name="Acme", key=name, usage_attribution=CustomerUsageAttribution(subject_keys=[f"{name}-1"]))
    )
    rows = client.meters.query_json(name, filter_customer_id=[customer.id]).data
    assert [(row.customer_id, row.value) for row in rows] == [(customer.id, 3)]  # 1 + 2


def test_it_lists_the_subjects_and_the_group_values_of_a_meter(client, name):
    make_meter(client, name)
    client.events.ingest_events(
        [
            make_event(name, 1, subject="b", model="old"),
            make_event(name, 2, subject="a", time=LAST_HOUR),
            make_event(name, 4, subject="c", time=LAST_HOUR, model="new"),
        ]
    )
    assert sorted(client.meters.list_subjects(name)) == ["a", "b", "c"]
    assert sorted(client.meters.list_subjects(name, from_parameter=LAST_HOUR)) == ["a", "c"]
    assert sorted(client.meters.list_group_by_values(name, "model")) == ["large", "new"]
    before = {"from_parameter": LAST_HOUR - timedelta(days=1), "to": LAST_HOUR}
    assert client.meters.list_group_by_values(name, "model", **before) == []


def test_it_lists_changes_and_deletes_meters(client, name):
    made = make_meter(client, name)
    assert made.id in {meter.id for meter in client.meters.list()}
    changed = client.meters.update(name, MeterUpdate(name="All tokens", group_by={"model": "$.model"}))
    assert (changed.id, changed.name) == (made.id, "All tokens")
    assert client.meters.get(made.id).name == "All tokens"
    client.meters.delete(made.id)
    with pytest.raises(ResourceNotFoundError, match=f"There is no meter {name}"):
        client.meters.query_json(name)
