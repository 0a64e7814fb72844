from datetime import timedelta

import pytest

from pricing.models import Plan
from tests.factories import FeatureFactory
from tests.pricing.catalogue_api import PLANS, fee, made, phase, plan, published, usage
from tests.pricing.conftest import NOW

pytestmark = pytest.mark.django_db


def test_it_publishes_the_next_version_and_archives_the_one_before(api, set_now):
    first = published(api, PLANS, plan())
    set_now(NOW + timedelta(days=1))
    second = published(api, PLANS, plan(name="Pro, new"))
    assert (first["status"], second["version"], second["status"]) == ("active", 2, "active")
    assert api.get(f"{PLANS}/{first['id']}").json()["effectiveTo"] == second["effectiveFrom"] == "2026-01-11T12:00:00Z"
    assert api.get(f"{PLANS}/pro").json()["id"] == second["id"]


def test_it_has_one_draft_at_a_time(api, set_now):
    made(api, PLANS, plan())
    response = api.post(PLANS, plan(), format="json")
    assert (response.status_code, response.json()["extensions"]["code"]) == (400, "plan_draft_exists")


def test_it_drafts_the_next_version_with_what_the_newest_has(api, set_now):
    first = published(api, PLANS, plan(description="For teams", metadata={"a": "b"}))
    draft = made(api, f"{PLANS}/pro/next", None)
    same = ("name", "description", "metadata", "phases", "currency", "billingCadence")
    assert {name: draft[name] for name in same} == {name: first[name] for name in same}
    assert (draft["version"], draft["status"]) == (2, "draft")


def test_it_finds_a_key_by_its_active_version_or_by_its_latest(api, set_now):
    draft = made(api, PLANS, plan())
    assert api.get(f"{PLANS}/pro").status_code == 404
    assert api.get(f"{PLANS}/pro", {"includeLatest": "true"}).json()["id"] == draft["id"]
    api.post(f"{PLANS}/{draft['id']}/publish")
    assert api.get(f"{PLANS}/pro").json()["id"] == draft["id"]


def test_it_neither_changes_nor_deletes_what_is_active(api, set_now):
    active = published(api, PLANS, plan())
    sent = {name: value for name, value in plan(name="Other").items() if name not in ("key", "currency")}
    refusals = [
        api.put(f"{PLANS}/{active['id']}", sent, format="json"),
        api.post(f"{PLANS}/{active['id']}/publish"),
        api.delete(f"{PLANS}/{active['id']}"),
    ]
    codes = [(response.status_code, response.json()["extensions"]["code"]) for response in refusals]
    assert codes == [(400, "plan_not_draft"), (400, "plan_not_draft"), (400, "invalid_status_for_delete")]
    assert api.get(f"{PLANS}/pro").json() == active


def test_it_archives_and_then_deletes(api, set_now):
    active = published(api, PLANS, plan())
    set_now(NOW + timedelta(hours=1))
    assert api.post(f"{PLANS}/{active['id']}/archive").json()["status"] == "archived"
    assert api.post(f"{PLANS}/{active['id']}/archive").status_code == 400
    assert api.delete(f"{PLANS}/{active['id']}").status_code == 204
    assert api.get(PLANS).json()["items"] == []
    assert "deletedAt" in api.get(PLANS, {"includeDeleted": "true"}).json()["items"][0]
    assert made(api, PLANS, plan())["version"] == 2


def test_it_lists_by_id_key_version_status_and_currency(api, set_now):
    published(api, PLANS, plan())
    set_now(NOW + timedelta(days=1))
    published(api, PLANS, plan())
    other = made(api, PLANS, plan(key="team", currency="EUR"))

    def found(**asked):
        items = api.get(PLANS, asked).json()["items"]
        return [f"{item['key']}{item['version']}" for item in items]

    assert found() == ["pro1", "pro2", "team1"]
    assert found(orderBy="key", order="DESC") == ["team1", "pro2", "pro1"]
    assert found(status=["archived", "draft"]) == ["pro1", "team1"]
    assert found(status="active") == ["pro2"]
    assert found(currency="EUR") == ["team1"]
    assert found(id=other["id"], key="pro") == ["pro1", "pro2", "team1"]
    assert found(**{"keyVersion[pro]": [2], "keyVersion[team]": [7]}) == ["pro2"]
    page = api.get(PLANS, {"page": 2, "pageSize": 2}).json()
    assert (len(page["items"]), page["totalCount"]) == (1, 3)


def test_it_asks_no_more_queries_for_more_plans(api, set_now, django_assert_max_num_queries):
    FeatureFactory(key="tokens")
    for number in range(6):
        made(api, PLANS, plan(phase(fee(), usage()), key=f"plan{number}"))
    with django_assert_max_num_queries(8):
        assert len(api.get(PLANS).json()["items"]) == Plan.objects.count() == 6
