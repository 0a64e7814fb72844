from datetime import UTC, datetime, timedelta

import pytest

from pricing.feature_filters import filter_words
from pricing.models import Feature
from pricing.services.features import (
    DuplicateFeature,
    FeatureArchived,
    InvalidFeature,
    archive_feature,
    create_feature,
)
from tests.factories import FeatureFactory, MeterFactory, MeterVersionFactory

pytestmark = pytest.mark.django_db
AT = datetime(2026, 1, 1, tzinfo=UTC)


def test_it_keeps_meter_and_filters():
    meter = MeterVersionFactory(group_by={"model": "$.model"}).meter
    feature = create_feature(key="tokens", name="Tokens", at=AT, meter=meter, filters={"model": ("large",)})
    feature.refresh_from_db()
    assert (feature.meter, feature.filters, feature.created_at) == (meter, {"model": {"$eq": "large"}}, AT)


def test_it_refuses_a_key_that_is_taken_with_409_and_changes_nothing():
    first = create_feature(key="tokens", name="Tokens", at=AT)
    with pytest.raises(DuplicateFeature, match="Choose another key than 'tokens'") as refusal:
        create_feature(key="tokens", name="Other", at=AT)
    assert refusal.value.status == 409
    assert list(Feature.objects.all()) == [first]


def test_it_frees_the_key_when_the_feature_is_archived():
    first = create_feature(key="tokens", name="Tokens", at=AT)
    archive_feature(feature_id=first.pk, at=AT + timedelta(days=1))
    second = create_feature(key="tokens", name="Tokens", at=AT + timedelta(days=2))
    first.refresh_from_db()
    assert first.archived_at == AT + timedelta(days=1)
    assert second.archived_at is None


def test_it_archives_once():
    feature = FeatureFactory()
    archive_feature(feature_id=feature.pk, at=AT)
    with pytest.raises(FeatureArchived):
        archive_feature(feature_id=feature.pk, at=AT + timedelta(days=1))
    feature.refresh_from_db()
    assert feature.archived_at == AT


@pytest.mark.parametrize("key", ["", "Tokens", "a-b", "a__b", "_a", "a b", "a" * 65, "tokens\n"])
def test_it_refuses_a_key_that_is_no_key(key):
    with pytest.raises(InvalidFeature, match="lower-case"):
        create_feature(key=key, name="Tokens", at=AT)
    assert not Feature.objects.exists()


def test_it_refuses_an_empty_name():
    with pytest.raises(InvalidFeature, match="Give the feature a name"):
        create_feature(key="tokens", name=" ", at=AT)


@pytest.mark.parametrize(
    ("_case", "filters", "message"),
    [
        ("not a group of the meter", {"region": ["eu"]}, "Use one of model, instead of the filter 'region'"),
        ("no values", {"model": []}, "A filter cannot be: "),
        ("not texts", {"model": [1, 2]}, "A filter cannot be: "),
        ("empty text", {"model": ""}, "A filter cannot be: "),
        ("no operator", {"model": {"$is": "large"}}, "A filter cannot be: Give exactly one operator"),
    ],
)
def test_it_refuses_filters_the_meter_cannot_serve(_case, filters, message):
    meter = MeterVersionFactory(group_by={"model": "$.model"}).meter
    with pytest.raises(InvalidFeature, match=message):
        create_feature(key="tokens", name="Tokens", at=AT, meter=meter, filters=filters)
    assert not Feature.objects.exists()


@pytest.mark.parametrize(
    ("given", "stored", "words"),
    [
        ("large", {"$eq": "large"}, "model large"),
        (("large",), {"$eq": "large"}, "model large"),
        (["large", "xl"], {"$in": ["large", "xl"]}, "model large or xl"),
        ({"$ne": "mini", "$in": None}, {"$ne": "mini"}, "model not mini"),
        ({"$or": [{"$like": "l%"}, {"$nin": ["xl", "xs"]}]}, None, "model like l% or not xl or xs"),
    ],
)
def test_it_stores_filters_in_one_form(given, stored, words):
    meter = MeterVersionFactory(group_by={"model": "$.model"}).meter
    feature = create_feature(key="tokens", name="Tokens", at=AT, meter=meter, filters={"model": given})
    assert feature.filters == {"model": stored or given}
    assert filter_words(feature.filters) == words


def test_it_refuses_filters_without_a_meter():
    with pytest.raises(InvalidFeature, match="Name the meter"):
        create_feature(key="tokens", name="Tokens", at=AT, filters={"model": ["large"]})


def test_it_refuses_a_deleted_meter():
    meter = MeterFactory(deleted_at=AT)
    with pytest.raises(InvalidFeature, match="not deleted"):
        create_feature(key="tokens", name="Tokens", at=AT, meter=meter)


@pytest.mark.parametrize("aggregation", ["AVG", "MIN", "MAX"])
def test_it_refuses_a_meter_whose_value_is_no_quantity(aggregation):
    meter = MeterFactory(aggregation=aggregation, slug="load")
    with pytest.raises(InvalidFeature, match=f"{aggregation} of 'load' is no quantity to bill"):
        create_feature(key="load", name="Load", at=AT, meter=meter)
    assert not Feature.objects.exists()
