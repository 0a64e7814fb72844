"""Subjects by OpenMeter's Python SDK."""

from datetime import UTC, datetime

import pytest
from corehttp.exceptions import ResourceNotFoundError
from openmeter.models import Subject, SubjectUpsert

from tests.clients.sdk import make_event, make_meter


def test_it_makes_changes_finds_and_deletes_subjects(client, name):
    keys = [f"{name}/1 [a+b@c]", f"{name} ü"]
    made = client.subjects.upsert([SubjectUpsert(key=key) for key in keys])
    assert [subject.key for subject in made] == keys
    period_start = datetime(2026, 1, 1, tzinfo=UTC)
    [changed] = client.subjects.upsert(
        [
            SubjectUpsert(
                key=keys[0],
                display_name="Acme",
                metadata={"team": "red", "size": 3},
                current_period_start=period_start,
                stripe_customer_id="cus_1",
            )
        ]
    )
    assert (changed.id, changed.display_name, changed.metadata) == (made[0].id, "Acme", {"team": "red", "size": 3})
    assert (changed.current_period_start, changed.stripe_customer_id) == (period_start, "cus_1")
    for id_or_key in [made[0].id, *keys[:1]]:
        found = client.subjects.get(id_or_key)
        assert isinstance(found, Subject)
        assert (found.key, found.display_name) == (keys[0], "Acme")
    listed = {subject.key for subject in client.subjects.list()}
    assert set(keys) <= listed
    client.subjects.delete(keys[0])
    with pytest.raises(ResourceNotFoundError):
        client.subjects.get(keys[0])
    assert client.subjects.get(keys[1]).id == made[1].id


def test_it_keeps_the_usage_of_a_deleted_subject(client, name):
    make_meter(client, name)
    client.subjects.upsert([SubjectUpsert(key=name)])
    client.events.ingest_event(make_event(name, 5, subject=name))
    client.subjects.delete(name)
    assert [row.value for row in client.meters.query_json(name, subject=[name]).data] == [5]
