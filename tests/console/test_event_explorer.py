"""The explorer of events: what became of each, filters that use an index, and the page of one event."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from metering.admin import event_verdicts
from metering.admin.display import Panel
from metering.services.amendments import amend_event
from tests.factories import START, EventFactory, MeterVersionFactory, SubjectLinkFactory

URL = reverse("admin:metering_event_changelist")
NOW = START + timedelta(days=2)


@pytest.fixture(autouse=True)
def _today(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def metered(db):
    SubjectLinkFactory(subject__key="acme", customer__name="Acme")
    return MeterVersionFactory(meter__slug="tokens", meter__event_type="llm_tokens").meter


def listed(console, **query):
    return [event.event_id for event in console.get(URL, query).context["cl"].result_list]


def shown(console, event):
    page = console.get(reverse("admin:metering_event_change", args=(event.pk,))).content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_each_row_says_in_words_what_became_of_it(console, metered):
    EventFactory(type="llm_tokens", subject="acme", time=NOW)
    EventFactory(type="llm_token", subject="Acme", time=NOW - timedelta(hours=1))
    page = console.get(URL)
    verdicts = [event.verdict.outcomes for event in page.context["cl"].result_list]
    assert verdicts == [("counted",), ("no_meter", "no_customer")]
    for words in ("Counted", "No meter", "No customer", "Did you mean llm_tokens or acme?"):
        assert words in page.content.decode()


def test_it_filters_by_verdict_within_the_last_24_hours_and_says_so(console, metered):
    for name, time in (("old", NOW - timedelta(hours=24, seconds=1)), ("new", NOW - timedelta(hours=24))):
        EventFactory(event_id=name, type="llm_tokens", subject="acme", time=time)
    EventFactory(event_id="bad", type="llm_tokens", subject="acme", data={"tokens": "NaN"}, time=NOW)
    assert listed(console, verdict="counted") == ["new"]
    assert listed(console, verdict="bad_value") == ["bad"]
    assert listed(console, verdict="void") == []
    assert "Verdicts are looked for in the last 24 hours" in console.get(URL, {"verdict": "void"}).content.decode()
    assert "Verdicts are looked for" not in console.get(URL).content.decode()


def test_a_chosen_time_takes_the_place_of_the_24_hours_up_to_31_days(console, metered):
    for days in (0, 3, 40):
        EventFactory(event_id=f"{days}", type="llm_tokens", subject="acme", time=NOW - timedelta(days=days))
    since = {"verdict": "counted", "time_from_0": "2025-12-30", "time_from_1": "00:00:00"}
    assert listed(console, **since) == ["0", "3"]
    assert "Verdicts are looked for" not in console.get(URL, since).content.decode()
    longer = console.get(URL, since | {"time_from_0": "2025-11-01"})
    assert [event.event_id for event in longer.context["cl"].result_list] == ["0", "3"]
    assert "Verdicts are looked for in 31 days at most" in longer.content.decode()
    before = {"verdict": "counted", "time_to_0": "2025-12-31", "time_to_1": "00:00:01"}
    assert listed(console, **before) == ["3"]


def test_it_filters_by_time_half_open_and_by_whole_days(console, db):
    for name, time in (("a", START), ("b", START + timedelta(hours=12)), ("c", START + timedelta(days=1))):
        EventFactory(event_id=name, time=time)
    assert listed(console, time_from_0="2026-01-01", time_to_0="2026-01-01") == ["b", "a"]
    noon = {"time_from_0": "2026-01-01", "time_from_1": "12:00:00"}
    assert listed(console, **noon) == ["c", "b"]
    assert listed(console, time_to_0="2026-01-01", time_to_1="12:00:00") == ["a"]
    assert listed(console, time_from_0="yesterday") == []


def test_a_subject_is_found_by_its_index_alone(console, django_assert_max_num_queries):
    EventFactory(event_id="wanted", subject="acme")
    EventFactory(event_id="other")
    for query in ({"subject": "acme"}, {"q": "acme"}):
        with django_assert_max_num_queries(15) as queries:
            assert listed(console, **query) == ["wanted"]
        [page] = [query["sql"] for query in queries if 'ORDER BY "metering_event"."time" DESC' in query["sql"]]
        assert "hashtextextended" in page
        assert "COUNT(" not in page
    assert listed(console, q="other") == ["other"]
    assert listed(console, q="nothing") == []


def test_an_event_says_what_each_meter_took_and_whose_it_is(console, metered):
    page = shown(console, EventFactory(type="llm_tokens", subject="acme", data={"tokens": "1234.50", "model": "large"}))
    assert "It is in the usage of Acme" in page
    assert "tokens Sum 1,234.5 model: large" in page


def test_it_shows_times_to_the_second_and_never_offers_to_count(console, db):
    for microsecond in (0, 120_000):
        EventFactory(time=START.replace(second=7, microsecond=microsecond))
    page = console.get(URL, {"verdict": "counted"}).content.decode()
    assert "Show counts" not in page
    times = re.findall(r"2026-01-01 00:00:07(?:\.\d+)?", console.get(URL).content.decode())
    assert times == ["2026-01-01 00:00:07.12", "2026-01-01 00:00:07"]


def test_an_event_says_why_a_meter_took_nothing(console, metered):
    page = shown(console, EventFactory(type="llm_tokens", subject="acme", data={"tokens": "Inf"}))
    assert "Not every meter could read its value" in page
    assert "value cannot be infinity" in page


def test_an_event_of_an_unknown_type_offers_the_closest_types(console, metered):
    page = shown(console, EventFactory(type="llm-tokens", subject="acme"))
    assert "No meter counts events of type llm-tokens. Did you mean llm_tokens ?" in page


def test_a_void_event_says_by_whom_and_why_and_what_stands_in_its_place(console, metered):
    event = EventFactory(type="llm_tokens", subject="acme")
    amend_event(
        source=event.source,
        event_id=event.event_id,
        replacement={"type": "llm_tokens", "subject": "acme", "time": "2026-01-01T00:00:00Z", "data": {"tokens": 1}},
        reason="Ten times too much",
        at=NOW,
    )
    page = shown(console, event)
    assert "Void Ten times too much" in page
    assert f"{event.event_id}/amended-1" in page


def test_a_higher_layer_adds_its_own_panel(console, db, monkeypatch):
    monkeypatch.setattr(event_verdicts, "_more_panels", [])
    event_verdicts.register_event_panel(
        lambda event: Panel(title="Where it was billed", headers=("Line",), rows=[(f"Line of {event}",)], empty="")
    )
    event = EventFactory()
    assert f"Where it was billed Line Line of {event}" in shown(console, event)
