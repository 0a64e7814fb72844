import pytest

from metering.models import Meter

pytestmark = pytest.mark.django_db
URL = "/api/v1/meters"
TOKENS = {"slug": "tokens", "eventType": "request", "aggregation": "SUM", "valueProperty": "$.tokens"}


def _create(api, **body):
    return api.post(URL, {**TOKENS, **body}, format="json")


def test_it_creates_a_meter_in_openmeters_shape(api):
    sent = {
        **TOKENS,
        "name": "Tokens",
        "description": "Prompt and answer",
        "groupBy": {"model": "$.model"},
        "eventFrom": "2026-01-01T00:00:00Z",
        "metadata": {"team": "llm"},
    }
    response = api.post(URL, sent, format="json")
    assert (response.status_code, response["Content-Type"]) == (201, "application/json")
    body = response.json()
    assert set(body) == {*sent, "id", "createdAt", "updatedAt"}
    assert {name: body[name] for name in sent} == sent
    assert Meter.objects.get().current_version.group_by == {"model": "$.model"}


def test_it_leaves_out_what_is_not_set_and_names_a_meter_by_its_slug(api):
    body = api.post(URL, {"slug": "calls", "eventType": "request", "aggregation": "COUNT"}, format="json").json()
    assert set(body) == {"id", "slug", "name", "eventType", "aggregation", "createdAt", "updatedAt"}
    assert body["name"] == "calls"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"slug": "Not A Slug"}, "slug"),
        ({"slug": None}, "slug: "),
        ({"eventType": ""}, "eventType: "),
        ({"aggregation": "MEDIAN"}, "aggregation: "),
        ({"valueProperty": None}, "value property"),
        ({"valueProperty": "tokens"}, "has to start with $"),
        ({"aggregation": "COUNT"}, "leave out its value property"),
        ({"groupBy": {"model": "$..model"}}, "$..model"),
        ({"groupBy": {"model": 1}}, "groupBy.model: "),
        ({"groupBy": {"subject": "$.s"}}, "subject"),
        ({"eventFrom": "2026-01-01T00:00:00"}, "eventFrom: Write the time with an offset"),
        ({"eventFrom": "yesterday"}, "eventFrom: "),
    ],
)
def test_it_refuses_a_meter_that_cannot_measure_and_stores_nothing(api, changes, says):
    response = _create(api, **changes)
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
    assert says in response.json()["detail"]
    assert not Meter.objects.exists()


def test_it_refuses_a_slug_that_is_taken(api):
    _create(api)
    response = _create(api, name="Other")
    assert (response.status_code, response["Content-Type"]) == (409, "application/problem+json")
    assert Meter.objects.count() == 1


def test_it_finds_a_meter_by_id_and_by_slug(api):
    made = _create(api).json()
    assert api.get(f"{URL}/tokens").json() == api.get(f"{URL}/{made['id']}").json() == made


@pytest.mark.parametrize("path", ["/nothing", "/nothing/query"])
@pytest.mark.parametrize("verb", ["get", "put", "delete"])
def test_it_says_which_meter_there_is_not(api, verb, path):
    response = getattr(api, verb)(URL + path, {}, format="json") if verb != "get" else api.get(URL + path)
    expected = 405 if path.endswith("query") and verb != "get" else 404
    assert response.status_code == expected
    if expected == 404:
        assert "There is no meter nothing" in response.json()["detail"]


def test_it_lists_meters_as_a_bare_array(api, django_assert_num_queries):
    for slug in ["a", "b", "c"]:
        _create(api, slug=slug)
    with django_assert_num_queries(2):  # the meters, their versions
        assert [meter["slug"] for meter in api.get(URL).json()] == ["a", "b", "c"]
    assert [meter["slug"] for meter in api.get(URL, {"orderBy": "key", "order": "DESC"}).json()] == ["c", "b", "a"]
    assert [meter["slug"] for meter in api.get(URL, {"page": 2, "pageSize": 2}).json()] == ["c"]


def test_it_changes_how_a_meter_is_described(api):
    made = _create(api, groupBy={"model": "$.model"}).json()
    sent = {"name": "LLM tokens", "description": "All of them", "metadata": {"a": "b"}, "groupBy": {"model": "$.model"}}
    body = api.put(f"{URL}/tokens", sent, format="json").json()
    assert {name: body[name] for name in sent} == sent
    assert (body["id"], body["slug"]) == (made["id"], "tokens")
    assert api.get(f"{URL}/tokens").json() == body


def test_it_changes_the_groups_and_keeps_them_where_they_are_not_sent(api):
    _create(api, groupBy={"model": "$.model"})
    groups = {"model": "$.model", "region": "$.region"}
    assert api.put(f"{URL}/tokens", {"groupBy": groups}, format="json").json()["groupBy"] == groups
    assert api.put(f"{URL}/tokens", {"name": "Tokens"}, format="json").json()["groupBy"] == groups
    assert api.put(f"{URL}/tokens", {"groupBy": {"model": "model"}}, format="json").status_code == 400
    assert api.get(f"{URL}/tokens").json()["groupBy"] == groups
    assert Meter.objects.get().versions.count() == 2


@pytest.mark.parametrize(
    ("name", "other", "now"),
    [
        ("slug", "tokens_2", "tokens"),
        ("eventType", "zzz", "request"),
        ("aggregation", "COUNT", "SUM"),
        ("valueProperty", "$.cost", "$.tokens"),
        ("eventFrom", "2026-02-01T00:00:00Z", "none"),
    ],
)
def test_it_says_that_what_a_meter_measures_cannot_change(api, name, other, now):
    made = _create(api, name="Tokens").json()
    response = api.put(f"{URL}/tokens", {"name": "Changed", name: other}, format="json")
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
    assert response.json()["detail"] == f"{name}: It cannot change from {now}. Make another meter instead."
    assert api.get(f"{URL}/tokens").json() == made


def test_it_takes_a_whole_meter_back(api):
    made = _create(api, name="Tokens", eventFrom="2026-01-01T00:00:00Z", groupBy={"model": "$.model"}).json()
    body = api.put(f"{URL}/tokens", {**made, "name": "LLM", "eventFrom": "2026-01-01T01:00:00+01:00"}, format="json")
    assert body.json() == {**made, "name": "LLM", "updatedAt": body.json()["updatedAt"]}
    nulls = dict.fromkeys(["slug", "eventType", "aggregation", "valueProperty", "eventFrom"])
    assert api.put(f"{URL}/tokens", {**nulls, "name": "LLM"}, format="json").status_code == 200


def test_it_deletes_a_meter_and_frees_its_slug(api):
    made = _create(api).json()
    assert api.delete(f"{URL}/tokens").status_code == 204
    assert api.get(f"{URL}/tokens").status_code == 404
    assert api.get(URL).json() == []
    assert "deletedAt" in api.get(f"{URL}/{made['id']}").json()
    for name in (made["id"], "tokens"):
        assert api.delete(f"{URL}/{name}").status_code == 204
    assert api.put(f"{URL}/{made['id']}", {"name": "Gone"}, format="json").status_code == 404
    again = _create(api).json()
    assert again["id"] != made["id"]
    assert api.delete(f"{URL}/tokens").status_code == 204
    assert "deletedAt" in api.get(f"{URL}/{again['id']}").json()
