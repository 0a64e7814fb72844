"""Ids in paths, percent-encoded as clients send them, over real HTTP: slashes too, and known suffixes win."""

import json
from urllib.parse import quote

import pytest

KEYS = ["a b/c+d@x[1]", "//", "a//b", "100%", "%2F", "ü/日本", "q?x=1#y", "key/query/", "a&b=c;d,e", "'\"<>\\|^`{}"]
JSON = "application/json"


@pytest.mark.parametrize("key", KEYS)
def test_a_customer_is_reached_by_any_key(live_billing, key):
    path = f"/api/v1/customers/{quote('paths ' + key, safe='')}"
    customer = {"name": "Encoded", "key": f"paths {key}"}
    made = live_billing.request("/api/v1/customers", json.dumps(customer).encode(), Content_Type=JSON)
    assert made.status == 201, made.body
    found = live_billing.request(path)
    assert (found.status, found.json()["key"], found.json()["id"]) == (200, customer["key"], made.json()["id"])


@pytest.mark.parametrize("key", KEYS)
def test_a_subject_is_reached_by_any_key(live_billing, key):
    key = f"paths {key}"
    body = json.dumps([{"key": key}]).encode()
    assert live_billing.request("/api/v1/subjects", body, Content_Type=JSON).status == 200
    found = live_billing.request(f"/api/v1/subjects/{quote(key, safe='')}")
    assert (found.status, found.json()["key"]) == (200, key)


@pytest.mark.parametrize("client_id", KEYS)
def test_the_progress_of_a_query_is_reached_by_any_name(live_billing, client_id):
    _meter(live_billing)
    query = f"/api/v1/meters/encoded_paths/query?clientId={quote(client_id, safe='')}"
    assert live_billing.request(query).status == 200
    found = live_billing.request(f"/api/v1/info/progress/{quote(client_id, safe='')}")
    assert (found.status, found.json()["success"]) == (200, 1)


def _meter(live_billing):
    meter = {"slug": "encoded_paths", "eventType": "encoded", "aggregation": "COUNT", "groupBy": {"model": "$.model"}}
    answer = live_billing.request("/api/v1/meters", json.dumps(meter).encode(), Content_Type=JSON)
    assert answer.status in (201, 409)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("meters/a%2Fb", "There is no meter a/b."),
        ("meters/a%20b%2B%40%5B", "There is no meter a b+@[."),
        ("meters/a%2Fquery", "There is no meter a."),
        ("meters/a%2Fb/subjects", "There is no meter a/b."),
        ("meters/a%2Fgroup-by%2Fx%2Fvalues", "There is no meter a."),
        ("meters/encoded_paths/group-by/a%2Fb/values", "This meter has no group a/b."),
        ("customers/nobody%2Fquery", "There is no customer nobody/query."),
    ],
)
def test_known_suffixes_win_and_the_rest_is_the_id(live_billing, path, says):
    _meter(live_billing)
    answer = live_billing.request(f"/api/v1/{path}")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert says in answer.json()["detail"]
