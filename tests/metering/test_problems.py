import logging

import pytest
from django.db import InterfaceError, OperationalError
from django.test import Client
from rest_framework.test import APIClient

from metering.models import Customer, Meter
from metering.problems import problem, problem_bytes
from tests.factories import ApiKeyFactory

pytestmark = pytest.mark.django_db
CUSTOMERS = "/api/v1/customers"


def _client(scopes):
    ApiKeyFactory(secret="bil_scoped", scopes=scopes)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Bearer bil_scoped")
    return client


def _assert_problem(response, status, says):
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    body = response.json()
    assert {"type", "title", "status", "instance"} <= set(body)
    assert (body["type"], body["status"]) == ("about:blank", status)
    assert body["instance"].startswith("urn:request:")
    assert says in body["detail"]
    assert not Customer.objects.exists()
    assert not Meter.objects.exists()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"name": "Acme"', "not valid JSON"),
        (b"", "name: "),
        (b"null", "Send one JSON object"),
        (b"[]", "Send one JSON object"),
        (b'{"name": "\xff"}', "not valid JSON"),
        (b'{"name": "\\ud800"}', "not valid JSON"),
        (b'{"name": NaN}', "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"{}", "name: This field is required"),
    ],
)
@pytest.mark.parametrize("url", [CUSTOMERS, "/api/v1/meters"])
def test_it_refuses_a_body_that_is_no_such_object(api, url, body, says):
    if url.endswith("meters"):
        says = says.replace("name: ", "slug: ")
    _assert_problem(api.generic("POST", url, body, content_type="application/json"), 400, says)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_it_refuses_another_content_type(api, content_type):
    response = api.generic("POST", CUSTOMERS, b'{"name": "Acme", "key": "acme"}', content_type=content_type)
    _assert_problem(response, 400, "Content-Type: application/json")


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
def test_it_takes_json_by_any_spelling(api, content_type):
    response = api.generic("POST", CUSTOMERS, b'{"name": "Acme", "key": "acme"}', content_type=content_type)
    assert response.status_code == 201


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "k"}])
def test_it_refuses_a_body_over_the_limit(api, settings, headers):
    settings.MAX_BODY_BYTES = settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    body = b'{"name": "' + b"x" * 100 + b'", "key": "acme"}'
    response = api.generic("POST", CUSTOMERS, body, content_type="application/json", headers=headers)
    _assert_problem(response, 413, "over")


@pytest.mark.parametrize("authorization", [None, "Bearer bil_wrong", "Basic eDp5"])
@pytest.mark.parametrize("verb", ["get", "post", "patch"])
def test_it_refuses_whoever_has_no_key(verb, authorization):
    headers = {"Authorization": authorization} if authorization else {}
    response = getattr(Client(), verb)(CUSTOMERS, headers=headers)
    _assert_problem(response, 401, "key")
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("scopes", "verb", "url", "lacks"),
    [
        (["ingest"], "get", CUSTOMERS, "read"),
        (["read"], "post", CUSTOMERS, "write"),
        (["ingest", "write"], "get", "/api/v1/meters", "read"),
        (["write"], "post", "/api/v1/meters/tokens/query", "read"),
        (["read"], "delete", "/api/v1/meters/tokens", "write"),
    ],
)
def test_it_refuses_a_key_without_the_scope(scopes, verb, url, lacks):
    response = getattr(_client(scopes), verb)(url, {"name": "Acme", "key": "acme"} if verb == "post" else None)
    _assert_problem(response, 403, f"lacks the scope {lacks}")


@pytest.mark.parametrize(
    "path", ["/api/v1/nothing", "/api/v1/customers/", "/api/v1/", "/api/v9/customers", "/api/", "/api/v1/events/a"]
)
@pytest.mark.parametrize("verb", ["get", "post"])
def test_it_answers_a_path_that_does_not_exist(api, path, verb):
    _assert_problem(getattr(api, verb)(path), 404, f"There is nothing at {path}")


@pytest.mark.parametrize("verb", ["get", "post", "put", "patch", "delete"])
def test_it_answers_a_path_that_does_not_exist_to_clients_that_are_no_browser(verb):
    client = Client(enforce_csrf_checks=True)
    _assert_problem(getattr(client, verb)("/api/v1/events/"), 404, "There is nothing at /api/v1/events/")


