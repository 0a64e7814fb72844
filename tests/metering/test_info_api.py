"""What monitoring and forms ask for: today's events by subject, and the currencies."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from metering.models import Scope
from tests.factories import ApiKeyFactory, EventFactory

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


@pytest.fixture
def metrics(api):
    with time_machine.travel(NOON, tick=False):
        yield lambda **headers: api.get("/api/v1/debug/metrics", headers=headers)


def test_it_counts_the_events_since_midnight_by_subject(metrics):
    midnight = NOON.replace(hour=0)
    for subject, time in [
        ("b", midnight),
        ("a", NOON),
        ("a", NOON + timedelta(days=2)),
        ("a", midnight - timedelta(0, 1)),
    ]:
        EventFactory(subject=subject, time=time)
    response = metrics()
    assert (response.status_code, response["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert response.content.decode().splitlines() == [
        "# TYPE openmeter_events counter",
        "# HELP openmeter_events Events since midnight (UTC).",
        'openmeter_events_total{subject="a"} 2',
        'openmeter_events_total{subject="b"} 1',
        "# EOF",
    ]


def test_it_escapes_the_subjects(metrics):
    EventFactory(subject='a"b\\c\nd é', time=NOON)
    assert 'openmeter_events_total{subject="a\\"b\\\\c\\nd é"} 1\n' in metrics().content.decode()


def test_it_is_complete_where_there_are_no_events(metrics):
    assert metrics().content.decode().endswith("(UTC).\n# EOF\n")


def test_it_answers_a_scraper_by_the_name_of_the_format(metrics):
    response = metrics(accept="application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
    assert response["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"


def test_it_reads_the_events_of_today_alone_in_one_query(metrics, django_assert_num_queries):
    EventFactory(time=NOON)
    metrics()
    with django_assert_num_queries(1):
        metrics()


def test_it_asks_for_the_scope_to_read(client, db):
    ApiKeyFactory(secret="bil_writes", scopes=[Scope.INGEST])
    for path in ("debug/metrics", "info/currencies"):
        assert client.get(f"/api/v1/{path}", headers={"authorization": "Bearer bil_writes"}).status_code == 403


def test_it_lists_the_currencies_by_code(api):
    listed = api.get("/api/v1/info/currencies").json()
    codes = [currency["code"] for currency in listed]
    assert codes == sorted(codes)
    # In use somewhere: no metal, no test code, no mark.
    assert {"XAU", "XTS", "XXX", "DEM"}.isdisjoint(codes)
    by_code = {currency["code"]: currency for currency in listed}
    assert by_code["USD"] == {"code": "USD", "name": "US Dollar", "symbol": "$", "subunits": 2}
    assert {code: by_code[code]["subunits"] for code in ("EUR", "JPY", "KWD")} == {"EUR": 2, "JPY": 0, "KWD": 3}
