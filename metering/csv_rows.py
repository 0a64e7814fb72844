"""Pure: which columns of a CSV file make an event, and the event that a row makes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from metering.csv_file import REJECTED_ID, REJECTED_LINE, REJECTED_REASON, Row
from metering.errors import DomainError
from metering.zones import zone_names

DEFAULT_SOURCE = "import"
FIELDS: Final = ("type", "subject", "time", "id", "source")
# Columns that are taken for a field where nothing was said about it, by their names' letters and digits.
_OBVIOUS = {
    "type": "type eventtype event eventname",
    "subject": "subject customer customerid customerkey user userid account accountid tenant tenantid organizationid",
    "time": "time timestamp eventtime datetime date ts occurredat startedat createdat",
    "id": "rejectedid id eventid",
    "source": "source",
}
_NEEDED = {
    "type": "Say which events these are, with --type llm_tokens or --type-column NAME",
    "subject": "Say whose usage this is, with --subject-column NAME, or --subject acme for all rows",
    "time": "Say when it happened, with --time-column NAME, or --time 2026-01-31T12:00:00Z for all rows",
}
# A value (see metering.values) and JSON number that the database writes out as it was written: no exponent, no needless
# zero in front, at most 38 digits on either side of the point.
_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,37})(?:\.[0-9]{1,38})?")
_SINCE_1970 = re.compile(r"(?P<whole>[0-9]{10}|[0-9]{13}|[0-9]{16}|[0-9]{19})(?:\.[0-9]*)?")
_ZONE_NAME = re.compile(r" ?(?:UTC|GMT|Z)$", re.IGNORECASE)


class UnusableColumns(DomainError):
    code = "invalid_columns"


class UnusableRow(ValueError):
    """A row that makes no event; its text is a sentence for whoever wrote the file."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for: a fixed text or a column for each field of an event, and what its data is made of."""

    texts: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    time_zone: str = "UTC"
    time_format: str | None = None
    data: Sequence[tuple[str, str]] = ()
    data_column: str | None = None
    other_columns: bool = False


@dataclass(frozen=True, slots=True)
class Columns:
    """How rows are read: fixed texts, the places of other fields, and the paths in data that columns go to."""

    header: tuple[str, ...]
    texts: Mapping[str, str]
    places: Mapping[str, int]
    time_zone: str
    time_format: str | None
    data: tuple[tuple[tuple[str, ...], int], ...]
    data_place: int | None

    def describe(self) -> dict[str, str]:
        """Return, for each field and for each name in data, which column or text it comes from."""
        found = {name: f"column {self.header[place]}" for name, place in self.places.items()}
        found |= self.texts
        if "time" in self.places:
            found["time"] += f", in {self.time_zone} where it names no offset"
        if "id" not in self.places:
            found["id"] = "the file's content and the line"
        shown = {name: found[name] for name in FIELDS}
        if self.data_place is not None:
            shown["data"] = f"column {self.header[self.data_place]}, a JSON object"
        return shown | {f"data.{'.'.join(path)}": f"column {self.header[place]}" for path, place in self.data}


# --- Which columns -------------------------------------------------------------------------------------------------


def choose_columns(header: Sequence[str], wishes: Wishes) -> Columns:
    """
    Decide what each field of an event is read from; columns of obvious names serve where nothing was asked for.

    Without a word about data, all columns that are nothing else go into it.

    :raises UnusableColumns: if a column is not there, a field that has to be is missing, or names clash.
    """
    places = {name: _place(header, column) for name, column in wishes.columns.items()}
    taken = {*places.values(), *(_place(header, column) for _, column in wishes.data)}
    for name in FIELDS:
        if name not in wishes.texts and name not in places:
            place = _guess(header, name, taken)
            if place is not None:
                places[name] = place
                taken.add(place)
    texts = {"source": DEFAULT_SOURCE, **wishes.texts} if "source" not in places else dict(wishes.texts)
    _check_needed(header, texts, places)
    if wishes.time_zone not in zone_names():
        raise UnusableColumns(f"{wishes.time_zone!r} is no time zone. Name one such as Europe/Berlin.")
    data_place = None if wishes.data_column is None else _place(header, wishes.data_column)
    data = _data(header, wishes, {*places.values()}, data_place)
    return Columns(tuple(header), texts, places, wishes.time_zone, wishes.time_format, data, data_place)


def _place(header: Sequence[str], column: str) -> int:
    if column not in header:
        raise UnusableColumns(f"There is no column {column!r}. The file has: {', '.join(header)}.")
    if header.count(column) > 1:
        raise UnusableColumns(f"The file has {header.count(column)} columns {column!r}. Rename all but one.")
    return header.index(column)


def _guess(header: Sequence[str], name: str, taken: set[int]) -> int | None:
    plain = [re.sub(r"[^a-z0-9]", "", column.lower()) for column in header]
    for obvious in _OBVIOUS[name].split():
        if plain.count(obvious) == 1 and plain.index(obvious) not in taken:
            return plain.index(obvious)
    return None


def _check_needed(header: Sequence[str], texts: Mapping[str, str], places: Mapping[str, int]) -> None:
    for name, sentence in _NEEDED.items():
        if name not in texts and name not in places:
            raise UnusableColumns(f"{sentence}. The file has the columns: {', '.join(header)}.")


def _data(
    header: Sequence[str], wishes: Wishes, used: set[int], data_place: int | None
) -> tuple[tuple[tuple[str, ...], int], ...]:
    if data_place is not None:
        if wishes.data or wishes.other_columns:
            raise UnusableColumns("Give either one column that holds data as a JSON object, or columns for its names.")
        return ()
    pairs = [(tuple(name.split(".")), _place(header, column)) for name, column in wishes.data]
    if wishes.other_columns or not wishes.data:
        named = used | {place for _, place in pairs}
        pairs += [((column,), place) for place, column in enumerate(header) if _is_other(column) and place not in named]
    _check_paths([path for path, _ in pairs])
    return tuple(pairs)


