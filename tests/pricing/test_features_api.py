import pytest

from pricing.models import Feature
from tests.factories import MeterVersionFactory
from tests.pricing.catalogue_api import FEATURES, made

pytestmark = pytest.mark.django_db
CONDITIONS = {"model": {"$in": ["large", "xl"]}, "region": {"$ne": "eu"}}


@pytest.fixture(autouse=True)
def _meters():
    for slug in ("tokens", "calls"):
        MeterVersionFactory(meter__slug=slug, group_by={"model": "$.model", "region": "$.region"})


def test_it_makes_a_feature_in_openmeters_shape(api):
    sent = {"key": "large", "name": "Large", "meterSlug": "tokens", "metadata": {"team": "llm"}}
    sent |= {"meterGroupByFilters": {"model": "large"}, "unitCost": {"type": "manual", "amount": "0.02"}}
    shown = made(api, FEATURES, sent)
    assert set(shown) == {*sent, "advancedMeterGroupByFilters", "id", "createdAt", "updatedAt"}
    assert {name: shown[name] for name in sent} == sent
    assert shown["advancedMeterGroupByFilters"] == {"model": {"$eq": "large"}}


def test_it_shows_conditions_that_are_more_than_one_text_in_the_advanced_shape_alone(api):
    sent = {"key": "large", "name": "Large", "meterSlug": "tokens", "advancedMeterGroupByFilters": CONDITIONS}
    shown = made(api, FEATURES, sent)
    assert "meterGroupByFilters" not in shown
    assert shown["advancedMeterGroupByFilters"] == CONDITIONS == Feature.objects.get().filters


def test_it_takes_the_cost_of_a_language_models_tokens(api):
    cost = {"type": "llm", "provider": "openai", "modelProperty": "model", "tokenType": "output"}
    shown = made(api, FEATURES, {"key": "large", "name": "Large", "meterSlug": "tokens", "unitCost": cost})
    assert shown["unitCost"] == cost


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"key": "Not A Key"}, 400, "Write the key"),
        ({"key": "01h2xcejqtf2nbrexx3vqjhp41"}, 400, "looks like an id"),
        ({"meterSlug": "nothing"}, 404, "There is no meter nothing"),
        ({"meterGroupByFilters": {"size": "xl"}}, 400, "Use one of model, region"),
        ({"meterGroupByFilters": {"model": ""}}, 400, "A filter cannot be"),
        ({"meterGroupByFilters": {"model": "a"}, "advancedMeterGroupByFilters": CONDITIONS}, 400, "not both"),
        ({"advancedMeterGroupByFilters": {"model": {"$is": "a"}}}, 400, "exactly one operator"),
        ({"unitCost": {"type": "manual", "amount": "-1"}}, 400, "zero or more"),
        ({"unitCost": {"type": "llm", "provider": "a", "providerProperty": "model"}}, 400, "Set either provider"),
        ({"unitCost": {"type": "guess"}}, 400, "manual or llm"),
    ],
)
def test_it_refuses_what_cannot_be_and_stores_nothing(api, changes, status, says):
    sent = {"key": "large", "name": "Large", "meterSlug": "tokens"} | changes
    response = api.post(FEATURES, sent, format="json")
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    assert says in response.json()["detail"]
    assert not Feature.objects.exists()


def test_it_refuses_a_key_that_is_taken_until_that_feature_is_archived(api):
    first = made(api, FEATURES, {"key": "large", "name": "Large"})
    assert api.post(FEATURES, {"key": "large", "name": "Other"}, format="json").status_code == 409
    assert api.delete(f"{FEATURES}/large").status_code == 204
    second = made(api, FEATURES, {"key": "large", "name": "Other"})
    assert api.get(f"{FEATURES}/large").json()["id"] == second["id"]
    assert "archivedAt" in api.get(f"{FEATURES}/{first['id']}").json()
    assert api.delete(f"{FEATURES}/{first['id']}").status_code == 409


def test_it_says_which_feature_there_is_not(api):
    response = api.get(f"{FEATURES}/nothing")
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")
    assert "There is no feature nothing" in response.json()["detail"]


def test_it_lists_features_as_an_array_and_by_pages(api):
    for key, slug in (("a", "tokens"), ("b", "calls"), ("c", None)):
        made(api, FEATURES, {"key": key, "name": key.upper(), "meterSlug": slug})
    api.delete(f"{FEATURES}/c")

    def keys(**asked):
        return [feature["key"] for feature in api.get(FEATURES, asked).json()]

    assert keys() == ["a", "b"]
    assert keys(includeArchived="true", orderBy="key", order="DESC") == ["c", "b", "a"]
    assert keys(meterSlug=["calls"]) == ["b"]
    assert keys(meterSlug=["calls", "tokens"], limit=1, offset=1) == ["b"]
    page = api.get(FEATURES, {"page": 2, "pageSize": 1}).json()
    assert ([feature["key"] for feature in page.pop("items")], page) == (
        ["b"],
        {"page": 2, "pageSize": 1, "totalCount": 2},
    )


def test_it_makes_one_feature_of_one_idempotency_key(api):
    sent, key = {"key": "large", "name": "Large"}, {"Idempotency-Key": "once"}
    first = api.post(FEATURES, sent, format="json", headers=key)
    assert api.post(FEATURES, sent, format="json", headers=key).json() == first.json()
    assert Feature.objects.count() == 1
