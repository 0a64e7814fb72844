"""Paths into an event's data: the part of JSONPath that means one thing in Python and in SQL."""

import re
from collections.abc import Mapping
from enum import Enum
from typing import Final, Literal

# Like JSONPath's own names, but with hyphens and leading digits, which keys in events often have.
_STEP = re.compile(r"""\.([\w-]+)|\['([^'\\\x00-\x1f]+)'\]|\["([^"\\\x00-\x1f]+)"\]""")
_NUMBER = re.compile(r"\s*[+-]?[0-9]+")
_EXAMPLE = "write it like $.tokens, $.usage.tokens or $['any key']"


class _Missing(Enum):
    MISSING = "missing"


MISSING: Final = _Missing.MISSING


def parse_path(text: str) -> tuple[str, ...]:
    """
    Return the keys that a path names, outermost first.

    >>> parse_path("$.usage['input tokens']")
    ('usage', 'input tokens')

    :raises ValueError: if it is anything but `$` and keys, each as `.key`, `['key']` or `["key"]`.
    """
    if not text.startswith("$"):
        raise ValueError(f"The path {text!r} has to start with $: {_EXAMPLE}.")
    keys, position = [], 1
    while position < len(text):
        step = _STEP.match(text, position)
        if step is None:
            raise ValueError(f"The path {text!r} cannot be read from {text[position:]!r} on: {_EXAMPLE}.")
        keys.append(step[1] or step[2] or step[3])
        position = step.end()
    if not keys:
        raise ValueError(f"The path {text!r} names no key: {_EXAMPLE}.")
    # PostgreSQL's path operators would read a number as a position in an array, which has no meaning here.
    if any(_NUMBER.fullmatch(key) for key in keys):
        raise ValueError(f"The path {text!r} names a number: arrays cannot be read, and a key has to have a letter.")
    return tuple(keys)


def extract(data: object, path: tuple[str, ...]) -> object | Literal[_Missing.MISSING]:
    """Return what stands at the path, MISSING where a key is absent or what it is looked up in is no object."""
    for key in path:
        if not isinstance(data, Mapping) or key not in data:
            return MISSING
        data = data[key]
    return data
