"""Where the import of a file begins, so that rows of an earlier import of nearly the same file do not count twice."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import islice
from typing import BinaryIO

import msgspec

from metering.csv_file import Layout, read_rows
from metering.csv_rows import Columns
from metering.errors import DomainError
from metering.models import EventImport

_FIRST_ROWS = 100
_ROW_BYTES = 8
_CHUNK = 1 << 20
_encode = msgspec.json.Encoder().encode


class RowsWereImported(DomainError):
    status = 409
    code = "rows_were_imported"


@dataclass(frozen=True, slots=True)
class Start:
    """Where reading begins, and what the ids of events begin with: nothing where a column holds ids."""

    position: int
    line: int
    identity: str
    first_rows: bytes
    after: EventImport | None = None


def reading_hash(content_hash: str, layout: Layout, columns: Columns) -> bytes:
    """Return what an import is known by: a content, and how it is read."""
    return blake2b(_encode([content_hash, layout.delimiter, layout.encoding, columns])).digest()[:32]


def find_start(
    file: BinaryIO, *, layout: Layout, columns: Columns, content_hash: str, counts_again: bool = False
) -> Start:
    """
    Return where to begin with a file that was not imported by these columns: after what an earlier import has of it.

    That is so if the file was imported, as far as it went then, by the same columns. A content that was imported by
    others keeps the ids of its rows. Rows with ids of their own, and those that are to count again, need no care.

    :raises RowsWereImported: if an earlier import began with about the same rows, and this one cannot go on after it.
    """
    first_rows = _first_rows(file, layout)
    fresh = Start(layout.start, layout.line, content_hash, first_rows)
    if "id" in columns.places:
        return replace(fresh, identity="")
    if counts_again:
        return fresh
    alike = [
        earlier
        for earlier in EventImport.objects.order_by("-pk")
        if _begin_alike(bytes(earlier.first_rows), first_rows)
    ]
    for earlier in alike:
        if earlier.identity and earlier.content_hash == content_hash:
            return replace(fresh, identity=earlier.identity)
    starts = [
        Start(*place, earlier.identity, first_rows, earlier)
        for earlier in alike
        if earlier.hash_is(reading_hash(earlier.content_hash, layout, columns))
        and (place := _place_after(file, earlier)) is not None
    ]
    if starts:
        return max(starts, key=lambda start: start.position)
    if alike:
        raise RowsWereImported(_refusal(alike[0]))
    return fresh


def _refusal(earlier: EventImport) -> str:
    return (
        f"This file begins with rows of {earlier.name}, imported on {earlier.created_at:%Y-%m-%d %H:%M} UTC, but does"
        " not continue it by the same columns, so they would count twice: import a file of the new rows alone, or"
        " mended rows from the .rejected.csv file, or name an --id-column; --again counts all rows once more."
    )


def _first_rows(file: BinaryIO, layout: Layout) -> bytes:
    file.seek(layout.start)
    rows = read_rows(
        file, delimiter=layout.delimiter, encoding=layout.encoding, position=layout.start, line=layout.line
    )
    return b"".join(blake2b(_encode(row.fields), digest_size=_ROW_BYTES).digest() for row in islice(rows, _FIRST_ROWS))


def _begin_alike(one: bytes, other: bytes) -> bool:
    """Tell whether at least half of the first different rows are the same; a few may have been mended."""
    ones, others = set(_parts(one)), set(_parts(other))
    return 2 * len(ones & others) >= max(min(len(ones), len(others)), 1)


def _parts(first_rows: bytes) -> Iterator[bytes]:
    return (first_rows[at : at + _ROW_BYTES] for at in range(0, len(first_rows), _ROW_BYTES))


def _place_after(file: BinaryIO, earlier: EventImport) -> tuple[int, int] | None:
    """Return the byte and the line up to which an earlier import has this file, None if it had another."""
    digest, lines, left, last = blake2b(digest_size=16), 0, earlier.size, b""
    file.seek(0)
    while left and (chunk := file.read(min(left, _CHUNK))):
        digest.update(chunk)
        lines += chunk.count(b"\n")
        left -= len(chunk)
        last = chunk[-1:]
    if left or digest.hexdigest() != earlier.content_hash:
        return None
    if earlier.position < earlier.size:
        return earlier.position, earlier.line
    if last == b"\n":
        return earlier.size, lines
    # Its last row had no line end yet. If other text than that follows, the row itself was not complete.
    following = file.read(2)
    end = b"\r\n" if following == b"\r\n" else b"\n"
    return (earlier.size + len(end), lines + 1) if following.startswith(end) else None
