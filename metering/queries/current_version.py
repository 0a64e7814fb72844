"""The version of a meter that its queries use, in plain SQL: each usage query begins with it."""

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, models

from metering.models import Meter, MeterVersion
from metering.queries.prepared import fetch_prepared

_Model = TypeVar("_Model", bound=models.Model)
# The ORM takes several times as long to write this as the database takes to answer it.
_NEWEST = """
SELECT {columns} FROM metering_meter meter JOIN metering_meterversion version ON version.meter_id = meter.id
WHERE (meter.ulid = %(named)s OR meter.slug = %(named)s) AND meter.deleted_at IS NULL
ORDER BY meter.id, version.number DESC LIMIT 1
"""


def current_version(id_or_slug: str) -> MeterVersion | None:
    """Return the newest version, with its meter, of the live meter of that public id or slug; one query."""
    rows = fetch_prepared(_statement(), {"named": id_or_slug})
    if not rows:
        return None
    row = rows[0]
    version = _read(MeterVersion, row)
    version.meter = _read(Meter, row[len(MeterVersion._meta.concrete_fields) :])
    return version


@cache
def _statement() -> str:
    columns = [
        f'{table}."{field.column}"'
        for table, model in (("version", MeterVersion), ("meter", Meter))
        for field in model._meta.concrete_fields
    ]
    return _NEWEST.format(columns=", ".join(columns))


def _read(model: type[_Model], row: Sequence[Any]) -> _Model:
    fields = model._meta.concrete_fields
    values = [_value(field, value) for field, value in zip(fields, row, strict=False)]
    return model.from_db(DEFAULT_DB_ALIAS, [field.attname for field in fields], values)


def _value(field: Any, value: Any) -> Any:
    return field.from_db_value(value, None, connection) if hasattr(field, "from_db_value") else value
