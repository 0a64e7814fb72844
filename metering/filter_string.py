"""
Pure: filters on a text, read from JSON such as `{"$in": ["gpt-4", "gpt-5"]}`, in Python and in SQL alike.

Texts are compared by code point, as the collation "C" does. `$like` knows `%` (any characters), `_` (one character) and
a backslash before either. `$ilike` is the same without case, wherever one letter stands for one other, whatever the
locale of the server: so `ß` is not `SS`, and a letter beyond ASCII is never one of ASCII (`K`, the sign of the kelvin,
is not `k`).
"""

import operator
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Final

MAX_CONDITIONS: Final = 100
MAX_TEXTS: Final = 1_000
_OPERATORS: Final = (
    *("$eq", "$ne", "$in", "$nin", "$like", "$nlike", "$ilike", "$nilike"),
    *("$gt", "$gte", "$lt", "$lte", "$and", "$or"),
)
_COMPARISONS: Final[Mapping[str, tuple[str, Callable[[str, str], bool]]]] = {
    "$eq": ("=", operator.eq),
    "$ne": ("<>", operator.ne),
    "$gt": (">", operator.gt),
    "$gte": (">=", operator.ge),
    "$lt": ("<", operator.lt),
    "$lte": ("<=", operator.le),
}
_PATTERN_PART = re.compile(r"\\(.)|([%_])|([^\\%_]+)", re.DOTALL)
# No letter after this one has a case.
_CASED_LETTERS = range(0x80, 0x1F000)

Sql = tuple[str, dict[str, object]]


class FilterString(ABC):
    """A condition on a text; `parse_filter` and `one_of` make them."""

    @abstractmethod
    def matches(self, text: str) -> bool:
        """Whether a text meets the condition."""

    @abstractmethod
    def sql(self, expression: str, name: str) -> Sql:
        """
        Return the same condition on a SQL expression that is never null, and its parameters.

        Their names start with `name`, and they stand in the text as `%(name…)s`.
        """


@dataclass(frozen=True)
class _Comparison(FilterString):
    operator: str
    operand: str

    def matches(self, text: str) -> bool:
        return _COMPARISONS[self.operator][1](text, self.operand)

    def sql(self, expression: str, name: str) -> Sql:
        return f'({expression}) {_COMPARISONS[self.operator][0]} %({name})s::text COLLATE "C"', {name: self.operand}


@dataclass(frozen=True)
class _Membership(FilterString):
    texts: tuple[str, ...]
    is_in: bool

    def matches(self, text: str) -> bool:
        return (text in self.texts) is self.is_in

    def sql(self, expression: str, name: str) -> Sql:
        compared = "= ANY" if self.is_in else "<> ALL"
        return f"({expression}) {compared}(%({name})s::text[])", {name: list(self.texts)}


@dataclass(frozen=True)
class _Pattern(FilterString):
    pattern: str
    ignores_case: bool
    is_wanted: bool

    def matches(self, text: str) -> bool:
        shown = _folded(text) if self.ignores_case else text
        return _is_like(shown, self._pieces) is self.is_wanted

    @cached_property
    def _pieces(self) -> tuple[re.Pattern[str], ...]:
        return _pieces_of(_folded(self.pattern) if self.ignores_case else self.pattern)

    def sql(self, expression: str, name: str) -> Sql:
        word = "LIKE" if self.is_wanted else "NOT LIKE"
        if not self.ignores_case:
            return f'({expression}) {word} %({name})s::text COLLATE "C"', {name: self.pattern}
        # In "C", ILIKE ignores the case of ASCII alone. Of other letters, only those of the pattern matter.
        folded = _folded(self.pattern)
        variants = {
            variant: letter for letter in sorted(set(folded)) if letter > "\x7f" for variant in _variants(letter)
        }
        parameters: dict[str, object] = {name: folded}
        if variants:
            parameters |= {f"{name}_from": "".join(variants), f"{name}_to": "".join(variants.values())}
            expression = f"translate({expression}, %({name}_from)s::text, %({name}_to)s::text)"
        return f'({expression}) {word.replace("LIKE", "ILIKE")} %({name})s::text COLLATE "C"', parameters


@dataclass(frozen=True)
class _Combination(FilterString):
    parts: tuple[FilterString, ...]
    needs_all: bool

    def matches(self, text: str) -> bool:
        found = (part.matches(text) for part in self.parts)
        return all(found) if self.needs_all else any(found)

    def sql(self, expression: str, name: str) -> Sql:
        parts = [part.sql(expression, f"{name}_{place}") for place, part in enumerate(self.parts)]
        text = (" AND " if self.needs_all else " OR ").join(text for text, _ in parts)
        return f"({text})", {key: value for _, parameters in parts for key, value in parameters.items()}


