"""How far a usage query is, for whoever asks while it runs."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from rest_framework.test import APIClient

from metering import clock
from metering.models import QueryProgress
from metering.queries.customer_usage import UsageQuestion
from metering.services.customers import create_customer
from metering.services.meters import create_meter
from metering.services.progress import advance_query, start_query
from tests.factories import START, ApiKeyFactory

URL = "/api/v1/info/progress"
QUERY = "/api/v1/meters/tokens/query"


def _meter(aggregation="SUM"):
    create_meter(slug="tokens", event_type="request", aggregation=aggregation, value_property="$.tokens", at=START)


def _customers():
    """One of one subject and two of two, which an average asks for one by one."""
    subjects = {"one": [], "two": ["two-a"], "three": ["three-a"]}
    return [create_customer(name=key, key=key, subject_keys=keys, at=START) for key, keys in subjects.items()]


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
def test_it_tells_how_a_named_query_ended(api, time_machine, method):
    time_machine.move_to(START, tick=False)
    _meter()
    asked = {"clientId": "dashboard/1 a"}
    sent = {"data": asked} if method == "get" else {"data": asked, "format": "json"}
    assert getattr(api, method)(QUERY, **sent).status_code == 200
    response = api.get(f"{URL}/dashboard%2F1%20a")
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    assert response.json() == {"success": 1, "failed": 0, "total": 1, "updatedAt": "2026-01-01T00:00:00Z"}


@pytest.mark.django_db
def test_each_customer_is_a_step(api):
    _meter("AVG")
    asked = {"clientId": "c", "filterCustomerId": [customer.ulid for customer in _customers()]}
    assert api.get(QUERY, asked).status_code == 200
    found = api.get(f"{URL}/c").json()
    assert (found["success"], found["failed"], found["total"]) == (3, 0, 3)


@pytest.mark.django_db
def test_it_forgets_after_five_minutes(api, time_machine):
    time_machine.move_to(START, tick=False)
    start_query(client_id="old", total=1, at=START)
    time_machine.move_to(START + timedelta(minutes=5) - timedelta(microseconds=1), tick=False)
    assert api.get(f"{URL}/old").status_code == 200
    time_machine.move_to(START + timedelta(minutes=5), tick=False)
    forgotten = api.get(f"{URL}/old")
    assert (forgotten.status_code, "No query named old" in forgotten.json()["detail"]) == (404, True)
    start_query(client_id="new", total=1, at=clock.now())
    assert [found.client_id for found in QueryProgress.objects.all()] == ["new"]


@pytest.mark.django_db
def test_a_query_of_the_same_name_starts_again(api):
    start_query(client_id="c", total=5, at=clock.now())
    advance_query(client_id="c", success=2, failed=1, at=clock.now())
    assert api.get(f"{URL}/c").json() | {"updatedAt": ""} == {"success": 2, "failed": 1, "total": 5, "updatedAt": ""}
    start_query(client_id="c", total=4, at=clock.now())
    assert api.get(f"{URL}/c").json() | {"updatedAt": ""} == {"success": 0, "failed": 0, "total": 4, "updatedAt": ""}


@pytest.mark.django_db
def test_a_query_without_a_name_leaves_nothing(api):
    _meter()
    assert api.get(QUERY).status_code == 200
    assert api.get(QUERY, {"clientId": "c", "groupBy": "nothing"}).status_code == 400
    assert not QueryProgress.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_others_see_it_while_the_query_runs_and_what_failed_at_its_end(monkeypatch):
    ApiKeyFactory(secret="bil_secret")
    _meter("AVG")
    customers = _customers()
    steps, seen = iter([_seen_by_others, _seen_by_others, _break]), []
    rows = UsageQuestion.rows

    def slowly(question, spans, **options):
        seen.append(next(steps)())
        return rows(question, spans, **options)

    monkeypatch.setattr(UsageQuestion, "rows", slowly)
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION="Bearer bil_secret")
    asked = {"clientId": "c", "filterCustomerId": [customer.ulid for customer in customers]}
    assert client.get(QUERY, asked).status_code == 500
    assert seen == [(0, 0, 3), (1, 0, 3)]
    assert _seen_by_others() == (2, 1, 3)


def _break():
    raise RuntimeError("The third customer cannot be answered.")


def _seen_by_others():
    """Read it over a connection of its own."""
    found = []

    def read():
        found.extend(QueryProgress.objects.values_list("success", "failed", "total"))
        connection.close()

    reader = threading.Thread(target=read)
    reader.start()
    reader.join()
    return found[0]
