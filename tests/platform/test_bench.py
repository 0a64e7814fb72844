"""The bench: its report, and each of its parts on few events."""

import shutil
from datetime import UTC, datetime

import pytest

from billing_site.bench import billing, load, reads, report, volume
from billing_site.bench.installation import Installation
from billing_site.bench.memory import memory_of
from metering.models import Batch, Bucket, Event

START = datetime(2026, 1, 1, tzinfo=UTC)
MEASURED = {
    "noop": 20_000.0,
    "twin": 500.0,
    "lane": 6_000.0,
    "copy": 100_000.0,
    "batches": 45_000.0,
    "rollup": 30_000.0,
    "few": 1_000_000,
    "many": 10_000_000,
    "month_few_p50": 5.0,
    "month_few_p95": 10.0,
    "month_many_p50": 6.0,
    "month_many_p95": 16.0,
    "batched_rate": 2_000.0,
    "value_batched_p50": 5.0,
    "value_batched_p99": 9.5,
    "least_batched_p99": 3.8,
    "single_rate": 1_990.0,
    "value_single_p50": 6.0,
    "value_single_p99": 12.0,
    "least_single_p99": 4.0,
    "misses": 0,
    "posts": 600,
    "few_customers": 1_000,
    "many_customers": 10_000,
    "billed_few": 60.0,
    "billed_many": 45.0,
    "proportional": 230.5,
    "resident": 580.0,
}


def test_it_compares_each_figure_with_its_limit():
    found = {row.name: (row.measured, row.ratio, row.is_reached) for row in report.figures(MEASURED)}
    assert found["single events, lane, 64 connections"] == (6_000, 0.75, False)
    assert found["... of a no-op POST"] == (0.3, 1.2, True)  # 6,000 / 20,000 of at least 0.25
    assert found["... of the Django view"] == (12, 1.5, True)  # 6,000 / 500 of at least 8
    assert found["... of COPY"] == (0.45, 1.5, True)  # 45,000 / 100,000 of at least 0.3
    assert found["a subject's month by day, 10 M events, p95"] == (16, 0.8, True)
    assert found["... of the p95 at 1 M"][0] == 1.6  # 16 / 10, and at most 1.5
    assert found["... of the p95 at 1 M"][2] is False
    assert found["no-op POST, 64 connections"] == (20_000, None, None)
    run = "billing run, 5 usage lines an invoice, rendering left out,"
    assert found[f"{run} 1,000 customers"] == (60, 1.2, True)  # 60 of at least 50
    assert found[f"{run} 10,000 customers"] == (45, 0.9, False)
    assert found["... of the rate with 1,000"][0] == 0.75  # 45 / 60, and at least 0.8
    assert found["... how many times that view's p99 the value's is"] == (3, None, None)  # 12 / 4
    assert found["reads that miss an event just posted, of 600"] == (0, None, True)


def test_it_prints_a_line_for_each_figure():
    lines = report.table(report.figures(MEASURED)).splitlines()
    assert len({len(line) for line in lines}) == 1
    words = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    assert words[0] == ["what", "measured", "limit", "of limit", "verdict"]
    assert ["single events, lane, 64 connections", "6,000/s", "at least 8,000/s", "0.75", "missed"] in words
    value = "usage value, 10 M events, while 1,990/s arrive singly, p99"
    assert [value, "12 ms", "at most 10 ms", "1.20", "missed"] in words
    held = "memory of web and worker, shared pages once (PSS)"
    assert [held, "230 MB", "at most 500 MB", "0.46", "reached"] in words
    assert ["no-op POST, 64 connections", "20,000/s", "", "", ""] in words


def test_it_writes_the_same_figures_as_json():
    shown = report.as_json(report.figures(MEASURED))
    assert "cores" in shown["machine"]
    assert shown["figures"][2] == {
        "name": "single events, lane, 64 connections",
        "measured": 6_000,
        "unit": "/s",
        "limit": 8_000,
        "is_most": False,
        "ratio": 0.75,
        "is_reached": False,
    }


def test_it_takes_the_smallest_value_that_a_share_does_not_exceed():
    values = [float(number) for number in range(1, 101)]
    assert [report.percentile(values, share) for share in (0.5, 0.95, 0.99, 1)] == [50, 95, 99, 100]
    assert report.percentile([7.0], 0.5) == 7


@pytest.mark.django_db(transaction=True)
def test_it_makes_events_whose_buckets_equal_them():
    volume.make_meter(at=START)
    volume.fill(0, 3_000, start=START)
    volume.fill(3_000, 5_000, start=START)
    assert Event.objects.count() == 5_000
    assert set(Batch.objects.filter(accepted__gt=0).values_list("accepted", "is_rolled_up")) == {
        (3_000, True),
        (2_000, True),
    }
    Bucket.objects.filter(pk=Bucket.objects.earliest("pk").pk).update(sum=-1)
    with pytest.raises(volume.NotEqual):
        volume.check([], start=START)


@pytest.mark.django_db(transaction=True)
def test_it_bills_everybody_whom_it_made():
    assert all(rate > 0 for rate in billing.invoice_rates([2, 3]))


def test_it_reads_what_it_posted_and_sees_the_memory(live_billing):
    installation = Installation(live_billing.data_dir, live_billing.url, live_billing.api_key, live_billing.pid)
    body = b'{"slug":"bench_volume","eventType":"bench_volume","aggregation":"SUM","valueProperty":"$.tokens"}'
    assert live_billing.request("/api/v1/meters", body, content_type="application/json").status == 201
    with reads.client_of(installation) as client:
        data = {"id": "1", "source": "bench", "type": volume.METER, "subject": "subject-0", "data": {"tokens": 2}}
        client.post({**data, "time": START.isoformat()})
    assert len(reads.months_by_day(installation, start=START, events=10_000, times=5)) == 5
    found, least = reads.values(installation, start=START, events=10_000, seconds=0.5)
    assert len(found) == len(least) > 0
    assert reads.misses(installation, 5) == 0
    held = memory_of(live_billing.pid)
    assert 20 < held.proportional < held.resident


@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk, which makes the load, is not installed")
def test_it_posts_at_the_pace_that_was_asked_for(live_billing):
    installation = Installation(live_billing.data_dir, live_billing.url, live_billing.api_key, live_billing.pid)
    arriving = load.arriving(installation, rate=100, seconds=2, size=10, kind="bench_pace", subjects=3)
    with arriving as rate:
        assert 0 < rate() <= 120
    assert load.post(live_billing.url, key=live_billing.api_key, seconds=1, connections=2) > 0
