"""The panel of a new meter or of other groups: it only reads, and what it shows is what the meter measures."""

import re
from datetime import timedelta

from django.contrib.auth.models import Permission
from django.urls import reverse

from metering import clock
from metering.models import Meter, MeterVersion
from metering.services.meters import create_meter
from metering.services.rollups import advance_rollups
from tests.factories import START, EventFactory, UserFactory

FORM = {"event_type": "request", "aggregation": "SUM", "value_property": "$.tokens", "days": "7"}


def preview(console, **changes):
    page = console.get(reverse("admin:metering_meter_preview"), {**FORM, **changes})
    assert page.status_code == 200
    return page.content.decode()


def test_it_shows_total_days_bad_values_and_groups_before_the_meter_is_saved(console):
    today = clock.now() - timedelta(seconds=1)
    for tokens in (10, 20, "n/a"):
        EventFactory(time=today, data={"tokens": tokens, "model": "large"})
    page = preview(console, group_by="model = $.model")
    assert "<dt>Sum</dt><dd>30</dd>" in page
    assert "<dt>Events</dt><dd>3</dd>" in page
    assert "value cannot be parsed as float64: n/a" in page
    assert "Group model: 1 found" in page
    assert '<option value="$.tokens">' in page
    assert f"{today:%Y-%m-%d}" in page
    assert not Meter.objects.exists()


def test_it_looks_back_to_the_newest_events_where_none_are_recent(console):
    EventFactory(time=START, data={"tokens": 5})
    page = preview(console)
    assert "There is none in the last 7 days, so this ends with the newest." in page
    assert "<dt>Sum</dt><dd>5</dd>" in page


def test_it_suggests_the_event_type_that_was_meant(console):
    EventFactory()
    assert "No event of type requests in these 7 days. Did you mean request?" in preview(console, event_type="requests")


def test_it_says_what_is_wrong_and_what_could_be_measured(console):
    EventFactory()
    page = preview(console, value_property="")
    assert "A SUM meter needs a value property, such as $.tokens." in page
    assert "What the data of the last of these events holds" in page
    assert "Name the type of the events to count." in preview(console, event_type="")
    assert "Group by: Write each line as name = value" in preview(console, group_by="model")


def test_it_offers_the_types_seen_and_previews_other_groups_of_a_meter(console):
    EventFactory(time=START, data={"tokens": 5, "team": "a"})
    assert '<option value="request">' in console.get(reverse("admin:metering_meter_add")).content.decode()
    meter = create_meter(slug="t", event_type="request", aggregation="SUM", value_property="$.tokens", at=START)
    url = reverse("admin:metering_meter_preview")
    assert f"{url}?meter={meter.pk}" in console.get(_change(meter)).content.decode()
    page = console.get(url, {"meter": meter.pk, "group_by": "team = $.team", "days": "31"}).content.decode()
    assert "Group team: 1 found" in page
    assert MeterVersion.objects.count() == 1


def test_it_shows_the_beginning_of_a_very_long_event_type(console):
    name = "request." * 500
    EventFactory(type=name, time=START, data={"tokens": 5, "model": "large" * 100})
    for page in (
        console.get(reverse("admin:metering_meter_add")).content.decode(),
        preview(console, event_type=name + "x"),
        preview(console, event_type=name, group_by="model = $.model"),
    ):
        shown = re.sub(r"<datalist.*?</datalist>|<[^>]*>", " ", page, flags=re.DOTALL)
        assert max(map(len, shown.split())) <= 80
    assert f'title="{name[:999]}…">{name[:79]}…</span>' in preview(console, event_type=name + "x")


def test_it_asks_for_no_earlier_change_of_a_meter_that_is_new(console):
    page = console.get(reverse("admin:metering_meter_add")).content.decode()
    assert "unless_changed_since" not in page
    assert ">None<" not in re.sub(r"\s", "", page)


def test_it_follows_a_back_fill_until_it_is_done(console):
    EventFactory()
    meter = create_meter(slug="t", event_type="request", aggregation="COUNT", at=START)
    url = reverse("admin:metering_meter_backfill", args=(meter.pk,))
    assert f'hx-get="{url}"' in console.get(_change(meter)).content.decode()
    page = console.get(url).content.decode()
    assert "0 %, 1 events left, read one by one until then" in page
    assert "0 %, 1 events left" in console.get(reverse("admin:metering_meterversion_changelist")).content.decode()
    while advance_rollups():
        pass
    page = console.get(url).content.decode()
    assert "all, since" in page
    assert "hx-get" not in page


def test_it_shows_nothing_to_those_who_may_not_see_meters(client, db):
    user = UserFactory(is_staff=True)
    client.force_login(user)
    meter = create_meter(slug="t", event_type="request", aggregation="COUNT", at=START)
    urls = [reverse("admin:metering_meter_preview"), reverse("admin:metering_meter_backfill", args=(meter.pk,))]
    assert [client.get(url).status_code for url in urls] == [403, 403]
    user.user_permissions.add(Permission.objects.get(codename="view_meter"))
    page = client.get(_change(meter)).content.decode()
    assert "Before you save" not in page


def _change(meter):
    return reverse("admin:metering_meter_change", args=(meter.pk,))
