"""What an object's history page shows of each change."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model

from metering.admin.display import NOTHING, json_block, moment
from metering.history import Change, changes_of

_TITLES = {"insert": "Made", "update": "Changed", "delete": "Deleted"}
_HIDDEN = frozenset({"id", "ulid", "created_at", "updated_at"})


@dataclass(frozen=True)
class ShownChange:
    """One change in words: who, when, why, and what became of which field."""

    title: str
    at: str
    actor: str
    reason: str
    headers: tuple[str, ...]
    rows: list[tuple[object, ...]]


def shown_changes(row: Model) -> list[ShownChange]:
    """Return the changes of a row for its history page, newest first."""
    return [_show(row, change) for change in changes_of(row)]


def _show(row: Model, change: Change) -> ShownChange:
    made = change.label == "insert"
    return ShownChange(
        title=_TITLES.get(change.label, change.label),
        at=change.at.strftime("%Y-%m-%d %H:%M:%S"),
        actor=change.actor,
        reason=change.reason,
        headers=("Field", "Value") if made else ("Field", "Before", "After"),
        rows=list(_made_rows(row, change) if made else _changed_rows(row, change)),
    )


def _made_rows(row: Model, change: Change) -> Iterator[tuple[object, ...]]:
    for name, (_, new) in change.changed.items():
        if name not in _HIDDEN and new not in (None, "", {}, []):
            yield _label(row, name), _value(new)


def _changed_rows(row: Model, change: Change) -> Iterator[tuple[object, ...]]:
    for name, (old, new) in change.changed.items():
        yield _label(row, name), _value(old), _value(new)


def _label(row: Model, name: str) -> str:
    try:
        field = row._meta.get_field(name.removesuffix("_id"))
    except FieldDoesNotExist:
        return name
    return str(getattr(field, "verbose_name", name)).capitalize()


def _value(value: Any) -> object:
    if value in (None, "", {}, []):
        return NOTHING
    if isinstance(value, datetime):
        return moment(value)
    return json_block(value) if isinstance(value, dict | list) else value