def one_of(texts: Sequence[str]) -> FilterString:
    """Return the condition of being one of these texts; the empty text is one like any other."""
    return _Membership(tuple(texts), is_in=True)


def parse_filter(raw: object, *, depth: int) -> FilterString:
    """
    Return the condition that a JSON object states; `depth` is how often `$and` and `$or` may be nested.

    :raises ValueError: if it has not exactly one operator in each object, an empty text or list, or is too large.
    """
    found = _parse(raw, depth)
    if _conditions(found) > MAX_CONDITIONS:
        raise ValueError(f"Give at most {MAX_CONDITIONS} conditions in one filter.")
    return found


def _parse(raw: object, depth: int) -> FilterString:
    if not isinstance(raw, Mapping):
        raise ValueError('Write a filter as an object with one operator, such as {"$eq": "gpt-4"}.')
    stated = [name for name, value in raw.items() if value is not None]
    if len(stated) != 1 or stated[0] not in _OPERATORS:
        raise ValueError(f"Give exactly one operator in each object, out of {', '.join(_OPERATORS)}.")
    name, value = stated[0], raw[stated[0]]
    if name in ("$and", "$or"):
        return _combination(name, value, depth)
    if name in ("$in", "$nin"):
        texts = tuple(_text(name, item) for item in _items(name, value, "text", MAX_TEXTS))
        return _Membership(texts, is_in=name == "$in")
    text = _text(name, value)
    return _Comparison(name, text) if name in _COMPARISONS else _pattern(name, text)


def _combination(name: str, value: object, depth: int) -> FilterString:
    if depth <= 0:
        raise ValueError(f"Nest {name} less deeply.")
    parts = tuple(_parse(item, depth - 1) for item in _items(name, value, "filter", MAX_CONDITIONS))
    return _Combination(parts, needs_all=name == "$and")


def _pattern(name: str, text: str) -> FilterString:
    if "".join(match[0] for match in _PATTERN_PART.finditer(text)) != text:
        raise ValueError(f"Write a backslash in {name} twice, or put it before a character that it marks.")
    return _Pattern(text, ignores_case="ilike" in name, is_wanted=not name.startswith("$n"))


def _items(name: str, value: object, word: str, most: int) -> Sequence[object]:
    if not isinstance(value, list | tuple) or not value:
        raise ValueError(f"Write {name} as a list of at least one {word}.")
    if len(value) > most:
        raise ValueError(f"Give at most {most} items in {name}.")
    return value


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"Write {name} with a text that is not empty.")
    # PostgreSQL holds neither, so nothing that is stored can match.
    if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise ValueError(f"Remove null characters and lone surrogates from {name}.")
    return value


def _conditions(node: FilterString) -> int:
    return sum(_conditions(part) for part in node.parts) if isinstance(node, _Combination) else 1


def _pieces_of(pattern: str) -> tuple[re.Pattern[str], ...]:
    """Return what stands between the percent signs of a pattern."""
    pieces = [""]
    for match in _PATTERN_PART.finditer(pattern):
        if match[2] == "%":
            pieces.append("")
        else:
            pieces[-1] += "." if match[2] else re.escape(match[1] or match[3])
    pieces[-1] += r"\Z"
    return tuple(re.compile(piece, re.DOTALL) for piece in pieces)


def _is_like(text: str, pieces: Sequence[re.Pattern[str]]) -> bool:
    # Each piece at the first place where it fits: one regular expression for all would try every other place too.
    found = pieces[0].match(text)
    for piece in pieces[1:]:
        found = found and piece.search(text, found.end())
    return found is not None


# --- Case ----------------------------------------------------------------------------------------------------------


def _folded(text: str) -> str:
    return text.lower() if text.isascii() else "".join(map(_fold, text))


def _fold(letter: str) -> str:
    if letter <= "\x7f":
        return letter.lower()
    folded = letter.casefold()
    return folded if len(folded) == 1 and folded > "\x7f" else letter


@cache
def _all_variants() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for letter in map(chr, _CASED_LETTERS):
        folded = _fold(letter)
        if folded != letter:
            found[folded] = found.get(folded, "") + letter
    return found


def _variants(letter: str) -> str:
    """Return the other forms of a folded letter."""
    return _all_variants().get(letter, "")
