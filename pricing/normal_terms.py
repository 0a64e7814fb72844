"""Pure: the one form in which the JSON of a rate card is stored."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from pricing.terms import JsonObject, Terms

# Numbers in the shapes of the API that are whole by their nature; all others are decimal strings.
_WHOLE = frozenset({"precision", "issueAfterResetPriority"})


def normal_terms(terms: Terms) -> Terms:
    """Return the same terms with numbers as decimal strings and without null members; an empty object is None."""
    return replace(
        terms,
        price=normal_json(terms.price),
        discounts=normal_json(terms.discounts),
        unit_config=normal_json(terms.unit_config),
        entitlement_template=normal_json(terms.entitlement_template),
        tax_config=normal_json(terms.tax_config),
        metadata=dict(terms.metadata),
    )


def normal_json(data: JsonObject | None) -> dict[str, Any] | None:
    """Return an object without null members, numbers as decimal strings; None if nothing is left."""
    return _members(data) or None if isinstance(data, Mapping) else data


def _members(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value if name in _WHOLE else _normal(value) for name, value in data.items() if value is not None}


def _normal(value: Any) -> Any:
    match value:
        case bool():
            return value
        case int() | Decimal():
            return f"{value:f}" if isinstance(value, Decimal) else str(value)
        case Mapping():
            return _members(value)
        case list() | tuple():
            return [_normal(inner) for inner in value]
    return value
