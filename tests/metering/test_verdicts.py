"""What a meter makes of an event's data, in the exact words of OpenMeter."""

from decimal import Decimal

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metering.exact_json import encode
from metering.models import Aggregation
from metering.models.base import DecimalJSONDecoder
from metering.values import parse_value
from metering.verdicts import json_text, read_value, similar, spellings

NUMERIC = [name for name in Aggregation if name not in (Aggregation.COUNT, Aggregation.UNIQUE_COUNT)]


def taken(data, aggregation="SUM", path="$.n"):
    return read_value(aggregation=aggregation, value_property=path, data=data)


@pytest.mark.parametrize("data", [None, {}, {"n": "x"}, {"n": 7}])
def test_count_takes_one_of_anything(data):
    assert taken(data, "COUNT", "").value == Decimal(1)


@pytest.mark.parametrize("aggregation", NUMERIC)
@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (7, "7"),
        (Decimal("0.1000000000000000055"), "0.1000000000000000055"),
        ("1.50", "1.50"),
        ("-2e3", "-2000"),
        (0, "0"),
    ],
)
def test_numbers_and_numeric_strings_are_taken_exactly(aggregation, raw, value):
    assert taken({"n": raw}, aggregation).value == Decimal(value)


def test_a_value_is_shown_in_the_digits_that_a_query_shows():
    for raw in ("1e5", Decimal("1E+5"), "10.00e4"):
        assert encode(taken({"n": raw}).value) == b"100000"
    assert encode(taken({"n": "1.50e1"}).value) == b"15.0"


@pytest.mark.parametrize("aggregation", NUMERIC)
@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (None, "null and missing value property"),
        ({}, 'missing value property: "$.n"'),
        ({"n": None}, "value cannot be null"),
        ({"n": "NaN"}, "value cannot be NaN"),
        ({"n": "nan"}, "value cannot be NaN"),
        ({"n": "Inf"}, "value cannot be infinity"),
        ({"n": "-Infinity"}, "value cannot be infinity"),
        ({"n": "+inf"}, "value cannot be infinity"),
        ({"n": "+-inf"}, "value cannot be parsed as float64: +-inf"),
        ({"n": "many"}, "value cannot be parsed as float64: many"),
        ({"n": ""}, "value cannot be parsed as float64: "),
        ({"n": " 12 "}, "value cannot be parsed as float64:  12 "),
        ({"n": "x" * 101}, f"value cannot be parsed as float64: {'x' * 100}…"),
        ({"n": "1e39"}, "value cannot be parsed as float64: 1e39"),
        ({"n": 10**38}, "value has more than 38 digits on a side of the point"),
        ({"n": Decimal("1e-39")}, "value has more than 38 digits on a side of the point"),
        ({"n": True}, "unsupported value property type: bool"),
        ({"n": {}}, "unsupported value property type: object"),
        ({"n": [1]}, "unsupported value property type: array"),
    ],
)
def test_it_says_why_a_value_is_not_taken(aggregation, data, problem):
    found = taken(data, aggregation)
    assert (found.value, found.problem) == (None, problem)


def test_it_names_a_path_as_it_was_written():
    assert taken({}, path="$['input tokens'].n").problem == """missing value property: "$['input tokens'].n\""""


@pytest.mark.parametrize(
    ("raw", "text"), [("a", "a"), ("", ""), (1, "1"), (Decimal("1E-7"), "0.0000001"), (True, "true"), (False, "false")]
)
def test_unique_count_takes_the_text(raw, text):
    assert taken({"n": raw}, "UNIQUE_COUNT").value == text


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (None, "null and missing value property"),
        ({}, 'missing value property: "$.n"'),
        ({"n": None}, "value cannot be null"),
        ({"n": {"a": 1}}, "unsupported value property type: object"),
        ({"n": []}, "unsupported value property type: array"),
    ],
)
def test_unique_count_says_why_it_takes_no_text(data, problem):
    assert taken(data, "UNIQUE_COUNT").problem == problem


@given(raw=st.one_of(st.text(), st.decimals(), st.integers(), st.floats().map(str), st.booleans(), st.none()))
def test_a_value_is_taken_where_the_grammar_takes_it_and_has_a_problem_elsewhere(raw):
    found = taken({"n": raw})
    assert found.value == parse_value(raw)
    assert (found.problem is None) is (found.value is not None)


_texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.decimals(-1000, 1000, places=6) | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.django_db
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=_json)
def test_json_has_the_text_that_the_database_gives_it(value):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT stored::text, stored #>> '{}' FROM (SELECT %s::jsonb AS stored) x", [encode(value).decode()]
        )
        stored, text = cursor.fetchone()
    assert json_text(DecimalJSONDecoder().decode(stored)) == (text or "")


def test_similar_names_are_the_closest_first():
    known = ["tokens", "token_count", "requests", "TOKENS_V2"]
    assert similar("tokns", known) == ("tokens",)
    assert similar("Tokens", known)[0] == "tokens"
    assert similar("zebra", known) == ()


def test_spellings_are_plain_variants_without_the_text_itself():
    assert spellings(" Acme_EU ") == ("Acme_EU", "acme_eu", "ACME_EU", "Acme-EU")
    assert spellings("acme") == ("ACME",)
