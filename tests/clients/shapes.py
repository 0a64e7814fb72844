"""Whether raw JSON is what the model classes of OpenMeter's Python SDK say: the SDK itself reads almost anything."""

import re
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import Enum
from types import NoneType
from typing import Any, Union, get_args, get_origin, get_type_hints

from openmeter._generated import _unions, models
from openmeter._generated._utils.model_base import Model

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_DURATION = re.compile(r"P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+S)?)?")
_SCALARS = {str: (str,), bool: (bool,), int: (int,), float: (int, float)}
# The SDK calls them required; OpenMeter sends null where there is none, and so its documents say.
_MAY_BE_NULL = {
    ("MeterQueryRow", "subject"),
    ("Addon", "validationErrors"),
    ("Plan", "validationErrors"),
    ("PlanAddon", "validationErrors"),
    ("PlanPhase", "duration"),
    ("PriceTier", "flatPrice"),
    ("PriceTier", "unitPrice"),
    ("RateCardFlatFee", "billingCadence"),
    ("RateCardFlatFee", "price"),
    ("RateCardUsageBased", "price"),
    ("SubscriptionItem", "billingCadence"),
    ("SubscriptionItem", "price"),
}
# Fields of our own, which the SDK keeps without knowing them; the id is that of a plan's add-on.
_OUR_OWN = {
    "backfill",
    "carriesUsage",
    "entitlementTemplate",
    "id",
    "minimumAmount",
    "prorateCommitments",
    "prorateMinimum",
    "timeZone",
    "verdict",
    "warnings",
}


def misfits(raw: Any, expected: Any, where: str = "$") -> list[str]:
    """Return each place where `raw` is not what a type of the SDK says."""
    return list(_misfits(raw, expected, where))


def _misfits(raw: Any, expected: Any, where: str) -> Iterator[str]:
    origin, inner = get_origin(expected), get_args(expected)
    if origin is Union:
        # An enum stands in a union with text, so that the SDK keeps words that it does not know.
        kinds = [kind for kind in inner if _is_enum(kind)] or inner
        yield from min((list(_misfits(raw, kind, where)) for kind in kinds), key=len)
    elif origin is list:
        yield from _items(raw, list, where, ((f"[{number}]", item, inner[0]) for number, item in enumerate(raw or [])))
    elif origin is dict:
        yield from _items(raw, dict, where, ((f".{key}", item, inner[1]) for key, item in (raw or {}).items()))
    elif isinstance(expected, type) and issubclass(expected, Model):
        yield from _model_misfits(raw, expected, where)
    elif not _is_scalar(raw, expected):
        yield f"{where} is {raw!r}, no {getattr(expected, '__name__', expected)}"


def _items(raw: Any, container: type, where: str, items: Iterator[tuple[str, Any, Any]]) -> Iterator[str]:
    if not isinstance(raw, container):
        yield f"{where} is {raw!r}, no {container.__name__}"
        return
    for step, item, expected in items:
        yield from _misfits(item, expected, where + step)


def _is_scalar(raw: Any, expected: Any) -> bool:
    if expected is Any:
        return True
    if expected is datetime:
        return isinstance(raw, str) and _INSTANT.fullmatch(raw) is not None
    if expected is timedelta:
        return isinstance(raw, str) and _DURATION.fullmatch(raw) is not None
    if expected in _SCALARS:
        return isinstance(raw, _SCALARS[expected]) and isinstance(raw, bool) == (expected is bool)
    return raw in ([word.value for word in expected] if _is_enum(expected) else get_args(expected))


def _is_enum(expected: Any) -> bool:
    return isinstance(expected, type) and issubclass(expected, Enum)


def _model_misfits(raw: Any, model: type[Model], where: str) -> Iterator[str]:
    if not isinstance(raw, dict):
        yield f"{where} is {raw!r}, no {model.__name__}"
        return
    types = _field_types(model)
    # Metadata and annotations name no field: they hold any.
    for key in raw.keys() - types.keys() - _OUR_OWN if types else ():
        yield f"{where}.{key} is unknown to {model.__name__}"
    for key, expected in types.items():
        kinds = [kind for kind in get_args(expected) if kind is not NoneType]
        is_optional = NoneType in get_args(expected)
        if key not in raw:
            yield from () if is_optional else [f"{where}.{key} is missing"]
        elif raw[key] is not None or (model.__name__, key) not in _MAY_BE_NULL:
            # What is optional may be absent; it is not null.
            yield from _misfits(raw[key], Union[tuple(kinds)] if is_optional else expected, f"{where}.{key}")  # noqa: UP007


def _field_types(model: type[Model]) -> dict[str, Any]:
    # The SDK learns the names on the wire when it makes the first object of a class.
    model({})
    hints = get_type_hints(
        model, globalns={**vars(sys.modules[model.__module__]), "_models": models, "_unions": _unions}
    )
    fields = model._attr_to_rest_field.items()
    return {field._rest_name: hints[name] for name, field in fields if "read" in (field._visibility or ["read"])}
