"""What each aggregation makes of values, in buckets, edges and tail alike."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from metering.ingest.decode import decode_events
from metering.ingest.writer import store_events
from metering.models import Aggregation
from metering.queries.usage import query_usage, total_usage
from metering.services.meters import create_meter
from metering.services.rollups import advance_rollups
from metering.windows import WindowSize
from tests.metering.doors import event

AT = datetime(2026, 1, 5, tzinfo=UTC)
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def meter(aggregation, **changes):
    path = "" if aggregation == Aggregation.COUNT else "$.tokens"
    return create_meter(
        slug=aggregation.lower(), event_type="tokens", aggregation=aggregation, value_property=path, at=AT, **changes
    ).current_version


def store(*events):
    body = json.dumps(list(events)).encode()
    return store_events(decode_events(body, "application/json", at=AT, api_key_id=None), at=AT).batch_id


def values(*found, time="2026-01-05T12:00:00Z"):
    return [event(f"{time} {place}", time=time, data={"tokens": value}) for place, value in enumerate(found)]


@pytest.fixture(params=["tail", "buckets"])
def ask(request):
    """Query, before roll-up or after it."""

    def _ask(version, **query):
        while request.param == "buckets" and advance_rollups():
            pass
        rows = query_usage(version=version, **{"start": None, "end": None, **query})
        return [row.value for row in rows]

    return _ask


@pytest.mark.parametrize(
    ("aggregation", "expected"),
    [
        (Aggregation.SUM, "123.4567890123456789"),
        (Aggregation.COUNT, "3"),
        # 123.4567890123456789 / 2
        (Aggregation.AVG, "61.72839450617283945"),
        (Aggregation.MIN, "0.4567890123456789"),
        (Aggregation.MAX, "123"),
        # Of the events at one time, the one with the greatest id that has a good value.
        (Aggregation.LATEST, "0.4567890123456789"),
        (Aggregation.UNIQUE_COUNT, "2"),
    ],
)
def test_it_leaves_out_what_is_no_value(ask, aggregation, expected):
    version = meter(aggregation)
    store(*values(123, "0.4567890123456789", None))
    assert ask(version) == [Decimal(expected)]


@pytest.mark.parametrize("aggregation", Aggregation.values)
def test_without_a_good_value_there_is_a_count_but_no_value(ask, aggregation):
    version = meter(aggregation)
    store(*values(None, [1], {"a": 1}))
    assert ask(version) == {"COUNT": [3], "UNIQUE_COUNT": [0]}.get(aggregation, [])
    assert total_usage(version=version, start=NOON, end=None) == (3 if aggregation == "COUNT" else 0)


def test_an_average_is_rounded_half_up_to_38_digits(ask):
    version = meter(Aggregation.AVG)
    store(*values(1, 1, 0))
    # 2 / 3
    assert ask(version) == [Decimal("0." + "6" * 37 + "7")]


def test_an_average_over_days_is_not_one_of_averages(ask):
    version = meter(Aggregation.AVG)
    store(*values(1, 2, 3), *values(10, time="2026-01-06T12:00:00Z"))
    assert ask(version, window=(WindowSize.DAY, ZoneInfo("UTC"))) == [2, 10]
    # 16 / 4
    assert ask(version) == [4]


def test_different_values_are_different_texts(ask):
    version = meter(Aggregation.UNIQUE_COUNT)
    # 1, "a", 1.0 and true; null and lists do not count
    store(*values(1, "1", "a", None, 1.0, True, "true", [1], "a"))
    assert ask(version) == [4]


def test_a_value_on_two_days_counts_once_in_all(ask):
    version = meter(Aggregation.UNIQUE_COUNT, group_by={"model": "$.model"})
    store(
        *(event(f"a{day}", time=f"2026-01-0{day}T12:00:00Z", data={"tokens": "ann", "model": "a"}) for day in (5, 6)),
        event("b", data={"tokens": "ann", "model": "b"}),
        event("c", subject="globex", data={"tokens": "bob"}),
    )
    assert ask(version, window=(WindowSize.DAY, ZoneInfo("UTC"))) == [2, 1]
    assert ask(version, group_by=["model"]) == [1, 1, 1]
    assert ask(version, by_subject=True) == [1, 1]
    assert ask(version) == [2]


def test_the_latest_is_by_time_then_source_then_id_and_never_by_arrival(ask):
    version = meter(Aggregation.LATEST)
    for source, event_id, tokens in [("b", "10", 1), ("b", "9", 2), ("B", "99", 3), ("a", "99", 4), ("b", "8", 5)]:
        store(event(event_id, source=source, data={"tokens": tokens}))
        advance_rollups()
    store(event("1", source="z", data={"tokens": "bad"}), event("1", time="2026-01-05T11:59:59.999999Z", source="z"))
    # By code point "B" < "a" < "b", and "10" < "8" < "9".
    assert ask(version) == [2]


def test_the_latest_is_found_over_all_centuries(ask):
    version = meter(Aggregation.LATEST)
    store(*values(2, time="9998-12-31T23:59:59.999999Z"), *values(3, time="0002-01-01T00:00:00Z"), *values(4))
    assert ask(version) == [2]
    assert ask(version, end=datetime(9000, 1, 1, tzinfo=UTC)) == [4]
    assert ask(version, end=datetime(2000, 1, 1, tzinfo=UTC)) == [3]


def test_the_least_and_the_greatest_may_be_negative_and_exact(ask):
    least, greatest = meter(Aggregation.MIN), meter(Aggregation.MAX)
    store(*values("-0." + "0" * 37 + "1", -5, "9" * 38, "1e-38", 0))
    assert (ask(least), ask(greatest)) == ([-5], [Decimal("9" * 38)])
