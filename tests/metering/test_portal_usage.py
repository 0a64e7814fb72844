"""What a browser reads with a portal token: one subject's usage of the meters it allows, from any origin."""

from datetime import timedelta

import pytest
from django.urls import get_resolver
from rest_framework.test import APIClient

from metering.services.customers import create_customer
from metering.services.meters import create_meter
from metering.services.portal_tokens import create_portal_token, invalidate_portal_tokens
from tests.factories import START, EventFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/portal/meters/tokens/query"


@pytest.fixture(autouse=True)
def _meters(time_machine):
    time_machine.move_to(START, tick=False)
    for slug in ("tokens", "other"):
        create_meter(
            slug=slug,
            event_type="request",
            aggregation="SUM",
            value_property="$.tokens",
            group_by={"model": "$.model"},
            at=START,
        )
    for subject, amount in [("acme", 1), ("acme", 2), ("globex", 4)]:
        EventFactory(subject=subject, data={"tokens": amount, "model": "large"})


def _browser(**fields):
    token, secret = create_portal_token(**{"subject": "acme", "at": START, **fields})
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}", HTTP_ORIGIN="https://app.example")
    return client, token


def _rows(response):
    assert response.status_code == 200, response.content
    return [(row["subject"], row["value"]) for row in response.json()["data"]]


@pytest.mark.parametrize(
    "query",
    ["", "subject=globex", "subject=globex&subject=acme", "groupBy=subject", "filterGroupBy[model]=large"],
)
def test_it_shows_the_subject_of_the_token_whatever_is_asked_for(query):
    client, _ = _browser()
    response = client.get(f"{URL}?{query}")
    assert _rows(response) == [("acme", 3)]  # 1 + 2
    assert response["Access-Control-Allow-Origin"] == "*"


def test_it_shows_nothing_of_a_customer_whose_subject_it_is_not():
    client, _ = _browser()
    globex = create_customer(name="Globex", key="globex", at=START)
    acme = create_customer(name="Acme", key="acme", subject_keys=["acme-2"], at=START)
    EventFactory(subject="acme-2", data={"tokens": 8})
    assert _rows(client.get(URL, {"filterCustomerId": globex.ulid})) == []
    assert _rows(client.get(URL, {"filterCustomerId": [globex.ulid, acme.ulid]})) == [("acme", 3)]


def test_it_answers_csv_and_says_what_is_wrong_with_a_query():
    client, _ = _browser()
    answer = client.get(URL, {"windowSize": "DAY"}, headers={"accept": "text/csv"})
    assert (answer["Content-Type"], answer["Access-Control-Allow-Origin"]) == ("text/csv", "*")
    assert answer.content.decode() == (
        "window_start,window_end,subject,value\n2026-01-01T00:00:00Z,2026-01-02T00:00:00Z,acme,3.000000\n"
    )
    refused = client.get(URL, {"groupBy": "colour"})
    assert (refused.status_code, refused["Access-Control-Allow-Origin"]) == (400, "*")


def test_a_token_of_some_meters_shows_no_other():
    client, _ = _browser(allowed_meters=["tokens"])
    assert _rows(client.get(URL)) == [("acme", 3)]
    for slug in ("other", "nothing"):
        assert client.get(f"/api/v1/portal/meters/{slug}/query").status_code == 401
    everything, _ = _browser()
    assert everything.get("/api/v1/portal/meters/other/query").status_code == 200
    assert everything.get("/api/v1/portal/meters/nothing/query").status_code == 404


def _refused(client):
    answer = client.get(URL)
    assert (answer["Content-Type"], answer["Access-Control-Allow-Origin"]) == ("application/problem+json", "*")
    assert answer["WWW-Authenticate"] == "Bearer"
    return answer.status_code == 401


def test_it_refuses_whoever_has_no_valid_token(api, time_machine):
    expired, _ = _browser(expires_at=START + timedelta(minutes=1))
    invalid, token = _browser(expires_at=START + timedelta(days=1))
    wrong, basic = APIClient(), APIClient()
    wrong.credentials(HTTP_AUTHORIZATION="Bearer bil_portal_wrong")
    basic.credentials(HTTP_AUTHORIZATION="Basic YTpi")
    assert _rows(expired.get(URL)) == _rows(invalid.get(URL)) == [("acme", 3)]
    time_machine.move_to(START + timedelta(minutes=1), tick=False)
    invalidate_portal_tokens(public_id=token.ulid, at=START + timedelta(minutes=1))
    assert all(_refused(client) for client in (expired, invalid, wrong, basic, APIClient(), api))


def test_a_token_opens_nothing_else():
    client, _ = _browser()
    for path in ["meters", "meters/tokens/query", "events", "customers", "portal/tokens"]:
        assert client.get(f"/api/v1/{path}").status_code == 401
    assert client.post("/api/v1/portal/tokens", {"subject": "acme"}, format="json").status_code == 401
    assert client.post(URL, {}, format="json").status_code == 405


def test_a_preflight_needs_no_token():
    answer = APIClient().options(URL, headers={"origin": "https://app.example", "access-control-request-method": "GET"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert "GET" in answer["Access-Control-Allow-Methods"]
    assert "Authorization" in answer["Access-Control-Allow-Headers"]


def test_no_other_path_speaks_to_pages_of_other_origins(api):
    paths = ["/", "/health", *(f"/api/v1/{pattern.pattern}" for pattern in _api_patterns())]
    assert len(paths) > 15
    for path in paths:
        if not path.startswith("/api/v1/portal/meters/"):
            for method in (api.get, api.options):
                assert "Access-Control-Allow-Origin" not in method(path, headers={"origin": "https://app.example"})


def _api_patterns():
    apps = [found for found in get_resolver().url_patterns if str(found.pattern) == "api/v1/"]
    return [pattern for app in apps for pattern in app.url_patterns]
