"""Pure: filters on a time, read from JSON such as `{"$gte": "2026-01-01T00:00:00Z"}`, as conditions in SQL."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from metering.instants import has_offset

MAX_CONDITIONS: Final = 100
_COMPARISONS: Final = {"$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}
_COMBINATIONS: Final = {"$and": "AND", "$or": "OR"}
_EXAMPLE = "2026-01-31T00:00:00Z"


@dataclass(frozen=True)
class FilterTime:
    """A condition on a time: comparisons, all or one of which have to hold; `parse_time_filter` makes them."""

    word: str
    parts: "tuple[FilterTime, ...]" = ()
    at: datetime | None = None

    def sql(self, expression: str, name: str) -> tuple[str, dict[str, object]]:
        """Return the condition on a SQL expression, and its parameters, whose names start with `name`."""
        if self.word in _COMPARISONS:
            return f"{expression} {_COMPARISONS[self.word]} %({name})s", {name: self.at}
        found = [part.sql(expression, f"{name}_{place}") for place, part in enumerate(self.parts)]
        text = f" {_COMBINATIONS[self.word]} ".join(text for text, _ in found)
        return f"({text})", {key: value for _, parameters in found for key, value in parameters.items()}


def between(start: datetime | None, end: datetime | None) -> FilterTime | None:
    """Return the condition of being in [start, end); None is open, and without either there is no condition."""
    parts = [FilterTime(word, at=at) for word, at in (("$gte", start), ("$lt", end)) if at is not None]
    return FilterTime("$and", parts=tuple(parts)) if parts else None


def parse_time_filter(raw: object, *, depth: int) -> FilterTime:
    """
    Return the condition that a JSON object states; `depth` is how often `$and` and `$or` may be nested.

    Several comparisons in one object have all to hold: `{"$gte": from, "$lt": to}` is a range.

    :raises ValueError: if it has no operator, an unknown one, a time without offset, or is too large.
    """
    found = _parse(raw, depth)
    if _conditions(found) > MAX_CONDITIONS:
        raise ValueError(f"Give at most {MAX_CONDITIONS} conditions in one filter.")
    return found


def _parse(raw: object, depth: int) -> FilterTime:
    if not isinstance(raw, Mapping):
        raise ValueError(f'Write a filter on a time as an object, such as {{"$gte": "{_EXAMPLE}"}}.')
    stated = {name: value for name, value in raw.items() if value is not None}
    unknown = [name for name in stated if name not in _COMPARISONS and name not in _COMBINATIONS]
    if unknown or not stated:
        known = ", ".join((*_COMPARISONS, *_COMBINATIONS))
        raise ValueError(f"Give at least one operator in each object, out of {known}.")
    parts = tuple(_condition(name, value, depth) for name, value in stated.items())
    return parts[0] if len(parts) == 1 else FilterTime("$and", parts=parts)


def _condition(name: str, value: object, depth: int) -> FilterTime:
    if name in _COMPARISONS:
        return FilterTime(name, at=_instant(name, value))
    if depth <= 0:
        raise ValueError(f"Nest {name} less deeply.")
    if not isinstance(value, list) or not value or len(value) > MAX_CONDITIONS:
        raise ValueError(f"Write {name} as a list of 1 to {MAX_CONDITIONS} filters.")
    return FilterTime(name, parts=tuple(_parse(item, depth - 1) for item in value))


def _instant(name: str, value: object) -> datetime:
    if isinstance(value, str) and has_offset(value):
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise ValueError(f"Write {name} with a time and its offset, such as {_EXAMPLE}.")


def _conditions(node: FilterTime) -> int:
    return sum(map(_conditions, node.parts)) if node.parts else 1
