"""Filters on a time, as the lists of events take them."""

from datetime import UTC, datetime

import pytest

from metering.filter_time import between, parse_time_filter

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def sql(raw, depth=1):
    return parse_time_filter(raw, depth=depth).sql("event.time", "time")


def test_a_comparison_is_one_condition():
    assert sql({"$gte": "2026-01-05T13:00:00+01:00"}) == ("event.time >= %(time)s", {"time": NOON})


def test_several_comparisons_have_all_to_hold():
    text, parameters = sql({"$gt": "2026-01-05T12:00:00Z", "$lte": "2026-01-05t12:00:00z"})
    assert text == "(event.time > %(time_0)s AND event.time <= %(time_1)s)"
    assert parameters == {"time_0": NOON, "time_1": NOON}


def test_and_and_or_combine():
    text, _ = sql({"$or": [{"$lt": "2026-01-01T00:00:00Z"}, {"$gte": "2026-02-01T00:00:00Z", "$lt": None}]})
    assert text == "(event.time < %(time_0)s OR event.time >= %(time_1)s)"


def test_a_range_is_half_open_and_without_ends_there_is_no_condition():
    assert between(NOON, NOON).sql("at", "x") == ("(at >= %(x_0)s AND at < %(x_1)s)", {"x_0": NOON, "x_1": NOON})
    assert between(None, NOON).sql("at", "x")[0] == "(at < %(x_0)s)"
    assert between(None, None) is None


@pytest.mark.parametrize(
    "raw",
    [
        "2026-01-01T00:00:00Z",
        {},
        {"$gte": None},
        {"$eq": "2026-01-01T00:00:00Z"},
        {"$gte": "2026-01-01"},
        {"$gte": "2026-01-01T00:00:00"},
        {"$gte": "2026-13-01T00:00:00Z"},
        {"$gte": "0001-01-01T00:00:00+10:00"},
        {"$gte": 1},
        {"$and": []},
        {"$and": {"$gte": "2026-01-01T00:00:00Z"}},
        {"$and": [{"$or": [{"$gte": "2026-01-01T00:00:00Z"}]}]},
        {"$and": [{"$gte": "2026-01-01T00:00:00Z"}] * 101},
    ],
)
def test_it_refuses_what_states_no_condition_on_a_time(raw):
    with pytest.raises(ValueError, match=r"\.$"):
        parse_time_filter(raw, depth=1)
