"""An hour of real LLM requests, imported by the command, against a plain sum over the file."""

import csv
import shutil
from collections import Counter
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from metering.models import Event
from metering.queries.usage import query_usage, total_usage
from metering.services.meters import create_meter
from metering.services.rollups import advance_rollups
from metering.windows import WindowSize
from tests.factories import START
from tests.metering.imports import counts, run
from tests.scenarios.test_real_requests import TRACE

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not TRACE.exists(), reason=f"There is no {TRACE.name} beside the checkout."),
]


@pytest.mark.parametrize("is_rolled_up", [True, False])
def test_usage_is_the_plain_sum_of_the_file_however_often_it_is_imported(tmp_path, is_rolled_up):
    path = shutil.copy(TRACE, tmp_path / "trace.csv")
    meters = {
        column: create_meter(
            slug=slug, event_type="llm", aggregation="SUM", value_property=f"$.tokens.{slug}", at=START
        ).current_version
        for column, slug in (("ContextTokens", "context"), ("GeneratedTokens", "generated"))
    }
    pairs = ("--data", "tokens.context=ContextTokens", "tokens.generated=GeneratedTokens")
    for _ in range(2):
        done = run(path, "--subject", "acme", *pairs)
        assert done.error is None
        assert done.out.splitlines()[-1] == counts(accepted=8819)
    while is_rolled_up and advance_rollups():
        pass

    with TRACE.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == Event.objects.count() == 8819
    for column, version in meters.items():
        assert total_usage(version=version, start=None, end=None) == sum(int(row[column]) for row in rows)
        minutes = Counter()
        for row in rows:
            minutes[datetime.fromisoformat(row["TIMESTAMP"][:16]).replace(tzinfo=UTC)] += int(row[column])
        found = query_usage(version=version, start=None, end=None, window=(WindowSize.MINUTE, ZoneInfo("UTC")))
        assert {row.window_start: row.value for row in found} == minutes
