"""What adds up does so to the digit: values over a million events, and days over every month with a clock change."""

import zoneinfo
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from metering.models import Batch, BatchKind, Bucket
from metering.queries.usage import query_usage, total_usage
from metering.services.meters import create_meter
from metering.services.rollups import advance_rollups
from metering.windows import WindowSize, window_edges
from tests.factories import EventFactory

AT = datetime(2026, 1, 1, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def meter(aggregation="SUM"):
    path = "" if aggregation == "COUNT" else "$.tokens"
    slug = f"tokens_{aggregation.lower()}"
    return create_meter(slug=slug, event_type="request", aggregation=aggregation, value_property=path, at=AT)


def test_a_tenth_a_million_times_is_a_hundred_thousand():
    version = meter().current_version
    with connection.cursor() as cursor:
        for number in range(100):
            batch = Batch.objects.create(kind=BatchKind.EVENTS, received_at=AT, accepted=10_000).pk
            cursor.execute(_TENTHS, {"batch": batch, "at": AT + timedelta(minutes=number)})
    # Of the parts, some are 0.1 and some "0.1"; 1,000,000 x 0.1 = 100,000
    assert total_usage(version=version, start=None, end=None) == Decimal(100_000)
    advance_rollups(limit=500_000)
    assert total_usage(version=version, start=None, end=None) == Decimal(100_000)
    while advance_rollups(limit=500_000):
        pass
    assert Bucket.objects.count() == 7
    assert total_usage(version=version, start=None, end=None) == Decimal(100_000)


_TENTHS = """
    INSERT INTO metering_event (key, source, event_id, type, subject, time, time_was_sent, data, batch_id)
    SELECT md5(%(batch)s || ' ' || number)::uuid, 'tests', %(batch)s || ' ' || number, 'request', 'acme', %(at)s, true,
           CASE number %% 2 WHEN 0 THEN '{"tokens": 0.1}' ELSE '{"tokens": "0.1"}' END::jsonb, %(batch)s
    FROM generate_series(1, 10000) AS numbers(number)
"""


def test_days_add_up_to_the_month_in_every_zone():
    versions = [meter(aggregation).current_version for aggregation in ("SUM", "COUNT")]
    random = Random(3)
    for number in range(400):
        time = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * random.randrange(365 * 96))
        EventFactory(time=time + timedelta(seconds=random.randrange(-1, 2)), data={"tokens": f"{number}.7"})
    while advance_rollups():
        pass
    for number in range(20):
        EventFactory(time=datetime(2026, 3, 29, number, 59, 59, tzinfo=UTC), data={"tokens": "0.1"})
    # Zones whose days are the same instants are one case: some 600 zones come to fewer than 100.
    zones = {_days(ZoneInfo(name)): ZoneInfo(name) for name in sorted(zoneinfo.available_timezones())}
    for (start, *_, end), zone in zones.items():
        for version in versions:
            asked = {"version": version, "start": start, "end": end}
            days = query_usage(**asked, window=(WindowSize.DAY, zone))
            [month] = query_usage(**asked, window=(WindowSize.MONTH, zone))
            assert (month.window_start, month.window_end) == (start, end)
            assert sum(day.value for day in days) == month.value == total_usage(**asked), zone
            assert sum(day.events for day in days) == month.events


def _days(zone):
    """Return the bounds of the days of the first month with a change of the clocks, else of March, in UTC."""
    first, last = datetime(2026, 2, 1, tzinfo=zone), datetime(2026, 12, 1, tzinfo=zone)
    months = list(pairwise(window_edges(size=WindowSize.MONTH, zone=zone, start=first, end=last)))
    changes = [pair for pair in months if len({edge.astimezone(zone).utcoffset() for edge in pair}) > 1]
    start, end = (changes or months[1:])[0]
    days = window_edges(size=WindowSize.DAY, zone=zone, start=start, end=end)
    return tuple(edge.astimezone(UTC) for edge in days)