def _is_other(column: str) -> bool:
    return column not in ("", REJECTED_LINE, REJECTED_REASON, REJECTED_ID)


def _check_paths(paths: Sequence[tuple[str, ...]]) -> None:
    seen: set[tuple[str, ...]] = set()
    for path in paths:
        name = ".".join(path)
        if not all(path):
            raise UnusableColumns(f"The name {name!r} in data has an empty part. Write it like tokens or usage.input.")
        if path in seen:
            raise UnusableColumns(f"The name {name!r} in data is given twice. Choose one column for it.")
        seen.add(path)
    for path in paths:
        if outer := next((path[:end] for end in range(1, len(path)) if path[:end] in seen), None):
            raise UnusableColumns(f"In data, {'.'.join(outer)!r} can't hold both a value and {'.'.join(path)!r}.")


# --- What a row makes ----------------------------------------------------------------------------------------------


def row_id(identity: str, row: Row) -> str:
    """Return the id of the event of a row in a file without ids: the file's identity and the row's line."""
    return f"{identity}-{row.line}"


def to_event(columns: Columns, row: Row, own_id: str) -> dict[str, Any]:
    """
    Return the event that a row makes, as it would be posted; `own_id` is its id where no column holds ids.

    Numbers stay as they are written, to the digit; empty fields are left out of data. What else an event has to be is
    for the ingestion to say.

    :raises UnusableRow: if fields are missing, or the time or the JSON can't be read.
    """
    if row.problem:
        raise UnusableRow(row.problem)
    fields = row.fields
    _check_width(columns, fields)
    event: dict[str, Any] = {"id": own_id, **columns.texts}
    for name, place in columns.places.items():
        event[name] = fields[place]
    if "time" in columns.places:
        event["time"] = read_time(event["time"], columns.time_zone, columns.time_format).isoformat()
    event["data"] = _json_object(columns, fields) if columns.data_place is not None else _data_of(columns.data, fields)
    return event


def read_time(text: str, zone: str, time_format: str | None) -> datetime:
    """
    Return the time that a text says, in UTC: ISO 8601, (milli-, micro-, nano-) seconds since 1970, or a format.

    One without an offset is of the zone. Of an hour that a zone has twice, it is the first; one that it skips is read
    by the offset before that. Digits past the microsecond are cut.

    >>> read_time("2026-01-31 12:00:00", "Europe/Berlin", None).isoformat()
    '2026-01-31T11:00:00+00:00'

    :raises UnusableRow: if it can't be read.
    """
    text = text.strip()
    try:
        time = _parsed(text, time_format)
        return time.replace(tzinfo=time.tzinfo or ZoneInfo(zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        how = (
            f"Write it as {time_format}"
            if time_format
            else "Write it like 2026-01-31 12:00:00, or name a --time-format"
        )
        raise UnusableRow(
            f"The time {text!r} cannot be read. {how}." if text else f"The time is empty. {how}."
        ) from None


def has_unclear_time(columns: Columns, row: Row) -> bool:
    """Tell whether a row has a local time that its zone skips or has twice, as clocks change."""
    place = columns.places.get("time")
    if place is None or columns.time_zone == "UTC" or row.problem or place >= len(row.fields):
        return False
    try:
        time = _parsed(row.fields[place].strip(), columns.time_format)
        if time.tzinfo is not None:
            return False
        zone = ZoneInfo(columns.time_zone)
        first, second = (time.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    except (ValueError, OverflowError):
        return False
    return first != second


def number_or_text(text: str) -> msgspec.Raw | str:
    """
    Return a number as JSON, in the digits it is written in; any other text stays one.

    Text too stays what JSON would write otherwise, such as 007 or 1e3: it counts as the same value all the same.
    """
    trimmed = text.strip()
    return msgspec.Raw(trimmed.encode()) if _PLAIN_NUMBER.fullmatch(trimmed) else text


def _check_width(columns: Columns, fields: Sequence[str]) -> None:
    given, wanted = len(fields), len(columns.header)
    if given < wanted or any(fields[wanted:]):
        raise UnusableRow(f"The row has {given} fields, and the file {wanted} columns.")


def _parsed(text: str, time_format: str | None) -> datetime:
    return datetime.strptime(text, time_format) if time_format else _iso_or_number(text)  # noqa: DTZ007


def _iso_or_number(text: str) -> datetime:
    if found := _SINCE_1970.fullmatch(text):
        whole = found["whole"]
        fraction = (text[len(whole) + 1 :] if len(whole) == 10 else whole[10:]).ljust(6, "0")[:6]
        return datetime.fromtimestamp(int(whole[:10]), UTC).replace(microsecond=int(fraction))
    return datetime.fromisoformat(text if text[-1:].isdigit() else _ZONE_NAME.sub("+00:00", text))


def _json_object(columns: Columns, fields: Sequence[str]) -> msgspec.Raw | None:
    text = fields[columns.data_place or 0]
    if not text.strip():
        return None
    try:
        return msgspec.json.decode(text, type=msgspec.Raw)
    except msgspec.DecodeError as error:
        raise UnusableRow(f"The data cannot be read as JSON: {error}.") from None


def _data_of(pairs: Sequence[tuple[tuple[str, ...], int]], fields: Sequence[str]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for path, place in pairs:
        text = fields[place]
        if text:
            inner = data if len(path) == 1 else _inner(data, path)
            inner[path[-1]] = number_or_text(text)
    return data


def _inner(data: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    for key in path[:-1]:
        data = data.setdefault(key, {})
    return data