@pytest.mark.parametrize(
    ("verb", "path", "served"),
    [
        ("patch", CUSTOMERS, "GET or POST"),
        ("delete", "/api/v1/meters", "GET or POST"),
        ("put", "/api/v1/events", "GET or POST"),
        ("post", "/api/v1/meters/tokens", "GET or PUT or DELETE"),
    ],
)
def test_it_answers_a_method_that_does_not_exist_with_those_that_do(api, verb, path, served):
    response = getattr(api, verb)(path)
    _assert_problem(response, 405, f"{verb.upper()} is not served here. Send {served}.")


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        (
            "/api/v1/meters",
            {"aggregation": "MEDIAN"},
            "aggregation: Use one of SUM, COUNT, AVG, MIN, MAX, LATEST, UNIQUE_COUNT.",
        ),
        ("/api/v1/meters", {"eventFrom": "yesterday"}, "eventFrom: Write the time with an offset, such as 2026-"),
        ("/api/v1/meters", {"eventFrom": "0000-01-01T00:00:00Z"}, "eventFrom: Write the time with an offset"),
        ("/api/v1/meters", {"slug": 5}, "slug: Send a string."),
        (CUSTOMERS, {"billingAddress": {"country": "Germany"}}, "country: Use a code of two letters (ISO 3166)"),
        (CUSTOMERS, {"currency": "euro"}, "currency: Use a code of three letters (ISO 4217)"),
    ],
)
def test_it_says_what_to_write_instead(api, path, body, says):
    _assert_problem(api.post(path, body, format="json"), 400, says)


@pytest.mark.parametrize("name", ["from", "to", "ingestedAtFrom", "ingestedAtTo"])
@pytest.mark.parametrize("value", ["yesterday", "2026-01-31T00:00:00", "0000-01-01T00:00:00Z"])
def test_it_asks_for_an_instant_where_a_list_of_events_has_an_end(api, name, value):
    _assert_problem(api.get("/api/v1/events", {name: value}), 400, f"{name}: Write the time with an offset")


@pytest.mark.parametrize("path", ["/api/v1/customers/a%00b", "/api/v1/customers?key=%00", "/api/v1/meters/%00/query"])
def test_it_refuses_a_null_character_in_the_address(api, path):
    _assert_problem(api.get(path), 400, "null character")


def test_it_answers_a_host_that_it_does_not_know_with_a_problem(api):
    _assert_problem(api.get(CUSTOMERS, headers={"host": "evil.example"}), 400, "evil.example")


@pytest.mark.parametrize("accept", ["", "text/html", "application/problem+json", "nonsense"])
def test_it_answers_json_whatever_a_client_accepts(api, accept):
    response = api.get(CUSTOMERS, headers={"accept": accept})
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")


def test_it_logs_an_unexpected_error_and_tells_nothing_of_it(api, monkeypatch, caplog):
    def fail(**kwargs):
        raise RuntimeError("the secret inside")

    monkeypatch.setattr("metering.api.customers.create_customer", fail)
    api.raise_request_exception = False
    with caplog.at_level(logging.ERROR, logger="django.request"):
        response = api.post(CUSTOMERS, {"name": "Acme", "key": "acme"}, format="json")
    assert (response.status_code, response["Content-Type"]) == (500, "application/problem+json")
    assert b"secret" not in response.content
    assert "detail" not in response.json()
    assert "the secret inside" in caplog.text


@pytest.mark.parametrize("error", [OperationalError("the server is gone"), InterfaceError("connection is closed")])
def test_it_says_when_to_come_back_while_the_database_is_away(api, monkeypatch, caplog, error):
    def fail(**kwargs):
        raise error

    monkeypatch.setattr("metering.api.customers.create_customer", fail)
    response = api.post(CUSTOMERS, {"name": "Acme", "key": "acme"}, format="json")
    assert response["Retry-After"] == "2"
    _assert_problem(response, 503, "The database cannot be reached.")
    assert str(error) in caplog.text


def test_it_lists_what_is_wrong_with_each_field(api):
    issues = api.post(CUSTOMERS, {"currency": "euro"}, format="json").json()["extensions"]["validationErrors"]
    assert {(issue["code"], issue["field"]) for issue in issues} == {("required", "$.name"), ("invalid", "$.currency")}


def test_it_leaves_out_what_a_problem_does_not_have():
    assert set(problem(404, "")) == {"type", "title", "status", "instance"}
    assert problem(409, "Taken.", title="Oh", extensions={"a": 1}, instance="urn:x") == {
        "type": "about:blank",
        "title": "Oh",
        "status": 409,
        "detail": "Taken.",
        "instance": "urn:x",
        "extensions": {"a": 1},
    }
    assert b'"title":"Unauthorized"' in problem_bytes(401, "No key.")
