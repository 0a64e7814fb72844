"""Values: one grammar, the same in Python and in PostgreSQL."""

import json
from decimal import Decimal

import pytest
from django.db import connection
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from metering.values import VALUE_SQL_FUNCTION, parse_value

NINES = "9" * 38

GOOD = [
    ("0", "0"),
    ("-0", "0"),
    ("12", "12"),
    ("1.50", "1.5"),
    ("-0.25", "-0.25"),
    ("1e3", "1000"),
    ("1.5E-3", "0.0015"),
    ("1e37", "1" + "0" * 37),
    (NINES, NINES),
    (f"-{NINES}.{NINES}", f"-{NINES}.{NINES}"),
    ("1e-38", "0." + "0" * 37 + "1"),
    ("0.0000001e40", "1" + "0" * 33),  # written out, 34 digits
    ("1" + "0" * 50 + "e-50", "1"),
    ("1." + "0" * 60, "1"),  # zeros at the end are needless
    ("0e999", "0"),
]
GOOD_STRINGS = [
    ("+12", "12"),
    ("0012.5", "12.5"),
    ("1e+3", "1000"),
    ("0" * 99 + "7", "7"),  # 100 characters
]
BAD_NUMBERS = ["1e38", "-1e38", "1e400", "1e-39", "0." + "0" * 38 + "1", NINES + "9", f"{NINES}.{NINES}9", "1e-999"]
BAD_STRINGS = [
    *BAD_NUMBERS,
    *["", " ", " 12 ", "12 ", "12\n", "\n12", "1 2", "NaN", "nan", "Infinity", "-inf", "null", "true", "abc"],
    *["0x1F", "0b1", "0o7", "1_000", "1,5", "1,000.00", "$5", "5%", "1e", "e5", "1e1.5", "1e+", "--1", "+-1", "1-"],
    *[".5", "5.", ".", "-", "+", "1.2.3", "1e0005", "1e99999999999", "٢", "½", "1d3", "12\n13", "1\x0b"],
    *["0" * 100 + "7", "1" * 500],
]
BAD_OTHERS = ["null", "true", "false", "[]", "[1]", "{}", '{"a": 1}']


def decode(text):
    """Decode JSON as ingestion does: fractions and exponents become exact decimals."""
    return json.loads(text, parse_float=Decimal)


@pytest.mark.parametrize(("text", "value"), GOOD)
def test_it_reads_a_number_and_the_same_number_in_a_string(text, value):
    assert parse_value(decode(text)) == Decimal(value)
    assert parse_value(text) == Decimal(value)


@pytest.mark.parametrize(("text", "value"), GOOD_STRINGS)
def test_it_reads_more_ways_of_writing_in_a_string(text, value):
    assert parse_value(text) == Decimal(value)


@pytest.mark.parametrize("text", BAD_NUMBERS)
def test_it_finds_a_number_of_too_many_digits_bad(text):
    assert parse_value(decode(text)) is None


@pytest.mark.parametrize("text", BAD_STRINGS)
def test_it_finds_any_other_string_bad(text):
    assert parse_value(text) is None


@pytest.mark.parametrize("text", BAD_OTHERS)
def test_it_finds_any_other_json_bad(text):
    assert parse_value(decode(text)) is None


@pytest.mark.parametrize("raw", [float("nan"), 1.5, Decimal("NaN"), Decimal("Infinity"), Decimal("sNaN"), b"1"])
def test_it_finds_what_is_no_exact_number_bad(raw):
    assert parse_value(raw) is None


def test_it_has_no_negative_zero():
    assert str(parse_value("-0.00")) == "0"


@pytest.fixture
def in_sql(db):
    """Evaluate JSON texts with the function's text in this checkout."""
    with connection.cursor() as cursor:
        cursor.execute(VALUE_SQL_FUNCTION)

    def values(texts):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT metering_value(value::jsonb) FROM unnest(%s::text[]) WITH ORDINALITY AS t(value, n) ORDER BY n",
                [texts],
            )
            return [value for [value] in cursor.fetchall()]

    return values


def test_it_means_the_same_in_sql(in_sql):
    numbers = [text for text, _ in GOOD] + BAD_NUMBERS
    strings = numbers + [text for text, _ in GOOD_STRINGS] + BAD_STRINGS
    texts = [*numbers, *map(json.dumps, strings), *BAD_OTHERS]

    found = dict(zip(texts, in_sql(texts), strict=True))

    assert found == {text: parse_value(decode(text)) for text in texts}


digits = st.text("0123456789", min_size=1, max_size=45)
number_texts = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "-"]),
    st.one_of(st.just("0"), st.integers(1, 10**45).map(str)),
    st.one_of(st.just(""), digits.map(".{}".format)),
    st.one_of(st.just(""), st.integers(-90, 90).map("e{}".format), st.integers(-2000, 2000).map("E{:+}".format)),
)
number_like = st.from_regex(r"\A[+-]?[0-9]{0,50}(\.[0-9]{0,50})?([eE][+-]?[0-9]{0,4})?\s?\Z")
# jsonb holds neither of the two that are left out.
strings = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=120)
json_texts = st.one_of(
    number_texts,
    number_texts.map(json.dumps),
    number_like.map(json.dumps),
    strings.map(json.dumps),
    st.text("0123456789+-.eE_ x", max_size=12).map(json.dumps),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(texts=st.lists(json_texts, min_size=1, max_size=50))
@example(texts=["0e5000", "1e-5000", '"1e999"'])
def test_it_means_the_same_in_sql_for_any_string_and_number(in_sql, texts):
    assert in_sql(texts) == [parse_value(decode(text)) for text in texts]


@pytest.mark.django_db
def test_it_is_the_function_that_the_database_has():
    def definition():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_get_functiondef('metering_value(jsonb)'::regprocedure)")
            return cursor.fetchone()

    migrated = definition()
    with connection.cursor() as cursor:
        cursor.execute(VALUE_SQL_FUNCTION)

    assert migrated == definition()


@pytest.mark.django_db
def test_it_is_inlined():
    with connection.cursor() as cursor:
        cursor.execute(VALUE_SQL_FUNCTION)
        cursor.execute("EXPLAIN VERBOSE SELECT metering_value(to_jsonb(n) -> 'a') FROM generate_series(1, 2) n")
        plan = "\n".join(line for [line] in cursor.fetchall())

    # Calling it for each row would cost more than all of its work.
    assert "CASE jsonb_typeof" in plan
    assert "metering_value" not in plan
