from datetime import timedelta
from decimal import Decimal

import pytest

from metering.queries import meter_preview
from metering.queries.backfill import Backfill, backfill_of, with_backfill
from metering.queries.meter_preview import PreviewTakesTooLong, preview_meter
from metering.queries.recent import SeenField, SeenType, recent_fields, recent_types
from metering.queries.usage import query_usage
from metering.services.meters import InvalidMeter, create_meter, draft_version
from metering.services.rollups import advance_rollups
from tests.factories import START, BatchFactory, EventFactory, EventVoidFactory

pytestmark = pytest.mark.django_db
END = START + timedelta(days=7)


def events(*values, day=0, model="large"):
    return [
        EventFactory(time=START + timedelta(days=day, minutes=minute), data={"tokens": value, "model": model})
        for minute, value in enumerate(values)
    ]


def draft(**changes):
    measure = {"event_type": "request", "aggregation": "SUM", "value_property": "$.tokens"}
    return draft_version(**{**measure, "group_by": {"model": "$.model"}, **changes})


@pytest.mark.parametrize("aggregation", ["SUM", "AVG", "MIN", "MAX", "LATEST", "UNIQUE_COUNT", "COUNT"])
def test_it_is_what_the_meter_measures_once_it_is_saved(aggregation):
    events(10, "2.5", "n/a", 10)
    events(7, day=2, model="small")
    EventVoidFactory(event_key=events(1000, day=3)[0].key)
    EventFactory(type="other", data={"tokens": 9})
    measure = {"aggregation": aggregation, "value_property": "" if aggregation == "COUNT" else "$.tokens"}
    found = preview_meter(version=draft(**measure), start=START, end=END)
    meter = create_meter(slug="tokens", event_type="request", group_by={"model": "$.model"}, at=START, **measure)
    while advance_rollups():
        pass
    saved = meter.current_version
    [total] = query_usage(version=saved, start=START, end=END)
    assert found.total == total
    assert found.events == total.events == 5
    assert found.groups == {"model": query_usage(version=saved, start=START, end=END, group_by=["model"])}
    assert [day.window_start for day in found.days] == [START, START + timedelta(days=2)]
    assert not found.is_cut


def test_it_names_bad_values_with_an_example():
    _, _, newest = events(10, None, "n/a")
    EventVoidFactory(event_key=events("void", day=1)[0].key)
    bad = preview_meter(version=draft(), start=START, end=END).bad
    assert (bad.events, bad.example, bad.problem) == (2, newest, "value cannot be parsed as float64: n/a")
    assert preview_meter(version=draft(aggregation="COUNT", value_property=""), start=START, end=END).bad is None


def test_it_counts_events_that_all_have_bad_values():
    events("x", "y")
    found = preview_meter(version=draft(), start=START, end=END)
    assert (found.total, found.events, found.groups) == (None, 2, {"model": []})


def test_it_reads_the_last_events_alone_where_there_are_too_many(monkeypatch):
    monkeypatch.setattr(meter_preview, "MOST_EVENTS", 3)
    events(1, 1)
    events(10, 20, 30, day=1)
    found = preview_meter(version=draft(), start=START, end=END)
    # The fourth newest is of 00:01 on the first day, so it starts an hour later.
    assert (found.start, found.is_cut, found.total.value) == (START + timedelta(hours=1), True, Decimal(60))


def test_it_says_that_it_takes_too_long(monkeypatch):
    monkeypatch.setattr(meter_preview, "_TIMEOUT", "1ms")
    monkeypatch.setattr(meter_preview, "query_usage", lambda **_: list(EventFactory._meta.model.objects.raw(_SLOW)))
    with pytest.raises(PreviewTakesTooLong, match="Choose fewer days"):
        preview_meter(version=draft(), start=START, end=END)
    assert recent_types() == []


_SLOW = "SELECT *, pg_sleep(5) FROM generate_series(1, 2) AS key"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"event_type": ""}, "Name the event type"),
        ({"value_property": ""}, "A SUM meter needs a value property"),
        ({"value_property": "tokens"}, r"has to start with \$"),
        ({"group_by": {"subject": "$.a"}}, "Every meter can be grouped by subject"),
    ],
)
def test_it_refuses_what_no_meter_could_be(changes, sentence):
    with pytest.raises(InvalidMeter, match=sentence):
        draft(**changes)


def test_it_shows_the_types_and_the_data_that_came_last():
    events(10, "n/a")
    last = EventFactory(type="odd", data={"a b": 1, "1": 2, "deep": {"in": "1.5", "list": [1]}, "it's": None})
    assert recent_types() == [
        SeenType("request", 2, START + timedelta(minutes=1)),
        SeenType("odd", 1, last.time),
    ]
    assert {field.path: field for field in recent_fields("odd")} == {
        "$['a b']": SeenField("$['a b']", 1, 1, "1"),
        "$.deep.in": SeenField("$.deep.in", 1, 1, "1.5"),
        "$.deep.list": SeenField("$.deep.list", 1, 0, "[1]"),
        '$["it\'s"]': SeenField('$["it\'s"]', 1, 0, ""),
    }
    assert recent_fields("none") == []


def test_it_says_how_far_a_back_fill_is():
    batches = [BatchFactory(accepted=5), BatchFactory(accepted=0), BatchFactory(accepted=7)]
    for batch in (batches[0], batches[2]):
        EventFactory(batch=batch)
    version = create_meter(slug="tokens", event_type="request", aggregation="COUNT", at=START).current_version
    [found] = with_backfill(version.meter.versions.all())
    assert backfill_of(found) == Backfill(done=0, total=version.floor_batch, events_left=12, has_more=False)
    advance_rollups(limit=5)
    [found] = with_backfill(version.meter.versions.all())
    assert backfill_of(found) == Backfill(batches[0].pk, version.floor_batch, events_left=7, has_more=False)
    while advance_rollups():
        pass
    assert [backfill_of(found) for found in with_backfill(version.meter.versions.all())] == [None]
