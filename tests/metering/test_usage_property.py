"""Usage equals a plain pass over raw events: whatever came, in whatever order, and however far roll-up has got."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metering.ingest.decode import decode_events
from metering.ingest.writer import write_events
from metering.queries import SubjectSpan, matching_events, query_usage, total_usage
from metering.services.meters import create_meter
from metering.services.rollups import advance_rollups
from metering.windows import WindowSize
from tests.metering.usage_model import Stored, expected_usage

AT = datetime(2026, 4, 1, tzinfo=UTC)
# The clocks of Paris go forward at 01:00 UTC on 29 March 2026; Kathmandu is 5:45 ahead of UTC.
BASE = datetime(2026, 3, 28, 22, tzinfo=UTC)
ZONES = [
    ZoneInfo(name) for name in ("UTC", "Europe/Paris", "Asia/Kathmandu", "America/Los_Angeles", "Australia/Lord_Howe")
]
SUBJECTS = ["acme", "ü" * 1500]
VALUES = [0, 1, 7, -2, "12.5", "1e3", "0.1", " 12 ", "NaN", None, True, [1], 10**37, "9" * 38 + ".5"]
MODELS = ["gpt-4o", "gpt-4o", "", None, 4, True]

# Near edges of minutes, quarter hours, hours and days, where mistakes hide.
times = st.builds(
    lambda quarters, extra: BASE + timedelta(minutes=15 * quarters, microseconds=extra),
    # Few quarter hours, so that events, edges of ranges and batches meet in one; a day on, others.
    st.integers(0, 5) | st.integers(0, 5) | st.integers(96, 100),
    st.sampled_from([-1, 0, 1, 59_999_999, 60_000_000, 61_000_000, 449_000_000, 899_999_999]),
)
events = st.fixed_dictionaries(
    {
        "id": st.integers(0, 40).map(str),
        "source": st.sampled_from(["one", "two"]),
        "type": st.sampled_from(["tokens", "tokens", "tokens", "other"]),
        "subject": st.sampled_from(SUBJECTS),
        "time": times,
        "data": st.one_of(
            st.none(),
            st.fixed_dictionaries(
                {},
                optional={
                    "usage": st.fixed_dictionaries({"tokens": st.sampled_from(VALUES)}),
                    "model": st.sampled_from(MODELS),
                    "region": st.sampled_from(["eu", "us"]),
                },
            ),
        ),
    }
)
writing = st.lists(events, min_size=4, max_size=12)
rolling_up = st.integers(1, 40).map(lambda limit: ("roll up", limit))
steps = st.lists(writing | writing | rolling_up | rolling_up | st.just(("new meter", None)), min_size=5, max_size=14)
spans = st.lists(
    st.builds(SubjectSpan, st.sampled_from(SUBJECTS), st.none() | times, st.none() | times), min_size=1, max_size=4
)
queries = st.fixed_dictionaries(
    {
        "start": st.none() | times,
        "end": st.none() | times,
        "spans": st.none() | spans,
        "subjects": st.none() | st.none() | st.lists(st.sampled_from(SUBJECTS), max_size=2),
        "filters": st.none()
        | st.none()
        | st.fixed_dictionaries({"model": st.lists(st.sampled_from(["gpt-4o", "", "4", "true"]), min_size=1)}),
        "group_by": st.lists(st.sampled_from(["model", "region"]), unique=True),
        "by_subject": st.booleans(),
        "window": st.none() | st.tuples(st.sampled_from(list(WindowSize)), st.sampled_from(ZONES)),
        "bound": st.none() | st.integers(0, 14),
    }
)


def play(steps):
    """Carry the steps out; return the meters' versions, what was accepted, and the batch ids."""
    groups = {"model": "$.model", "region": "$.region"}
    meters = [_meter("tokens_first", groups, "SUM")]
    accepted, batches = {}, []
    for step in steps:
        match step:
            case ("roll up", limit):
                advance_rollups(limit=limit)
            case ("new meter", _):
                kind = "COUNT" if len(meters) % 2 else "SUM"
                meters.append(_meter(f"tokens_{len(meters)}", groups, kind, event_from=BASE + timedelta(hours=3)))
            case _:
                batches.append(_write(step))
                for event in step:
                    stored = Stored(batches[-1], event["type"], event["subject"], event["time"], event["data"])
                    accepted.setdefault((event["source"], event["id"]), stored)
    return [meter.current_version for meter in meters], list(accepted.values()), batches


def _meter(slug, groups, aggregation, event_from=None):
    path = "$.usage.tokens" if aggregation == "SUM" else ""
    return create_meter(
        slug=slug, event_type="tokens", aggregation=aggregation, value_property=path, group_by=groups, at=AT,
        event_from=event_from,
    )  # fmt: skip


def _write(step):
    body = json.dumps([{**event, "time": event["time"].isoformat()} for event in step]).encode()
    decoded = decode_events(body, "application/json", at=AT, api_key_id=None)
    with connection.cursor() as cursor:
        return write_events(cursor, decoded, at=AT).batch_id


@pytest.mark.django_db
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps, asked=st.lists(queries, min_size=4, max_size=8))
def test_it_equals_a_plain_pass_over_raw_events(steps, asked):
    with transaction.atomic():
        versions, stored, batches = play(steps)
        for query in asked:
            place = query["bound"]
            query = {**query, "bound": batches[place % len(batches)] if batches and place is not None else None}
            for version in versions:
                expected = expected_usage(stored, version, **query)
                assert query_usage(version=version, **query) == expected
                assert query_usage(version=version, **query, from_events_only=True) == expected
                _check_total_and_events(version, stored, query)
        transaction.set_rollback(True)


def _check_total_and_events(version, stored, query):
    chosen = {key: query[key] for key in ("start", "end", "spans", "filters", "bound")}
    whole = expected_usage(stored, version, **chosen, subjects=None, group_by=(), by_subject=False, window=None)
    assert total_usage(version=version, **chosen) == (whole[0].value if whole else Decimal(0))
    count = sum(row.events for row in whole)
    if whole or version.meter.aggregation == "COUNT":
        assert matching_events(version=version, **chosen).count() == count
