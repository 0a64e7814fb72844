"""Pure: which of a meter's events a feature counts, as conditions by group name in OpenMeter's JSON shape."""

from collections.abc import Mapping, Sequence
from typing import Any

from metering.filter_string import parse_filter

FILTER_DEPTH = 2


def normal_filters(filters: Mapping[str, object]) -> dict[str, Any]:
    """
    Return the stored form of filters: a text becomes `$eq`, a list of texts `$in`, and a condition stays what it is.

    :raises ValueError: if one of them is no condition.
    """
    return {group: _normal(wanted) for group, wanted in filters.items()}


def plain_filters(filters: Mapping[str, Mapping[str, Any]]) -> dict[str, str] | None:
    """Return stored filters as one text for each group, None if one of them says more than that."""
    if any(wanted.keys() != {"$eq"} for wanted in filters.values()):
        return None
    return {group: wanted["$eq"] for group, wanted in filters.items()}


def filter_words(filters: Mapping[str, Mapping[str, Any]]) -> str:
    """Say stored filters in a line, such as `model large or medium, region not eu`; empty for none."""
    return ", ".join(f"{group} {_words(wanted)}" for group, wanted in filters.items())


_WORDS = {
    "$ne": "not ",
    "$nin": "not ",
    "$like": "like ",
    "$nlike": "not like ",
    "$ilike": "like ",
    "$nilike": "not like ",
    "$gt": "> ",
    "$gte": "≥ ",
    "$lt": "< ",
    "$lte": "≤ ",
}


def _words(wanted: Mapping[str, Any]) -> str:
    ((operator, value),) = wanted.items()
    if operator in ("$and", "$or"):
        return f" {operator.removeprefix('$')} ".join(_words(part) for part in value)
    return _WORDS.get(operator, "") + (" or ".join(value) if isinstance(value, list) else value)


def _normal(wanted: object) -> dict[str, Any]:
    condition = wanted
    if isinstance(wanted, str):
        condition = {"$eq": wanted}
    elif isinstance(wanted, Sequence):
        condition = {"$in": list(wanted)} if len(wanted) != 1 else {"$eq": wanted[0]}
    parse_filter(condition, depth=FILTER_DEPTH)
    return _without_nulls(condition)


def _without_nulls(condition: Any) -> dict[str, Any]:
    return {
        operator: [_without_nulls(part) for part in value] if operator in ("$and", "$or") else value
        for operator, value in condition.items()
        if value is not None
    }
