"""Long tables are never counted, and no list asks a query for each row."""

import pytest
from django.contrib import admin
from django.db import connection
from django.urls import reverse

from tests import factories
from tests.console.test_pages import _FACTORIES, _OWN, _name, _url

_ENDLESS = ("event", "batch", "bucket", "daybucket", "series", "subjectlink", "idempotencykey")
_ROWS = 6


@pytest.mark.parametrize("model", [model for model in _OWN if model._meta.model_name in _ENDLESS], ids=_name)
def test_it_never_counts_an_endless_table(console, model, django_assert_max_num_queries):
    _FACTORIES[model]()
    with django_assert_max_num_queries(10) as queries:
        console.get(_url(model, "changelist"))
    table = model._meta.db_table
    assert not [query["sql"] for query in queries if "COUNT(" in query["sql"] and f'"{table}"' in query["sql"]]


@pytest.mark.parametrize("model", _OWN, ids=_name)
def test_it_lists_many_rows_with_as_many_queries_as_few(console, model, django_assert_max_num_queries):
    _FACTORIES[model]()
    with django_assert_max_num_queries(20) as few:
        console.get(_url(model, "changelist"))
    for _ in range(_ROWS):
        _FACTORIES[model]()
    with django_assert_max_num_queries(len(few)):
        console.get(_url(model, "changelist"))


def test_it_pages_through_events_without_knowing_how_many_there_are(console):
    events = [factories.EventFactory(time=factories.START.replace(minute=minute)) for minute in range(3)]
    admin_page = admin.site._registry[factories.EventFactory._meta.model]
    url = reverse("admin:metering_event_changelist")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(admin_page), "list_per_page", 2)
        patch.setattr(admin_page, "list_per_page", 2, raising=False)
        pages = [console.get(url, {"p": number}).context["cl"].result_list for number in (1, 2, 3)]
    assert [[event.pk for event in page] for page in pages] == [[events[2].pk, events[1].pk], [events[0].pk], []]


def test_it_finds_events_of_a_subject_and_of_a_batch(console):
    wanted = factories.EventFactory(subject="acme")
    factories.EventFactory(subject="other")
    url = reverse("admin:metering_event_changelist")
    for query in ({"subject": "acme"}, {"q": "acme"}, {"batch__exact": wanted.batch_id}, {"event_id": wanted.event_id}):
        assert [event.pk for event in console.get(url, query).context["cl"].result_list] == [wanted.pk]


def test_it_shows_every_digit_of_an_event(console):
    event = factories.EventFactory.build()
    batch = factories.BatchFactory()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO metering_event (key, source, event_id, type, subject, time, time_was_sent, data, batch_id)"
            " VALUES (%s, 's', 'i', 't', 'x', now(), true, '{\"n\": 0.1000000000000000055511}', %s)",
            [event.key, batch.pk],
        )
    page = console.get(reverse("admin:metering_event_change", args=(event.key,))).content.decode()
    assert "0.1000000000000000055511" in page


def test_it_says_whose_usage_an_event_is(console):
    link = factories.SubjectLinkFactory(subject__key="acme")
    meter = factories.MeterVersionFactory(meter__event_type="request").meter
    event = factories.EventFactory(subject="acme")
    page = console.get(reverse("admin:metering_event_change", args=(event.pk,))).content.decode()
    for row in (link.customer, meter, link.subject):
        assert f"/{row._meta.model_name}/{row.pk}/change/" in page
