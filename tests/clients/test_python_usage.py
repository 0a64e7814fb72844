"""OpenMeter's published Python SDK against the real server. It raises on any status but the one that it expects."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from corehttp.exceptions import ClientAuthenticationError, ResourceExistsError, ResourceNotFoundError
from openmeter import Client
from openmeter.models import (
    Customer,
    CustomerCreate,
    CustomerReplaceUpdate,
    CustomerUsageAttribution,
    Event,
    Meter,
    MeterCreate,
    MeterQueryRequest,
    MeterUpdate,
)

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


@pytest.fixture
def client(live_billing):
    with Client(endpoint=live_billing.url, token=live_billing.api_key, retry_total=0) as client:
        yield client


@pytest.fixture
def name():
    """A name that no other test uses, as the server is shared."""
    return f"sdk_{uuid.uuid4().hex[:12]}"


def _meter(client, name):
    return client.meters.create(
        MeterCreate(
            slug=name,
            event_type=name,
            aggregation="SUM",
            value_property="$.tokens",
            group_by={"model": "$.model"},
            name="Tokens",
        )
    )


def _event(name, tokens, *, subject="acme", hours=0, model="large"):
    return Event(
        id=uuid.uuid4().hex,
        source="tests",
        specversion="1.0",
        type=name,
        subject=subject,
        time=NOON + timedelta(hours=hours),
        data={"tokens": tokens, "model": model},
    )


def test_it_ingests_one_and_many_and_reads_them_at_once(client, name):
    meter = _meter(client, name)
    assert isinstance(meter, Meter)
    assert (meter.slug, meter.value_property, dict(meter.group_by)) == (name, "$.tokens", {"model": "$.model"})
    client.events.ingest_event(_event(name, 1))
    client.events.ingest_events([_event(name, 2), _event(name, 4, subject="globex")])
    client.events.ingest_events_json(_event(name, 8))
    client.events.ingest_events_json([_event(name, 16, hours=24), _event(name, 32, hours=24, model="small")])
    assert [row.value for row in client.meters.query_json(name).data] == [63]  # 1 + 2 + 4 + 8 + 16 + 32

    days = client.meters.query_json(
        name,
        from_parameter=datetime(2026, 1, 1, tzinfo=UTC),
        to=datetime(2026, 2, 1, tzinfo=UTC),
        window_size="DAY",
        window_time_zone="Europe/Paris",
        group_by=["model"],
    )
    assert [(row.window_start, row.group_by["model"], row.value) for row in days.data] == [
        (datetime(2026, 1, 14, 23, tzinfo=UTC), "large", 15),  # 1 + 2 + 4 + 8
        (datetime(2026, 1, 15, 23, tzinfo=UTC), "large", 16),
        (datetime(2026, 1, 15, 23, tzinfo=UTC), "small", 32),
    ]
    assert (days.from_property, days.to, days.window_size) == (
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 2, 1, tzinfo=UTC),
        "DAY",
    )
    by_subject = client.meters.query_json(name, subject=["acme", "globex"])
    assert {row.subject: row.value for row in by_subject.data} == {"acme": 59, "globex": 4}  # 63 - 4
    filtered = client.meters.query(name, MeterQueryRequest(filter_group_by={"model": ["small"]}))
    assert [row.value for row in filtered.data] == [32]
    assert client.meters.query_csv(name, group_by=["model"]).splitlines()[0] == "window_start,window_end,model,value"


def test_it_sends_an_event_twice_and_counts_it_once(client, name):
    _meter(client, name)
    event = _event(name, 5)
    client.events.ingest_event(event)
    client.events.ingest_event(event)
    assert [row.value for row in client.meters.query_json(name).data] == [5]


def test_it_makes_finds_changes_and_deletes_a_customer(client, name):
    made = client.customers.create(
        CustomerCreate(
            name="Acme",
            key=f"{name} @+ ü",
            usage_attribution=CustomerUsageAttribution(subject_keys=[f"{name}/1", f"{name}/2"]),
            primary_email="ap@acme.example",
            currency="EUR",
        )
    )
    assert isinstance(made, Customer)
    assert made.usage_attribution.subject_keys == [f"{name}/1", f"{name}/2"]
    assert made.created_at.tzinfo is not None
    for id_or_key in [made.id, made.key]:
        assert client.customers.get(id_or_key).id == made.id
    page = client.customers.list(key=name)
    assert ([item.id for item in page.items_property], page.total_count) == ([made.id], 1)
    changed = client.customers.update(made.id, CustomerReplaceUpdate(name="Acme Ltd", key=name))
    assert (changed.name, changed.key, changed.primary_email) == ("Acme Ltd", name, None)
    client.customers.delete(name)
    with pytest.raises(ResourceNotFoundError):
        client.customers.get(name)


def test_it_counts_usage_from_before_the_customer_existed(client, name):
    _meter(client, name)
    client.events.ingest_events([_event(name, 1, subject=name), _event(name, 2, subject=f"{name}-1")])
    customer = client.customers.create(
        CustomerCreate(name="Acme", key=name, usage_attribution=CustomerUsageAttribution(subject_keys=[f"{name}-1"]))
    )
    rows = client.meters.query_json(name, filter_customer_id=[customer.id]).data
    assert [(row.customer_id, row.value) for row in rows] == [(customer.id, 3)]  # 1 + 2


def test_it_lists_changes_and_deletes_meters(client, name):
    made = _meter(client, name)
    assert made.id in {meter.id for meter in client.meters.list()}
    changed = client.meters.update(name, MeterUpdate(name="All tokens", group_by={"model": "$.model"}))
    assert (changed.id, changed.name) == (made.id, "All tokens")
    client.meters.delete(made.id)
    with pytest.raises(ResourceNotFoundError, match=f"There is no meter {name}"):
        client.meters.query_json(name)


def test_it_meets_the_errors_it_knows(client, live_billing, name):
    _meter(client, name)
    with pytest.raises(ResourceExistsError):
        _meter(client, name)
    with (
        Client(endpoint=live_billing.url, token="bil_wrong", retry_total=0) as stranger,
        pytest.raises(ClientAuthenticationError) as refused,
    ):
        stranger.meters.list()
    assert refused.value.model.status == 401
    assert "API key" in refused.value.model.detail
