"""What every model shares: the public id and the exact number column."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pghistory
from django.db import models
from ulid import ULID

from metering.exact_json import encode

# Python refuses to read longer ones as int, to save time.
_LONGEST_INT = 4_000


def new_ulid() -> str:
    return str(ULID())


class UlidField(models.CharField):
    """The id that the API shows: unique, set once, sortable by creation."""

    def __init__(self, **kwargs: Any) -> None:
        # History tables say unique=False: they hold every version of a row.
        kwargs.setdefault("unique", True)
        kwargs.update(max_length=26, editable=False, default=new_ulid)
        super().__init__(**kwargs)

    def deconstruct(self) -> tuple[Any, Any, Any, Any]:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "unique": self.unique}


class NumericField(models.DecimalField):
    """A bare `numeric` column: every digit in, every digit out. A DecimalField would round to its places."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.update(max_digits=None, decimal_places=None)
        super().__init__(**kwargs)

    def db_type(self, connection: Any) -> str:
        return "numeric"

    def check(self, **kwargs: Any) -> list[Any]:
        return [error for error in super().check(**kwargs) if error.id not in {"fields.E130", "fields.E132"}]


def _whole(digits: str) -> int | Decimal:
    return int(digits) if len(digits) <= _LONGEST_INT else Decimal(digits)


class DecimalJSONDecoder(json.JSONDecoder):
    """Read JSON numbers as Decimal, so that stored values keep all their digits."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(parse_float=Decimal, parse_int=_whole, **kwargs)


class DecimalJSONEncoder(json.JSONEncoder):
    """Write Decimal as a JSON number with all its digits."""

    def encode(self, o: Any) -> str:
        return encode(o).decode()


def tracked(**kwargs: Any) -> Callable[[type[models.Model]], type[models.Model]]:
    """Keep every version of a row, with actor, time and reason, by database trigger (bulk updates included)."""
    return pghistory.track(
        pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent(), append_only=True, **kwargs
    )
