"""Filters on a text: what they accept, and that Python and PostgreSQL agree on what matches."""

import pytest
from django.db import connection
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from metering.filter_string import one_of, parse_filter

# Letters whose case is special: sharp s, both Turkish i, the kelvin, all sigmas, micro, mu, a digraph, a Cherokee one.
LETTERS = st.sampled_from("aAbBzZkK%_\\ \n0.äÄéÉßẞİ\u0131\u212a\u03c3ςΣµμ\u017fsSǅǆǄᏸᏰ😀𐐀𐐨")
TEXTS = st.text(LETTERS, max_size=6)
FILLED = st.text(LETTERS, min_size=1, max_size=5)
PATTERNS = FILLED.filter(lambda text: (len(text) - len(text.rstrip("\\"))) % 2 == 0)
LEAVES = st.one_of(
    st.builds(lambda name, text: {name: text}, st.sampled_from(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"]), FILLED),
    st.builds(lambda name, text: {name: text}, st.sampled_from(["$like", "$nlike", "$ilike", "$nilike"]), PATTERNS),
    st.builds(lambda name, texts: {name: texts}, st.sampled_from(["$in", "$nin"]), st.lists(FILLED, min_size=1)),
)


def _nested(inner):
    return st.builds(
        lambda name, parts: {name: parts}, st.sampled_from(["$and", "$or"]), st.lists(inner, min_size=1, max_size=3)
    )


FILTERS = st.one_of(LEAVES, _nested(LEAVES), _nested(st.one_of(LEAVES, _nested(LEAVES))))


def _in_sql(condition, text):
    sql, parameters = condition.sql("%(shown)s::text", "filter")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {sql}", {"shown": text, **parameters})
        return cursor.fetchone()[0]


@pytest.mark.django_db
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=FILTERS, text=TEXTS)
@example(raw={"$ilike": "%ÄÖ%"}, text="xäöx")
@example(raw={"$ilike": "Σ_"}, text="ςς")
@example(raw={"$like": "\\%"}, text="%")
@example(raw={"$like": "a%"}, text="a\nb")
@example(raw={"$gt": "\U00010000"}, text="\uffff")
def test_it_matches_in_python_what_it_matches_in_sql(raw, text):
    condition = parse_filter(raw, depth=2)
    assert condition.matches(text) is _in_sql(condition, text)


@pytest.mark.parametrize(
    ("raw", "hits", "misses"),
    [
        ({"$eq": "a"}, ["a"], ["A", "", "aa"]),
        ({"$in": ["a", "b"]}, ["a", "b"], ["c", ""]),
        ({"$nin": ["a", "b"]}, ["c", ""], ["a", "b"]),
        ({"$like": "gpt-4%"}, ["gpt-4", "gpt-4o\nmini"], ["GPT-4", "xgpt-4"]),
        ({"$like": "g_t"}, ["gpt", "gät", "g😀t"], ["gt", "gppt"]),
        ({"$like": "100\\%\\_\\\\"}, ["100%_\\"], ["100x_\\", "100%x\\"]),
        ({"$like": "a%b%b"}, ["abb", "axbxb", "abbb"], ["ab", "abba"]),
        ({"$nlike": "a%"}, ["b", ""], ["a", "ab"]),
        ({"$ilike": "STRASSE %"}, ["strasse 1"], ["straße 1"]),
        ({"$ilike": "äΣ%"}, ["Ä\N{GREEK SMALL LETTER SIGMA}X", "Äς"], ["aΣ"]),
        ({"$ilike": "k"}, ["k", "K"], ["\N{KELVIN SIGN}"]),
        ({"$nilike": "a"}, ["b"], ["a", "A"]),
        ({"$gte": "b"}, ["b", "ba", "ä"], ["a", "B"]),
        ({"$and": [{"$gt": "a"}, {"$lt": "c"}]}, ["b", "aa"], ["a", "c"]),
        ({"$or": [{"$eq": "a"}, {"$and": [{"$like": "b%"}, {"$ne": "bb"}]}]}, ["a", "b", "bc"], ["bb", "c"]),
        ({"$eq": "a", "$ne": None}, ["a"], ["b"]),
    ],
)
def test_it_knows_the_operators(db, raw, hits, misses):
    condition = parse_filter(raw, depth=2)
    assert [text for text in hits + misses if condition.matches(text)] == hits
    assert [text for text in hits + misses if _in_sql(condition, text)] == hits


def test_it_takes_the_empty_text_as_one_of_several():
    assert one_of(["", "a"]).matches("")
    assert not one_of(["a"]).matches("")


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ("gpt-4", "as an object"),
        ([{"$eq": "a"}], "as an object"),
        ({}, "exactly one operator"),
        ({"$eq": "a", "$ne": "b"}, "exactly one operator"),
        ({"$eq": None}, "exactly one operator"),
        ({"$exists": True}, "exactly one operator"),
        ({"$eq": ""}, "not empty"),
        ({"$eq": 1}, "$eq with a text"),
        ({"$in": []}, "at least one text"),
        ({"$in": "a"}, "$in as a list"),
        ({"$in": ["a", ""]}, "not empty"),
        ({"$in": ["a"] * 1001}, "at most 1000 items"),
        ({"$and": []}, "at least one filter"),
        ({"$and": [{"$or": [{"$and": [{"$eq": "a"}]}]}]}, "Nest $and less deeply"),
        ({"$and": [{"$or": [{"$eq": "a"}] * 51}] * 2}, "at most 100 conditions"),
        ({"$like": "a\\"}, "backslash"),
        ({"$eq": "a\0"}, "null characters"),
        ({"$eq": "\ud800"}, "lone surrogates"),
    ],
)
def test_it_refuses_what_it_cannot_read(raw, says):
    with pytest.raises(ValueError, match=says.replace("$", r"\$")):
        parse_filter(raw, depth=2)
