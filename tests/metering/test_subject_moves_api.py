"""Moves of subjects over the API."""

from datetime import UTC, datetime

import pytest

from metering.models import Batch, Subject, SubjectLink
from metering.services.customers import create_customer, link_subject
from tests.metering.corrected import AT, store, tokens

pytestmark = pytest.mark.django_db


def _refused(response, status, says):
    assert response["Content-Type"] == "application/problem+json"
    assert response.status_code == status
    assert says in response.json()["detail"]


def test_it_moves_a_subject_and_takes_it_away(api):
    acme, globex = (create_customer(name=key.title(), key=key, at=AT) for key in ("acme", "globex"))
    link_subject(customer_id=acme.pk, subject_key="device/1", at=AT)
    url = "/api/v1/subjects/device%2F1/move"
    body = {"customerId": "globex", "from": "2026-01-10T00:00:00Z", "reason": "Sold"}
    moved = api.post(url, body, format="json")
    assert moved.status_code == 200
    of_acme = {"customerId": acme.ulid, "customerKey": "acme"}
    of_globex = {"customerId": globex.ulid, "customerKey": "globex"}
    assert moved.json() == {
        "subject": "device/1",
        "reason": "Sold",
        "ended": [{**of_acme, "from": None, "to": None}],
        "made": [
            {**of_acme, "from": None, "to": "2026-01-10T00:00:00Z"},
            {**of_globex, "from": "2026-01-10T00:00:00Z", "to": None},
        ],
    }
    _refused(api.post(url, body, format="json"), 409, "belongs to Globex (globex) from then on already")
    api.post(url, {**body, "customerId": None, "from": "2026-01-20T00:00:00Z"}, format="json")
    last = SubjectLink.objects.known_at(None).get(customer=globex, subject__key="device/1")
    assert last.to_at == datetime(2026, 1, 20, tzinfo=UTC)
    assert Batch.objects.get(pk=last.made_batch_id).reason == "Sold"


def test_it_moves_no_subject_that_is_neither_on_record_nor_in_events(api):
    create_customer(name="Globex", key="globex", at=AT)
    body = {"customerId": "globex", "from": "2026-01-10T00:00:00Z", "reason": "Sold"}
    for sent in (body, {**body, "customerId": None}):
        _refused(api.post("/api/v1/subjects/devise/move", sent, format="json"), 404, "There is no subject devise")
    # The record and the link of the customer's own key
    assert (Subject.objects.count(), SubjectLink.objects.count()) == (1, 1)
    store(tokens(1, 10, subject="device"))
    api.post("/api/v1/subjects", [{"key": "coming"}], format="json")
    for key in ("device", "coming"):
        assert api.post(f"/api/v1/subjects/{key}/move", body, format="json").status_code == 200
