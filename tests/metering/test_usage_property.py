"""Usage equals a plain pass over raw events: whatever came, in whatever order, and however far roll-up has got."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metering.ingest.decode import decode_events
from metering.ingest.writer import write_events
from metering.queries.usage import SubjectSpan, matching_events, query_usage, total_usage
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

# Near edges of minutes, quarter hours, hours and days, where mistakes hide; few quarter hours, so that things meet.
QUARTERS = [0, 1, 1, 1, 2, 2, 2, 3, 4, 96, 97, 98]
MICROSECONDS = [-1, 0, 1, 59_999_999, 60_000_000, 61_000_000, 449_000_000, 899_999_999]


class Chance:
    """Scenarios and questions by one random generator: evenly spread, which Hypothesis's own lists are not."""

    def __init__(self, seed):
        self._random = Random(seed)
        self._choice = self._random.choice

    def steps(self):
        kinds = [
            self._events,
            self._events,
            lambda: ("roll up", self._choice([1, 5, 10, 40])),
            lambda: ("new meter", None),
        ]
        chosen = self._random.choices(kinds, [4, 4, 5, 1], k=self._random.randint(4, 12))
        return [self._events(), *(kind() for kind in chosen)]

    def query(self):
        return {
            "start": self._choice([None, self._time()]),
            "end": self._choice([None, self._time()]),
            "spans": self._choice([None, None, [self._span() for _ in range(self._random.randint(1, 4))]]),
            "subjects": self._choice([None, None, None, self._random.sample(SUBJECTS, self._random.randint(0, 2))]),
            "filters": self._choice([None, None, {"model": self._random.sample(["gpt-4o", "", "4", "true"], 2)}]),
            "group_by": self._choice([[], ["model"], ["region", "model"]]),
            "by_subject": self._choice([True, False]),
            "window": self._choice([None, (self._choice(list(WindowSize)), self._choice(ZONES))]),
            "bound": self._choice([None, self._random.randint(0, 12)]),
        }

    def _time(self):
        return BASE + timedelta(minutes=15 * self._choice(QUARTERS), microseconds=self._choice(MICROSECONDS))

    def _span(self):
        ends = sorted([self._time(), self._time()])
        return SubjectSpan(self._choice(SUBJECTS), self._choice([None, ends[0]]), self._choice([None, ends[1]]))

    def _events(self):
        return [self._event() for _ in range(self._random.randint(1, 10))]

    def _event(self):
        data = {
            "model": self._choice(MODELS),
            "region": self._choice(["eu", "us"]),
            "usage": {"tokens": self._choice(VALUES)},
        }
        kept = {name: value for name, value in data.items() if self._random.random() < 0.8}
        return {
            "id": str(self._random.randint(0, 40)),
            "source": self._choice(["one", "two"]),
            "type": self._choice(["tokens", "tokens", "tokens", "other"]),
            "subject": self._choice(SUBJECTS),
            "time": self._time(),
            "data": self._choice([kept, kept, kept, None]),
        }


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
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**64))
def test_it_equals_a_plain_pass_over_raw_events(seed):
    chance = Chance(seed)
    with transaction.atomic():
        versions, stored, batches = play(chance.steps())
        for query in [chance.query() for _ in range(8)]:
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
