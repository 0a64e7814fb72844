"""The subjects and group values that a meter has seen: exact, whatever is rolled up, voided or stale."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metering.models import MeterVersion
from metering.queries.meter_values import group_values_of, subjects_of
from metering.services.meters import change_meter
from metering.services.rollups import advance_rollups
from tests.metering.corrected import AT, roll_up, store, tokens_meter, void
from tests.metering.doors import event
from tests.metering.usage_model import group_text

pytestmark = pytest.mark.django_db
URL = "/api/v1/meters/tokens"
BASE = datetime(2026, 1, 5, 12, tzinfo=UTC)
MODELS = ["large", "small", None, 4]
MINUTES = [0, 0, 1, 2, 5, 14, 14, 15, 16, 44]


def _event(number, chance):
    return event(
        str(number),
        subject=chance.choice(["acme", "globex"]),
        type=chance.choice(["tokens", "tokens", "tokens", "other"]),
        time=(BASE + timedelta(minutes=chance.choice(MINUTES))).isoformat(),
        data={"model": chance.choice(MODELS)},
    )


def _play(chance, meter):
    """Write, roll up, void and back-fill by chance; return the events that count."""
    sent, voided = {}, set()
    kinds = ["write", "roll up", "roll up some", "void", "void", "group"]
    for number, step in enumerate(["write", *chance.choices(kinds, [4, 4, 2, 2, 2, 1], k=chance.randint(1, 8))]):
        if step == "roll up":
            roll_up()
        elif step == "roll up some":
            advance_rollups(limit=chance.choice([1, 3]))
        elif step == "group":
            change_meter(meter_id=meter.pk, at=AT, group_by={"model": "$.model", f"g{number}": "$.g"})
        elif step == "void" and sent.keys() - voided:
            chosen = chance.choice(sorted(sent.keys() - voided))
            void(chosen)
            voided.add(chosen)
        else:
            fresh = {f"{number}-{place}": _event(f"{number}-{place}", chance) for place in range(chance.randint(1, 6))}
            store(*fresh.values())
            sent |= fresh
    return [found for key, found in sent.items() if key not in voided and found["type"] == "tokens"]


def _is_inside(found, start, end):
    return (start is None or found["time"] >= start.isoformat()) and (end is None or found["time"] < end.isoformat())


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**64))
def test_it_equals_a_plain_pass_over_raw_events(seed):
    chance = Random(seed)
    with transaction.atomic():
        meter = tokens_meter(group_by={"model": "$.model"})
        counted = _play(chance, meter)
        for _ in range(6):
            start = chance.choice([None, *(BASE + timedelta(minutes=minutes) for minutes in (0, 1, 1, 5, 10, 15))])
            length = timedelta(minutes=chance.choice([1, 4, 9, 14, 15, 30]))
            end = chance.choice([None, (start or BASE) + length, (start or BASE) + length])
            inside = [found for found in counted if _is_inside(found, start, end)]
            subjects = sorted({found["subject"] for found in inside})
            models = sorted({group_text(found["data"], "$.model") for found in inside})
            assert subjects_of(meter=meter, start=start, end=end) == subjects
            assert group_values_of(version=meter.current_version, key="model", start=start, end=end) == models
        transaction.set_rollback(True)


def test_it_reads_few_buckets_of_an_older_version_while_a_new_one_is_filled(django_assert_num_queries):
    meter = tokens_meter(group_by={"model": "$.model"})
    store(event("1", data={"model": "large"}), event("2", subject="globex", data={"model": "small"}))
    roll_up()
    change_meter(meter_id=meter.pk, at=AT, group_by={"model": "$.model", "region": "$.region"})
    assert MeterVersion.objects.filter(backfilled_at=None).exists()
    with django_assert_num_queries(2) as queries:  # the filled version, the series
        assert subjects_of(meter=meter, start=None, end=None) == ["acme", "globex"]
    assert "metering_series" in queries.captured_queries[-1]["sql"]
    assert group_values_of(version=meter.current_version, key="region", start=None, end=None) == [""]


def test_it_finds_an_event_between_the_first_and_the_last_of_a_bucket():
    meter = tokens_meter()
    store(*(event(str(minute), time=(BASE + timedelta(minutes=minute)).isoformat()) for minute in (0, 5, 14)))
    roll_up()
    for start, subjects in [(4, []), (5, ["acme"]), (6, [])]:
        low, high = BASE + timedelta(minutes=start), BASE + timedelta(minutes=start + 1)
        assert subjects_of(meter=meter, start=low, end=high) == subjects


def test_it_starts_where_the_meter_starts():
    meter = tokens_meter(event_from=BASE + timedelta(minutes=1))
    store(event("1"), event("2", subject="globex", time="2026-01-05T12:01:00Z"))
    for _ in range(2):
        assert subjects_of(meter=meter, start=None, end=None) == ["globex"]
        roll_up()


def test_the_api_lists_subjects_in_a_range(api):
    tokens_meter()
    store(event("1"), event("2", subject="a b/c", time="2026-01-05T13:00:00Z"))
    assert api.get(f"{URL}/subjects").json() == ["a b/c", "acme"]
    assert api.get(f"{URL}/subjects?from=2026-01-05T12:30:00Z").json() == ["a b/c"]
    assert api.get(f"{URL}/subjects?to=2026-01-05T13:00:00Z").json() == ["acme"]
    refused = api.get(f"{URL}/subjects?from=2026-01-05T13:00:00Z&to=2026-01-05T13:00:00Z")
    assert (refused.status_code, "to: The end" in refused.json()["detail"]) == (400, True)
    assert api.get("/api/v1/meters/nothing/subjects").status_code == 404


def test_the_api_lists_values_of_the_last_day_unless_asked_otherwise(api, time_machine):
    time_machine.move_to("2026-01-06T12:00:00Z", tick=False)
    tokens_meter(group_by={"model": "$.model"})
    store(
        event("1", data={"model": "old"}, time="2026-01-05T11:59:59Z"),
        event("2", data={"model": "large"}, time="2026-01-05T12:00:00Z"),
        event("3", data={"model": "to come"}, time="2026-01-07T12:00:00Z"),
    )
    url = f"{URL}/group-by/model/values"
    assert api.get(url).json() == ["large", "to come"]
    assert api.get(url, {"to": "2026-01-05T12:00:00Z"}).json() == ["old"]
    assert api.get(url, {"from": "2026-01-01T00:00:00Z", "to": "2026-01-06T00:00:00Z"}).json() == ["large", "old"]


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("group-by/colour/values", "This meter has no group colour. Ask for one of: model."),
        ("group-by/model/values?from=2025-10-08T11:59:59Z&to=2025-10-09T00:00:00Z", "at most 90 days ago"),
        ("group-by/model/values?from=2025-12-07T11:59:59Z", "at most 30 days at once"),
        ("group-by/model/values?from=2026-01-06T00:00:00Z&to=2026-01-05T00:00:00Z", "to: The end has to be after"),
        ("group-by/model/values?from=yesterday", "from: Write the time with an offset"),
    ],
)
def test_the_api_says_what_it_cannot_list(api, time_machine, path, says):
    time_machine.move_to("2026-01-06T12:00:00Z", tick=False)
    tokens_meter(group_by={"model": "$.model"})
    refused = api.get(f"{URL}/{path}")
    assert (refused.status_code, refused["Content-Type"]) == (400, "application/problem+json")
    assert says in refused.json()["detail"]
