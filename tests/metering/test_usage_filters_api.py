"""Filters of a usage query over HTTP: advanced ones, both kinds, limits, and what is ignored."""

import json
from datetime import timedelta

import pytest

from metering.services.customers import create_customer
from metering.services.meters import create_meter
from tests.factories import START, EventFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/meters/tokens/query"
NAME = "advancedMeterGroupByFilters"


@pytest.fixture(autouse=True)
def tokens():
    meter = create_meter(
        slug="tokens",
        event_type="request",
        aggregation="SUM",
        value_property="$.tokens",
        group_by={"model": "$.model", "region": "$.region"},
        at=START,
    )
    for amount, model, region in [(1, "gpt-4", "eu"), (2, "gpt-5", "us"), (4, "claude", "us"), (8, None, "eu")]:
        EventFactory(time=START + timedelta(hours=1), data={"tokens": amount, "model": model, "region": region})
    return meter


def _values(response):
    assert response.status_code == 200, response.content
    return [row["value"] for row in response.json()["data"]]


@pytest.mark.parametrize(
    ("filters", "value"),
    [
        ({"model": {"$eq": "gpt-4"}}, 1),
        ({"model": {"$ne": "gpt-4"}}, 14),  # 2 + 4 + 8: what lacks the property is the empty text
        ({"model": {"$in": ["gpt-4", "claude"]}}, 5),  # 1 + 4
        ({"model": {"$nin": ["gpt-4", "claude"]}}, 10),  # 2 + 8
        ({"model": {"$like": "gpt-%"}}, 3),  # 1 + 2
        ({"model": {"$nlike": "gpt-%"}}, 12),  # 4 + 8
        ({"model": {"$ilike": "GPT-_"}}, 3),
        ({"model": {"$nilike": "GPT-_"}}, 12),
        ({"model": {"$gt": "claude"}}, 3),
        ({"model": {"$gte": "claude"}}, 7),  # 1 + 2 + 4
        ({"model": {"$lt": "gpt-4"}}, 12),
        ({"model": {"$lte": "gpt-4"}}, 13),  # 1 + 4 + 8
        ({"model": {"$or": [{"$eq": "claude"}, {"$and": [{"$like": "gpt%"}, {"$ne": "gpt-4"}]}]}}, 6),  # 4 + 2
        ({"model": {"$like": "gpt-%"}, "region": {"$eq": "us"}}, 2),
        ({}, 15),
    ],
)
def test_it_filters_by_conditions_in_the_address_and_in_the_body(api, filters, value):
    assert _values(api.get(URL, {NAME: json.dumps(filters)})) == [value]
    assert _values(api.post(URL, {NAME: filters}, format="json")) == [value]
    assert _values(api.post(URL, {NAME: json.dumps(filters)}, format="json")) == [value]


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({NAME: {"model": {"$eq": "a"}}, "filterGroupBy": {"model": ["a"]}}, 400, "not by both"),
        ({NAME: {"colour": {"$eq": "red"}}}, 400, "no group colour to filter by"),
        ({NAME: {"subject": {"$eq": "acme"}}}, 400, "no group subject to filter by"),
        ({NAME: {"model": "gpt-4"}}, 400, "advancedMeterGroupByFilters.model: Write a filter as an object"),
        ({NAME: {"model": {"$eq": "a", "$ne": "b"}}}, 400, "exactly one operator"),
        ({NAME: {"model": {"$eq": ""}}}, 400, "not empty"),
        ({NAME: {"model": {"$or": [{"$or": [{"$or": [{"$eq": "a"}]}]}]}}}, 400, "Nest $or less deeply"),
        ({NAME: "model=gpt-4"}, 400, "advancedMeterGroupByFilters: Write it as JSON"),
        ({NAME: ["model"]}, 400, "advancedMeterGroupByFilters: "),
        ({"filterGroupBy": {"colour": ["red"]}}, 400, "no group colour to filter by"),
        ({"filterGroupBy": {"model": [1]}}, 400, "filterGroupBy.model[0]: Send a string"),
        ({"subject": ["a"] * 101}, 400, "subject: "),
        ({"groupBy": ["model"] * 101}, 400, "groupBy: "),
        ({"filterCustomerId": ["a"] * 101}, 400, "filterCustomerId: "),
        ({"filterCustomerId": ["nobody"]}, 404, "no customer with the id nobody"),
        ({"groupBy": ["customer_id"]}, 400, "name the customers in filterCustomerId"),
        ({"clientId": "c" * 37}, 400, "clientId: "),
        ({"clientId": ""}, 400, "clientId: "),
        ([], 400, "Send one JSON object"),
    ],
)
def test_it_says_what_is_wrong_with_a_body(api, body, status, says):
    response = api.post(URL, body, format="json")
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    assert says in response.json()["detail"]


def test_it_takes_null_as_left_out(api):
    names = ["from", "to", "windowSize", "windowTimeZone", "subject", "groupBy", "filterCustomerId", "filterGroupBy"]
    body = dict.fromkeys([*names, NAME, "clientId"])
    assert _values(api.post(URL, body, format="json")) == [15]  # 1 + 2 + 4 + 8
    assert api.post(URL, body, format="json").json().keys() == {"data"}


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("filterGroupBy[model]=", 8),  # the event that has no model
        ("filterGroupBy[model]=gpt-4%2Cgpt-5", None),  # a comma is part of the value
        ("filterGroupBy[model]=gpt-4&filterGroupBy[model]=gpt-5", 3),  # 1 + 2
        ("filterGroupBy=anything", 15),
        ("colour=red&page=7&filterGroupby[model]=gpt-4", 15),
    ],
)
def test_it_reads_simple_filters_and_ignores_what_it_does_not_know(api, query, value):
    assert _values(api.get(f"{URL}?{query}")) == ([] if value is None else [value])


def test_an_address_may_name_more_subjects_than_a_body(api):
    assert _values(api.get(URL, {"subject": [f"s{number}" for number in range(150)]})) == []


def test_it_refuses_more_than_a_hundred_customers(api):
    customer = create_customer(name="Acme", key="acme", at=START)
    assert _values(api.get(URL, {"filterCustomerId": [customer.ulid] * 100})) == []
    assert api.get(URL, {"filterCustomerId": [customer.ulid] * 101}).status_code == 400
