"""Usage equals a plain pass over raw events: whatever came, in whatever order, and however far roll-up has got."""

from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metering.audit import CHECKS, Scope
from metering.models import Aggregation, Batch, Bucket, MeterVersion
from metering.queries.usage import matching_events, query_usage, total_usage
from metering.services.rollups import advance_rollups
from tests.metering.usage_chance import AT, Chance
from tests.metering.usage_history import History
from tests.metering.usage_model import expected_usage

pytestmark = pytest.mark.django_db
COUNTING = (Aggregation.COUNT, Aggregation.UNIQUE_COUNT)


def examples(count):
    checks = [HealthCheck.function_scoped_fixture]
    return lambda test: settings(max_examples=count, deadline=None, suppress_health_check=checks)(
        given(seed=st.integers(0, 2**64))(test)
    )


@examples(30)
def test_it_equals_a_plain_pass_over_raw_events(seed):
    chance = Chance(seed)
    with transaction.atomic():
        history = History(chance.steps())
        for query in [chance.query() for _ in range(8)]:
            query = {**query, "bound": history.bound(query["bound"])}
            for version in history.versions:
                expected = expected_usage(history.events, version, **query)
                assert query_usage(version=version, **query) == expected
                assert query_usage(version=version, **query, from_events_only=True) == expected
                _check_total_and_events(version, history.events, query)
        transaction.set_rollback(True)


def _check_total_and_events(version, stored, query):
    chosen = {key: query[key] for key in ("start", "end", "spans", "filters", "bound")}
    whole = expected_usage(stored, version, **chosen, subjects=None, group_by=(), by_subject=False, window=None)
    assert total_usage(version=version, **chosen) == (whole[0].value if whole else Decimal(0))
    if whole or version.meter.aggregation in COUNTING:
        assert matching_events(version=version, **chosen).count() == sum(row.events for row in whole)


@examples(15)
def test_what_happens_later_changes_nothing_at_an_earlier_bound(seed):
    chance = Chance(seed)
    with transaction.atomic():
        steps = chance.steps()
        before, after = steps[: len(steps) // 2 + 1], steps[len(steps) // 2 + 1 :]
        history = History(before)
        bound, versions = history.batches[-1], list(history.versions)
        queries = [{**chance.query(), "bound": bound} for _ in range(4)]
        told = [query_usage(version=version, **query) for query in queries for version in versions]
        for step in after:
            history.go_on([step])
            assert [query_usage(version=version, **query) for query in queries for version in versions] == told
        _catch_up()
        assert [query_usage(version=version, **query) for query in queries for version in versions] == told
        transaction.set_rollback(True)


@examples(15)
def test_the_audit_finds_nothing_at_any_moment(seed):
    with transaction.atomic():
        history = History([])
        for step in Chance(seed).steps():
            history.go_on([step])
            assert [finding for check in CHECKS for finding in check.find(Scope(at=AT))] == []
        _catch_up()
        assert [finding for check in CHECKS for finding in check.find(Scope(at=AT))] == []
        assert not Bucket.objects.filter(is_stale=True).exists()
        assert not Batch.objects.pending().exists()
        assert not MeterVersion.objects.filter(backfilled_at=None).exists()
        transaction.set_rollback(True)


def _catch_up():
    while advance_rollups(limit=7):
        pass
