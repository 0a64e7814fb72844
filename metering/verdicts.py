"""Pure: what a meter makes of an event's data, and the words in which OpenMeter says what is wrong with an event."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache

from metering.jsonpath import MISSING, extract, parse_path
from metering.values import MAX_DIGITS, parse_value

COUNT, UNIQUE_COUNT = "COUNT", "UNIQUE_COUNT"
NULL_VALUE = "value cannot be null"
BEFORE_START = "before the meter's start"
_NO_DATA = "null and missing value property"
_NAN = "value cannot be NaN"
_INFINITY = "value cannot be infinity"
_INFINITIES = {"inf", "infinity"}
_TOO_LONG = f"value has more than {MAX_DIGITS} digits on a side of the point"
_SHOWN_CHARACTERS = 100
_MOST_SUGGESTIONS = 3
# How alike two names have to be: one slip in five letters.
_ALIKE = 4 / 5
_path = lru_cache(maxsize=1024)(parse_path)


class Outcome(StrEnum):
    """What can be true of an event; it is counted where nothing else is."""

    COUNTED = "counted"
    NO_METER = "no_meter"
    NO_CUSTOMER = "no_customer"
    BAD_VALUE = "bad_value"
    NOT_STARTED = "not_started"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Taken:
    """The value that a meter took of an event, a number or for UNIQUE_COUNT a text; or the problem with it."""

    value: Decimal | str | None = None
    problem: str | None = None


def read_value(*, aggregation: str, value_property: str, data: object) -> Taken:
    """
    Return what a meter takes of an event's decoded data: COUNT 1, UNIQUE_COUNT a text, the others an exact number.

    >>> read_value(aggregation="SUM", value_property="$.tokens", data={"tokens": "1.50"}).value
    Decimal('1.50')
    >>> read_value(aggregation="SUM", value_property="$.tokens", data={}).problem
    'missing value property: "$.tokens"'
    """
    if aggregation == COUNT:
        return Taken(Decimal(1))
    if data is None:
        return Taken(problem=_NO_DATA)
    raw = extract(data, _path(value_property))
    if raw is MISSING:
        return Taken(problem=f"missing value property: {json.dumps(value_property, ensure_ascii=False)}")
    if raw is None:
        return Taken(problem=NULL_VALUE)
    return _text(raw) if aggregation == UNIQUE_COUNT else _number(raw)


def _text(raw: object) -> Taken:
    return _unsupported(raw) if isinstance(raw, dict | list) else Taken(json_text(raw))


def _number(raw: object) -> Taken:
    value = parse_value(raw)
    if value is not None:
        return Taken(value)
    match raw:
        case bool() | dict() | list():
            return _unsupported(raw)
        case str():
            return Taken(problem=_problem_of_text(raw))
    return Taken(problem=_TOO_LONG)


def _unsupported(raw: object) -> Taken:
    kind = "bool" if isinstance(raw, bool) else "object" if isinstance(raw, dict) else "array"
    return Taken(problem=f"unsupported value property type: {kind}")


def _problem_of_text(raw: str) -> str:
    word = raw.lower()
    if word == "nan":
        return _NAN
    if word.removeprefix("-" if word.startswith("-") else "+") in _INFINITIES:
        return _INFINITY
    shown = raw if len(raw) <= _SHOWN_CHARACTERS else f"{raw[:_SHOWN_CHARACTERS]}\N{HORIZONTAL ELLIPSIS}"
    return f"value cannot be parsed as float64: {shown}"


def json_text(value: object) -> str:
    """
    Return the text that the database's `#>>` gives for a decoded JSON value; null gives the empty text.

    >>> json_text("a"), json_text(Decimal("1E-7")), json_text(True), json_text({"a": [1, None]}), json_text(None)
    ('a', '0.0000001', 'true', '{"a": [1, null]}', '')
    """
    match value:
        case None:
            return ""
        case str():
            return value
    return _json(value)


def _json(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case dict():
            return "{" + ", ".join(f"{_json(name)}: {_json(inner)}" for name, inner in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_json, value)) + "]"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def group_text(data: object, path: str) -> str:
    """Return the text that an event is grouped by at a path; what is missing or null groups as the empty text."""
    found = extract(data, _path(path))
    return "" if found is MISSING else json_text(found)


def invalid_event(problem: str) -> str:
    """Return how OpenMeter words that a meter could not read an event."""
    return f"invalid event: {problem}"


def no_meter(event_type: str) -> str:
    """Return how OpenMeter words that nothing measures events of a type."""
    return f"no meter found for event type: {event_type}"


def no_customer(subject: str) -> str:
    """Return how OpenMeter words that an event is nobody's."""
    return f"no customer found for event subject: {subject}"


def similar(text: str, known: Iterable[str]) -> tuple[str, ...]:
    """
    Return the known names that a text may have meant, the closest first; letter case and surrounding space are slips.

    >>> similar("Token", ["tokens", "requests"])
    ('tokens',)
    """
    plain: dict[str, str] = {}
    for name in sorted(known):
        plain.setdefault(_plain(name), name)
    return tuple(plain[name] for name in get_close_matches(_plain(text), plain, _MOST_SUGGESTIONS, _ALIKE))


def spellings(text: str) -> tuple[str, ...]:
    """Return the plain variants of a name that a sender may have meant: trimmed, in other case, with other hyphens."""
    trimmed = text.strip()
    variants = [trimmed, trimmed.lower(), trimmed.upper(), trimmed.replace("_", "-"), trimmed.replace("-", "_")]
    return tuple(dict.fromkeys(variant for variant in variants if variant and variant != text))


def _plain(text: str) -> str:
    return text.strip().casefold()
