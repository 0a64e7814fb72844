"""Meters and features made by form."""

import pytest
from django.urls import reverse

from metering.models import Meter
from pricing.models import Feature
from tests.factories import MeterVersionFactory


def test_it_makes_a_meter(console):
    form = {
        "name": "Tokens",
        "slug": "tokens",
        "event_type": "llm_tokens",
        "aggregation": "SUM",
        "value_property": "$.tokens",
        "group_by": "model = $.model\ntype = $.type",
        "event_from_0": "",
        "event_from_1": "",
        "description": "",
        "metadata": "team = inference",
        "change_reason": "",
    }
    assert console.post(reverse("admin:metering_meter_add"), form).status_code == 302
    meter = Meter.objects.get()
    assert (meter.slug, meter.event_type, meter.aggregation, meter.value_property, meter.metadata) == (
        "tokens",
        "llm_tokens",
        "SUM",
        "$.tokens",
        {"team": "inference"},
    )
    assert meter.current_version.group_by == {"model": "$.model", "type": "$.type"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"value_property": ""}, "value property"),
        ({"value_property": "tokens"}, "$"),
        ({"slug": "Not A Slug"}, "slug"),
        ({"group_by": "model = model"}, "model"),
    ],
)
def test_it_refuses_a_meter_that_cannot_measure(console, changes, message):
    form = {"name": "T", "slug": "t", "event_type": "e", "aggregation": "SUM", "value_property": "$.tokens"} | changes
    page = console.post(reverse("admin:metering_meter_add"), form)
    assert page.status_code == 200
    assert message in str(page.context["adminform"].form.errors)
    assert not Meter.objects.exists()


def test_it_changes_a_meters_name_and_nothing_it_counts(console):
    meter = MeterVersionFactory(meter__slug="tokens").meter
    url = reverse("admin:metering_meter_change", args=(meter.pk,))
    fixed = {"event_type": "forged", "group_by": "model = $.model"}
    form = {"name": "All tokens", "description": "", "metadata": "", "change_reason": "", **fixed}
    assert console.post(url, form).status_code == 302
    meter.refresh_from_db()
    assert (meter.name, meter.event_type, meter.versions.count()) == ("All tokens", "request", 1)


def test_it_counts_by_other_groups_in_a_new_version(console):
    meter = MeterVersionFactory(meter__slug="tokens").meter
    url = reverse("admin:metering_meter_change", args=(meter.pk,))
    assert "model = $.model" in console.get(url).content.decode()
    form = {"name": "tokens", "description": "", "metadata": "", "change_reason": "", "group_by": "team = $.team"}
    assert console.post(url, form).status_code == 302
    assert [version.group_by for version in meter.versions.order_by("number")] == [
        {"model": "$.model"},
        {"team": "$.team"},
    ]
    page = console.post(url, form | {"group_by": "subject = $.team"})
    assert "Every meter can be grouped by subject." in page.content.decode()
    assert meter.versions.count() == 2


def test_it_refuses_groups_from_a_page_that_another_browser_has_overtaken(console):
    meter = MeterVersionFactory(meter__slug="tokens").meter
    url = reverse("admin:metering_meter_change", args=(meter.pk,))
    page = console.get(url)
    seen = page.context["adminform"].form["unless_changed_since"].value()
    assert f'name="unless_changed_since" value="{seen}"' in page.content.decode()
    form = {"name": "tokens", "description": "", "metadata": "", "change_reason": "", "unless_changed_since": seen}
    assert console.post(url, form | {"group_by": "model = $.model\nteam = $.team"}).status_code == 302
    page = console.post(url, form | {"group_by": "model = $.model\nregion = $.region", "name": "Mine"})
    assert "somebody has changed it since you opened it" in page.content.decode()
    # As this page was opened before the other's change too, even a name would take the other's groups back.
    assert console.post(url, form | {"group_by": "model = $.model", "name": "Mine"}).status_code == 200
    meter.refresh_from_db()
    groups = {"model": "$.model", "team": "$.team"}
    assert (meter.name, meter.current_version.number, meter.current_version.group_by) == ("tokens", 2, groups)
    again = console.get(url).context["adminform"].form["unless_changed_since"].value()
    assert console.post(url, form | {"group_by": "", "unless_changed_since": again}).status_code == 302
    assert meter.current_version.group_by == {}


def test_it_makes_a_feature_with_filters(console):
    meter = MeterVersionFactory(meter__slug="tokens").meter
    form = {"name": "Large", "key": "large", "meter": meter.pk, "filters": "model = large, xl", "metadata": ""}
    assert console.post(reverse("admin:pricing_feature_add"), form).status_code == 302
    feature = Feature.objects.get()
    assert (feature.key, feature.meter, feature.filters) == ("large", meter, {"model": {"$in": ["large", "xl"]}})
