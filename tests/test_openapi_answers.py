"""What the API answers is what the document says, member by member."""

from copy import deepcopy

import pytest
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator
from rest_framework.test import APIClient

from metering.authentication import forget_api_keys
from metering.models import Customer
from tests.factories import START, ApiKeyFactory, SubscriptionFactory
from tests.metering.doors import event


@pytest.fixture(scope="module")
def document():
    return _strict(deepcopy(SchemaGenerator().get_schema(request=None, public=True)))


def _strict(node):
    """Turn OpenAPI 3.0 into JSON Schema in which every member has to be described."""
    if isinstance(node, list):
        return [_strict(part) for part in node]
    if not isinstance(node, dict):
        return node
    found = {name: _strict(part) for name, part in node.items()}
    if isinstance(found.get("properties"), dict) and "additionalProperties" not in found:
        found["additionalProperties"] = False
    if found.pop("nullable", None) is True:
        return {"anyOf": [found, {"type": "null"}]}
    return found


@pytest.fixture
def call(db, document):
    """Send a request and hold the answer against the document; the path variables are those of the operation."""
    forget_api_keys()
    ApiKeyFactory(secret="bil_secret_of_the_tests")
    client = APIClient()
    key = {"Authorization": "Bearer bil_secret_of_the_tests"}

    def send(operation, body=None, *, status=200, query=None, headers=None, **variables):
        method, path = operation.split()
        described = document["paths"][path][method.lower()]["responses"]
        response = client.generic(
            method,
            path.format(**variables),
            client._encode_data(body, "json")[0] if body is not None else b"",
            content_type="application/json",
            query_params=query,
            headers=key | (headers or {}),
        )
        assert response.status_code == status, response.content
        contents = described.get(str(status), described["default"]).get("content", {})
        kind = response.get("Content-Type", "").partition(";")[0]
        assert kind in contents if contents else not response.content
        if "json" not in kind:
            return response
        schema = {**contents[kind]["schema"], "components": document["components"]}
        errors = [
            f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(response.json())
        ]
        assert errors == [], operation
        return response.json()

    yield send
    forget_api_keys()


def test_customers_subjects_and_information(call):
    address = {"country": "FR", "city": "Paris", "line1": "1 rue X", "postalCode": "75001"}
    sent = {"name": "Acme", "key": "a/c", "currency": "USD", "timeZone": "UTC", "metadata": {"a": "b"}}
    sent |= {"billingAddress": address, "primaryEmail": "a@acme.example", "description": "Anvils"}
    made = call("POST /api/v1/customers", sent, status=201)
    SubscriptionFactory(customer=Customer.objects.get(), active_from=START, metadata={"a": "b"})
    call("GET /api/v1/customers", query={"expand": "subscriptions"})
    call("GET /api/v1/customers/{customerIdOrKey}", query={"expand": "subscriptions"}, customerIdOrKey="a%2Fc")
    call("PUT /api/v1/customers/{customerIdOrKey}", sent, customerIdOrKey=made["id"])
    call("DELETE /api/v1/customers/{customerIdOrKey}", status=400, customerIdOrKey=made["id"])
    call("DELETE /api/v1/customers/{customerIdOrKey}", status=404, customerIdOrKey="nobody")
    record = {"key": "s", "displayName": "S", "metadata": {"n": 1}, "stripeCustomerId": "cus_1"}
    periods = {"currentPeriodStart": "2026-01-01T00:00:00Z", "currentPeriodEnd": "2026-02-01T00:00:00Z"}
    call("POST /api/v1/subjects", [record | periods])
    call("GET /api/v1/subjects")
    call("GET /api/v1/subjects/{subjectIdOrKey}", subjectIdOrKey="s")
    call("DELETE /api/v1/subjects/{subjectIdOrKey}", status=204, subjectIdOrKey="s")
    call("DELETE /api/v1/subjects/{subjectIdOrKey}", status=409, subjectIdOrKey="a%2Fc")
    call("GET /api/v1/info/currencies")
    call("GET /api/v1/debug/metrics")
    call("GET /api/v1/debug/metrics", headers={"Accept": "application/openmetrics-text"})


