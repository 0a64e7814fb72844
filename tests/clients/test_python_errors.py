"""Refusals as OpenMeter's Python SDK raises them: the class says the status, the model holds the problem."""

import pytest
from corehttp.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from openmeter import Client
from openmeter.models import CustomerReplaceUpdate

from tests.clients.sdk import make_event, make_meter


def test_it_raises_what_the_status_says(client, name):
    make_meter(client, name)
    with pytest.raises(ResourceExistsError):
        make_meter(client, name)
    for missing in [
        lambda: client.meters.get(f"{name}_other"),
        lambda: client.meters.delete(f"{name}_other"),
        lambda: client.customers.update(f"{name}_other", CustomerReplaceUpdate(name="Acme", key=name)),
        lambda: client.subjects.get(f"{name}_other"),
    ]:
        with pytest.raises(ResourceNotFoundError):
            missing()


def test_it_holds_the_problem_that_was_found(client, name):
    make_meter(client, name)
    for wrong, word in [
        (lambda: client.meters.query_json(name, group_by=["nothing"]), "nothing"),
        (lambda: client.meters.query_json(name, window_size="DAY", window_time_zone="Mars/Olympus"), "Mars/Olympus"),
        (lambda: make_meter(client, f"{name}_2", "SUM", value_property=None), "value property"),
        (lambda: client.events.ingest_event(make_event(name, 1, subject="")), "subject"),
    ]:
        with pytest.raises(HttpResponseError) as refused:
            wrong()
        assert refused.value.status_code == 400
        problem = refused.value.model
        assert (problem.status, problem.type, problem.title) == (400, "about:blank", "Bad Request")
        assert word in f"{problem.detail} {dict(problem)}"
        assert problem.instance


def test_it_refuses_a_stranger_and_a_key_without_the_scope(live_billing, name):
    ingest_only = live_billing.manage("create_api_key", name, "--scope", "ingest").stdout.strip()
    for key, error, status in [("bil_wrong", ClientAuthenticationError, 401), (ingest_only, HttpResponseError, 403)]:
        with Client(endpoint=live_billing.url, token=key, retry_total=0) as stranger, pytest.raises(error) as refused:
            stranger.meters.list()
        assert refused.value.model.status == status
        assert "API key" in refused.value.model.detail
