"""Paths: keys of objects, nothing else."""

import json

import pytest
from django.db import connection

from metering.jsonpath import MISSING, extract, parse_path


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("$.duration_ms", ("duration_ms",)),
        ("$.a.b.c", ("a", "b", "c")),
        ("$.input-tokens", ("input-tokens",)),
        ("$.größe", ("größe",)),
        ("$.4xx", ("4xx",)),
        ("$['any key']", ("any key",)),
        ('$["any key"].b', ("any key", "b")),
        ("$['a.b']['c']", ("a.b", "c")),
        ('$["it\'s"]', ("it's",)),
    ],
)
def test_it_reads_keys(text, keys):
    assert parse_path(text) == keys


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("$", "names no key"),
        ("", "has to start with"),
        ("tokens", "has to start with"),
        (" $.a", "has to start with"),
        ("$.", "cannot be read from '.' on"),
        ("$a", "cannot be read from 'a' on"),
        ("$.a.", "cannot be read from '.' on"),
        ("$..a", "cannot be read from '..a' on"),
        ("$.a b", "cannot be read from ' b' on"),
        ("$.a\n", "cannot be read"),
        ("$.*", "cannot be read"),
        ("$.a[*]", "cannot be read"),
        ("$.a[0]", "cannot be read"),
        ("$.a[-1]", "cannot be read"),
        ("$['']", "cannot be read"),
        ("$['a", "cannot be read"),
        ("$['a\\'b']", "cannot be read"),
        ("$['a\x00']", "cannot be read"),
        ("$.a[?(@.b)]", "cannot be read"),
        ("$.a.0", "names a number"),
        ("$['-1']", "names a number"),
        ("$[' 7']", "names a number"),
    ],
)
def test_it_refuses_anything_else(text, reason):
    with pytest.raises(ValueError, match=r"^The path .*\.$") as refusal:
        parse_path(text)

    assert reason in str(refusal.value)


DATA = {"a": {"b": 1, "none": None, "list": [{"b": 2}], "text": "abc", "any key": {"c": "1.5"}}, "empty": {}}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$.a.b", 1),
        ("$.a['any key'].c", "1.5"),
        ("$.a.none", None),
        ("$.empty", {}),
        ("$.b", MISSING),
        ("$.a.none.b", MISSING),
        ("$.a.list.b", MISSING),
        ("$.a.text.b", MISSING),
        ("$.empty.b", MISSING),
    ],
)
def test_it_finds_the_value(path, value):
    assert extract(DATA, parse_path(path)) == value


@pytest.mark.parametrize("data", [None, [1], "a", 5])
def test_it_finds_nothing_in_what_is_no_object(data):
    assert extract(data, parse_path("$.a")) is MISSING


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["$.a.b", "$.a['any key'].c", "$.a.none", "$.a.list.b", "$.a.text.b", "$.a.x", "$.b"])
def test_it_finds_what_postgresql_finds(path):
    keys = parse_path(path)
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::jsonb #> %s::text[]", [json.dumps(DATA), list(keys)])
        [stored] = cursor.fetchone()

    expected = extract(DATA, keys)
    assert (None if stored is None else json.loads(stored)) == (None if expected is MISSING else expected)