def _meters_and_events(call):
    call("POST /api/v1/customers", {"name": "Acme", "key": "acme"}, status=201)
    meter = {"slug": "tokens", "eventType": "tokens", "aggregation": "SUM", "valueProperty": "$.tokens"}
    call("POST /api/v1/meters", {**meter, "groupBy": {"model": "$.model"}, "metadata": {"a": "b"}}, status=201)
    call("POST /api/v1/events", [event("1"), event("2", data={"tokens": "x"}), event("3", type="token")], status=204)


def test_meters_and_usage(call):
    _meters_and_events(call)
    tokens = {"meterIdOrSlug": "tokens"}
    call("GET /api/v1/meters")
    call("GET /api/v1/meters/{meterIdOrSlug}", **tokens)
    call("PUT /api/v1/meters/{meterIdOrSlug}", {"name": "Tokens", "groupBy": {"size": "$.size"}}, **tokens)
    query = {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z", "windowSize": "DAY", "groupBy": "size"}
    assert call("GET /api/v1/meters/{meterIdOrSlug}/query", query=query | {"clientId": "me"}, **tokens)["data"]
    call("GET /api/v1/meters/{meterIdOrSlug}/query", headers={"Accept": "text/csv"}, **tokens)
    call("POST /api/v1/meters/{meterIdOrSlug}/query", {"subject": ["acme"]}, **tokens)
    call("GET /api/v1/info/progress/{id}", id="me")
    assert call("GET /api/v1/meters/{meterIdOrSlug}/subjects", **tokens) == ["acme"]
    call("GET /api/v1/meters/{meterIdOrSlug}/group-by/{groupByKey}/values", groupByKey="size", **tokens)
    token = call("POST /api/v1/portal/tokens", {"subject": "acme", "allowedMeterSlugs": ["tokens"]})
    call("GET /api/v1/portal/tokens")
    portal = {"Authorization": f"Bearer {token['token']}"}
    call("GET /api/v1/portal/meters/{meterSlug}/query", headers=portal, meterSlug="tokens")
    call("POST /api/v1/portal/tokens/invalidate", {"subject": "acme"}, status=204)
    call("GET /api/v1/portal/meters/{meterSlug}/query", headers=portal, status=401, meterSlug="tokens")
    call("DELETE /api/v1/meters/{meterIdOrSlug}", status=204, **tokens)


def test_events_and_corrections(call):
    _meters_and_events(call)
    wide = {"from": "2025-12-01T00:00:00Z"}
    assert len(call("GET /api/v1/events", query=wide)) == 3
    page = call("GET /api/v2/events", query={"limit": 2, "filter": '{"type": {"$eq": "tokens"}}'})
    call("GET /api/v2/events", query={"cursor": page["nextCursor"]})
    again = [event("1"), event("2", data={"tokens": 5}), event("4")]
    call("POST /api/v1/events", again, headers={"Prefer": "return=representation"})
    chosen = {"filter": {"type": "tokens"}, "reason": "Sent twice"}
    call("POST /api/v1/events/void", {**chosen, "dryRun": True})
    made = call("POST /api/v1/events/void", chosen)
    call("GET /api/v1/events", query=wide)
    call("GET /api/v1/events/corrections")
    call("GET /api/v1/events/corrections/{correctionId}", correctionId=made["id"])
    undo = "POST /api/v1/events/corrections/{correctionId}/undo"
    call(undo, {"reason": "They were right"}, correctionId=made["id"])
    replacement = {key: value for key, value in event("1", data={"tokens": 7}).items() if key != "id"}
    call("POST /api/v1/events/amend", {"source": "tests", "id": "1", "replacement": replacement, "reason": "Wrong"})
    call("POST /api/v1/customers", {"name": "Globex", "key": "globex"}, status=201)
    call("POST /api/v1/subjects", [{"key": "device"}])
    move = {"customerId": "globex", "from": "2026-01-03T00:00:00Z", "reason": "Sold"}
    call("POST /api/v1/subjects/{subjectIdOrKey}/move", move, subjectIdOrKey="device")
    call("GET /api/v1/events", query=wide)
