"""Rows of usage, figure by figure: windows, zones, groups, subjects, filters and bounds."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from metering.ingest.decode import decode_events
from metering.ingest.writer import store_events
from metering.queries.usage import UnknownGroupKey, matching_events, query_usage, total_usage
from metering.services.meters import create_meter
from metering.services.rollups import advance_rollups
from metering.spans import Span
from metering.windows import WindowSize
from tests.metering.doors import event

AT = datetime(2026, 1, 1, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")
pytestmark = [pytest.mark.django_db, pytest.mark.parametrize("rolled_up", [False, True])]


def at(text):
    return datetime.fromisoformat(text)


def store(*events):
    decoded = decode_events(json.dumps(list(events)).encode(), "application/json", at=AT, api_key_id=None)
    return store_events(decoded, at=AT).batch_id


def meter(**changes):
    fields = {"aggregation": "SUM", "value_property": "$.tokens", "group_by": {"model": "$.model"}, **changes}
    return create_meter(slug="tokens", event_type="tokens", at=AT, **fields).current_version


@pytest.fixture
def usage(rolled_up):
    def ask(version, **query):
        if rolled_up:
            while advance_rollups():
                pass
        return query_usage(version=version, **{"start": None, "end": None, **query})

    return ask


def test_without_range_a_row_goes_from_the_first_minute_to_the_last(usage):
    version = meter()
    store(
        event("1", time="2026-01-05T12:07:31Z", data={"tokens": 1}),
        event("2", time="2026-01-07T09:59:59.5Z", data={"tokens": 2}),
    )
    [row] = usage(version)
    assert (row.window_start, row.window_end) == (at("2026-01-05T12:07:00Z"), at("2026-01-07T10:00:00Z"))
    assert (row.value, row.events, row.subject, row.group) == (Decimal(3), 2, None, {})


def test_a_row_of_a_range_goes_from_its_start_to_its_end(usage):
    version = meter()
    store(event("1", data={"tokens": 1}))
    start, end = at("2026-01-05T11:03:00Z"), at("2026-01-05T12:00:01Z")
    [row] = usage(version, start=start, end=end)
    assert (row.window_start, row.window_end) == (start, end)
    assert usage(version, start=start, end=at("2026-01-05T12:00:00Z")) == []


def test_days_are_those_of_the_zone_and_the_day_of_a_clock_change_is_shorter(usage):
    version = meter()
    # 29 March 2026 in Paris: from 23:00 UTC the day before to 22:00 UTC, 23 hours.
    for number, time in enumerate(
        ["2026-03-28T22:59:59Z", "2026-03-28T23:00:00Z", "2026-03-29T21:59:59Z", "2026-03-29T22:00:00Z"]
    ):
        store(event(str(number), time=time, data={"tokens": 10**number}))
    rows = usage(version, window=(WindowSize.DAY, PARIS))
    assert [(row.window_start, row.window_end, row.value) for row in rows] == [
        (at("2026-03-27T23:00:00Z"), at("2026-03-28T23:00:00Z"), Decimal(1)),
        (at("2026-03-28T23:00:00Z"), at("2026-03-29T22:00:00Z"), Decimal(110)),
        (at("2026-03-29T22:00:00Z"), at("2026-03-30T22:00:00Z"), Decimal(1000)),
    ]


def test_windows_at_the_edges_of_a_range_are_whole_and_their_usage_is_cut(usage):
    version = meter()
    store(*(event(str(minute), time=f"2026-01-05T12:{minute:02}:00Z", data={"tokens": 1}) for minute in (5, 20, 40)))
    [row] = usage(
        version, start=at("2026-01-05T12:10:00Z"), end=at("2026-01-05T12:30:00Z"), window=(WindowSize.HOUR, PARIS)
    )
    assert (row.window_start, row.window_end, row.value) == (at("2026-01-05T12:00:00Z"), at("2026-01-05T13:00:00Z"), 1)


def test_groups_subjects_and_filters(usage):
    version = meter()
    store(
        event("1", data={"tokens": 1, "model": "a"}),
        event("2", data={"tokens": 2, "model": "b"}),
        event("3", data={"tokens": 4}, subject="globex"),
    )
    groups = usage(version, group_by=["model"])
    assert [(row.group, row.value) for row in groups] == [({"model": ""}, 4), ({"model": "a"}, 1), ({"model": "b"}, 2)]
    assert [(row.subject, row.value) for row in usage(version, by_subject=True)] == [("acme", 3), ("globex", 4)]
    assert [row.value for row in usage(version, filters={"model": ["a", ""]})] == [5]
    assert usage(version, subjects=["nobody"]) == []
    assert usage(version, subjects=[]) == []


def test_spans_count_in_event_time_and_overlapping_ones_once(usage):
    version = meter()
    store(
        *(
            event(str(hour), time=f"2026-01-05T{hour:02}:00:00Z", data={"tokens": 10**place})
            for place, hour in enumerate([9, 10, 11])
        )
    )
    ten, eleven = at("2026-01-05T10:00:00Z"), at("2026-01-05T11:00:00Z")
    assert [row.value for row in usage(version, spans=[Span("acme", ten, eleven)])] == [10]
    assert [row.value for row in usage(version, spans=[Span("acme", None, eleven), Span("acme", ten, None)])] == [111]
    assert usage(version, spans=[]) == []


def test_sum_leaves_out_bad_values_and_groups_that_have_no_other(usage):
    version = meter()
    store(event("1", data={"tokens": "0.1"}), event("2", data={"tokens": "NaN"}), event("3", data={"model": "a"}))
    [row] = usage(version, group_by=["model"])
    assert (row.group, row.value, row.events) == ({"model": ""}, Decimal("0.1"), 2)


def test_count_counts_every_event_of_the_type(usage):
    version = meter(aggregation="COUNT", value_property="")
    store(event("1", data=None), event("2", data={"tokens": "NaN"}), event("3", type="other"))
    assert [row.value for row in usage(version)] == [2]


def test_events_before_event_from_do_not_count(usage):
    version = meter(event_from=at("2026-01-05T12:00:00Z"))
    store(event("1", time="2026-01-05T11:59:59.999999Z"), event("2", time="2026-01-05T12:00:00Z"))
    assert [row.value for row in usage(version)] == [10]
    assert matching_events(version=version, start=None, end=None).count() == 1


def test_at_a_bound_usage_is_what_it_was_then(usage):
    version = meter()
    first = store(event("1", data={"tokens": 1}))
    store(event("2", data={"tokens": 2}))
    assert [row.value for row in usage(version, bound=first)] == [1]
    assert [row.value for row in usage(version)] == [3]
    assert total_usage(version=version, start=None, end=None, bound=first - 1) == 0


def test_sums_keep_all_digits(usage):
    version = meter()
    store(event("1", data={"tokens": "9" * 38}), event("2", data={"tokens": "0." + "0" * 37 + "1"}))
    # 38 digits before the point and 38 after it
    assert usage(version)[0].value == Decimal("9" * 38 + "." + "0" * 37 + "1")


def test_it_finds_windows_of_events_that_are_centuries_apart(usage):
    version = meter()
    store(event("1", time="0002-01-01T00:00:00Z"), event("2", time="9998-12-31T23:59:59Z"))
    rows = usage(version, window=(WindowSize.DAY, ZoneInfo("America/New_York")))
    assert [row.value for row in rows] == [10, 10]
    assert [row.window_start.year for row in rows] == [1, 9998]


def test_it_names_the_groups_there_are(usage):
    with pytest.raises(UnknownGroupKey, match="model"):
        usage(meter(), group_by=["region"])
