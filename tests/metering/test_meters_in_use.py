"""What is sold by a meter keeps it, and the groups by which it chooses events."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from metering.models import Meter
from metering.services.meters import MeterInUse, change_meter, delete_meter
from pricing.models import Feature
from pricing.services.features import InvalidFeature, archive_feature, create_feature
from tests.factories import START, FeatureFactory, MeterVersionFactory, SubscriptionItemFactory
from tests.metering.locks import wait_until_waiting

pytestmark = pytest.mark.django_db
URL = "/api/v1/meters"
LATER = START + timedelta(days=31)


def _feature(**changes):
    return FeatureFactory(**{"key": "large_tokens", "filters": {"model": {"$eq": "large"}}, **changes})


def test_it_keeps_a_meter_of_a_feature_that_is_on_sale(api):
    feature = _feature(filters={})
    refused = api.delete(f"{URL}/{feature.meter.slug}")
    assert (refused.status_code, refused["Content-Type"]) == (409, "application/problem+json")
    assert "the feature large_tokens" in refused.json()["detail"]
    assert Meter.objects.get().deleted_at is None
    archive_feature(feature_id=feature.pk, at=START)
    assert api.delete(f"{URL}/{feature.meter.slug}").status_code == 204
    assert api.delete(f"{URL}/{feature.meter.ulid}").status_code == 204


def test_it_keeps_a_meter_while_an_archived_feature_is_subscribed_to():
    feature = _feature(archived_at=START)
    SubscriptionItemFactory(feature=feature, active_to=LATER)
    with pytest.raises(MeterInUse, match="end subscriptions to it: the feature large_tokens"):
        delete_meter(meter_id=feature.meter.pk, at=LATER - timedelta(seconds=1))
    assert delete_meter(meter_id=feature.meter.pk, at=LATER).deleted_at == LATER


def test_it_keeps_a_group_by_which_a_feature_chooses_events(api):
    feature = _feature()
    url = f"{URL}/{feature.meter.slug}"
    refused = api.put(url, {"name": "Other", "groupBy": {"region": "$.region"}}, format="json")
    assert (refused.status_code, refused["Content-Type"]) == (409, "application/problem+json")
    assert refused.json()["detail"] == ("Keep the group model: events are chosen by it for the feature large_tokens.")
    meter = Meter.objects.get()
    assert (meter.name, meter.current_version.number) == (feature.meter.name, 1)
    groups = {"model": "$.model", "region": "$.region"}
    assert api.put(url, {"groupBy": groups}, format="json").json()["groupBy"] == groups
    archive_feature(feature_id=feature.pk, at=START)
    assert api.put(url, {"groupBy": {}}, format="json").status_code == 200


def test_it_keeps_a_group_while_an_ended_subscription_may_still_be_billed_by_it():
    feature = _feature(archived_at=START)
    SubscriptionItemFactory(feature=feature, active_to=LATER)
    with pytest.raises(MeterInUse, match="Keep the group model"):
        change_meter(meter_id=feature.meter.pk, at=LATER + timedelta(days=1), group_by={})


def test_a_group_that_no_feature_names_may_go():
    feature = _feature(filters={})
    changed = change_meter(meter_id=feature.meter.pk, at=START, group_by={})
    assert (changed.current_version.group_by, changed.current_version.number) == ({}, 2)


@pytest.mark.django_db(transaction=True)
def test_a_feature_made_while_its_group_goes_is_refused():
    meter = MeterVersionFactory(group_by={"model": "$.model"}).meter
    found = []

    def make():
        try:
            create_feature(key="late", name="Late", meter=meter, filters={"model": ["large"]}, at=START)
        except InvalidFeature as error:
            found.append(error.message)
        finally:
            connection.close()

    with transaction.atomic():
        change_meter(meter_id=meter.pk, at=START, group_by={})
        making = threading.Thread(target=make)
        making.start()
        wait_until_waiting()
    making.join()
    assert not Feature.objects.exists()
    assert len(found) == 1
