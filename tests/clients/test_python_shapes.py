"""
Raw answers against the model classes of OpenMeter's Python SDK.

The SDK keeps a value of the wrong type as it is and forgives what is missing, so its calls alone prove little.
"""

import json
from urllib.parse import quote

import pytest
from openmeter._generated import models

from tests.clients.sdk import make_event, make_meter
from tests.clients.shapes import misfits

JSON = "application/json"


@pytest.fixture
def ask(live_billing):
    """Return the JSON of an answer that has to be a success."""

    def ask(path, body=None):
        data = None if body is None else json.dumps(body).encode()
        answer = live_billing.request(path, data, content_type=JSON)
        assert answer.status in (200, 201), answer.body
        assert answer.headers["Content-Type"] == JSON
        return answer.json()

    return ask


def test_it_finds_what_does_not_fit():
    good = {"code": "EUR", "name": "Euro", "symbol": "€", "subunits": 2}
    assert misfits(good, models.Currency) == []
    assert misfits({**good, "subunits": "2"}, models.Currency) == ["$.subunits is '2', no int"]
    assert misfits({**good, "name": None}, models.Currency) == ["$.name is None, no str"]
    assert misfits([{**good, "more": 1}], list[models.Currency]) == ["$[0].more is unknown to Currency"]
    assert misfits({"code": "EUR"}, models.Currency) == [
        f"$.{key} is missing" for key in ("name", "symbol", "subunits")
    ]
    local = {"success": 1, "failed": 0, "total": 1, "updatedAt": "2026-01-01T00:00:00"}
    assert misfits(local, models.Progress) == ["$.updatedAt is '2026-01-01T00:00:00', no datetime"]


def test_meters_and_usage_fit(client, ask, name):
    make_meter(client, name)
    make_meter(client, f"{name}_count", "COUNT", event_type=name, group_by=None, name=None)
    client.events.ingest_events([make_event(name, "0.5"), make_event(name, 2, model=None)])
    assert misfits(ask("/api/v1/meters"), list[models.Meter]) == []
    for slug in [name, f"{name}_count"]:
        assert misfits(ask(f"/api/v1/meters/{slug}"), models.Meter) == []
        assert misfits(ask(f"/api/v1/meters/{slug}/query"), models.MeterQueryResult) == []
    window = "from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00.000Z&windowSize=DAY&windowTimeZone=Europe/Paris"
    for more in ["", "&groupBy=model&groupBy=subject", "&subject=acme&subject=globex"]:
        usage = ask(f"/api/v1/meters/{name}/query?{window}{more}")
        assert misfits(usage, models.MeterQueryResult) == []
        assert usage["data"]
    assert misfits(ask(f"/api/v1/meters/{name}/subjects"), list[str]) == []
    assert misfits(ask(f"/api/v1/meters/{name}/group-by/model/values"), list[str]) == []


def test_customers_and_subjects_fit(client, ask, name):
    body = {
        "name": "Acme",
        "key": name,
        "usageAttribution": {"subjectKeys": [f"{name}-1"]},
        "billingAddress": {"country": "DE"},
        "currency": "EUR",
        "metadata": {"crm": "17"},
        "timeZone": "Europe/Berlin",
    }
    assert misfits(ask("/api/v1/customers", body), models.Customer) == []
    least = ask("/api/v1/customers", {"name": "Globex", "key": f"{name}-globex"})
    assert misfits(least, models.Customer) == []
    assert misfits(ask(f"/api/v1/customers/{name}"), models.Customer) == []
    page = ask(f"/api/v1/customers?key={name}")
    assert misfits(page, models.CustomerPaginatedResponse) == []
    assert page["totalCount"] == 2
    subjects = ask("/api/v1/subjects", [{"key": f"{name}/a b", "displayName": "A"}, {"key": name}])
    assert misfits(subjects, list[models.Subject]) == []
    assert misfits(ask("/api/v1/subjects"), list[models.Subject]) == []
    assert misfits(ask(f"/api/v1/subjects/{quote(name + '/a b', safe='')}"), models.Subject) == []


def test_events_fit(client, ask, name):
    make_meter(client, name)
    client.events.ingest_events([make_event(name, 1, time=None), make_event(name, "much", time=None)])
    client.events.ingest_event({**make_event(name, 1, time=None), "data": None})
    wanted = quote(json.dumps({"type": {"$eq": name}}))
    page = ask(f"/api/v2/events?limit=2&filter={wanted}")
    assert misfits(page["items"], list[models.IngestedEvent]) == []
    assert (len(page["items"]), misfits(page["nextCursor"], str)) == (2, [])
    last = ask(f"/api/v2/events?limit=2&filter={wanted}&cursor={quote(page['nextCursor'])}")
    assert (len(last["items"]), last.keys() <= {"items", "nextCursor"}) == (1, True)
    assert misfits(ask("/api/v1/events?limit=100"), list[models.IngestedEvent]) == []


def test_portal_tokens_and_what_the_installation_says_fit(client, ask, name):
    make_meter(client, name)
    made = ask("/api/v1/portal/tokens", {"subject": name, "allowedMeterSlugs": [name]})
    assert misfits(made, models.PortalToken) == []
    assert misfits(ask("/api/v1/portal/tokens"), list[models.PortalToken]) == []
    assert misfits(ask("/api/v1/info/currencies"), list[models.Currency]) == []
    client.meters.query_json(name, client_id=name)
    assert misfits(ask(f"/api/v1/info/progress/{name}"), models.Progress) == []


def test_problems_fit(live_billing, name):
    for path, body, problem in [
        ("/api/v1/meters", b"{}", models.BadRequestProblemResponse),
        (f"/api/v1/meters/{name}", None, models.NotFoundProblemResponse),
        ("/api/v1/none", None, models.NotFoundProblemResponse),
    ]:
        answer = live_billing.request(path, body, content_type=JSON)
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert misfits(answer.json(), problem) == []
