"""Pure: what a unit of a feature costs us, in OpenMeter's JSON shape: an amount, or the price of a model's tokens."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pricing.issues import Issue
from pricing.prices import NUMERIC

MANUAL, LLM = "manual", "llm"
TOKEN_TYPES = ("input", "output", "cache_read", "cache_write", "reasoning", "request", "response")
_PAIRS = ("provider", "model", "tokenType")
_MEMBERS = {
    MANUAL: ("amount",),
    LLM: tuple(name for part in _PAIRS for name in (part, f"{part}Property")),
}
_PATH = "$.unitCost"


def unit_cost_issues(cost: Mapping[str, Any], *, groups: Collection[str]) -> Iterator[Issue]:
    """Yield what is wrong with a unit's cost for a meter with these groups."""
    kind = cost.get("type")
    if not isinstance(kind, str) or kind not in _MEMBERS:
        yield _wrong(f"Set the type of unitCost to {MANUAL} or {LLM}.", "type")
        return
    for name in sorted(cost.keys() - {"type", *_MEMBERS[kind]}):
        yield _wrong(f"Remove {name}: only {', '.join(_MEMBERS[kind])} can be set here.", name)
    if kind == MANUAL:
        amount = cost.get("amount")
        if not isinstance(amount, str) or not NUMERIC.fullmatch(amount) or amount.startswith("-"):
            yield _wrong('Write the amount as a decimal number of zero or more in a string, such as "0.01".', "amount")
        return
    for part in _PAIRS:
        yield from _pair_issues(cost, part, groups)
    if cost.get("tokenType") not in (None, *TOKEN_TYPES):
        yield _wrong(f"Set tokenType to one of {', '.join(TOKEN_TYPES)}.", "tokenType")


def _pair_issues(cost: Mapping[str, Any], part: str, groups: Collection[str]) -> Iterator[Issue]:
    name, by_group = cost.get(part), cost.get(f"{part}Property")
    if (name is None) == (by_group is None):
        yield _wrong(f"Set either {part}, or {part}Property to the group that tells it.", part)
    elif not isinstance(name or by_group, str):
        yield _wrong(f"Write {part} as a text.", part)
    elif by_group is not None and by_group not in groups:
        known = ", ".join(groups) or "none"
        yield _wrong(f"Use a group of the feature's meter instead of {by_group!r}: it has {known}.", f"{part}Property")


def _wrong(message: str, name: str) -> Issue:
    return Issue("feature_unit_cost_invalid", message, f"{_PATH}.{name}", is_critical=True)
