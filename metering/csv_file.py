"""Pure: the rows of a CSV file, each with where it ends, so that reading can go on there; and rows set apart."""

import csv
import io
import os
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from metering.errors import DomainError

LONGEST_ROW = 1 << 20
REJECTED_LINE, REJECTED_REASON, REJECTED_ID = "rejected_line", "rejected_reason", "rejected_id"
_BOM = b"\xef\xbb\xbf"
_FOREIGN_STARTS = (b"\xff\xfe", b"\xfe\xff", b"PK\x03\x04")
_DELIMITERS = ",;\t|"
_REASONS = (
    ("unexpected end of data", "A quote is opened and never closed."),
    ("expected after", 'Text follows a closing quote. Inside a quoted field, write a quote as two: "".'),
    ("field limit", f"A field is longer than {csv.field_size_limit():,} characters."),
    ("new-line character", "A carriage return stands inside the row. Put quotes around the field that holds it."),
)


class UnusableFile(DomainError):
    code = "invalid_file"


@dataclass(frozen=True, slots=True)
class Row:
    """
    One row: its first line (from 1), the line and the byte it ends at, and its fields.

    One that cannot be read has a problem, and its raw text as the only field.
    """

    line: int
    last_line: int
    end: int
    fields: list[str]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is written, and where its rows begin after the row of column names."""

    header: tuple[str, ...]
    delimiter: str
    encoding: str
    start: int
    line: int


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that is no event, by the sentence that says why; `row_id` is the id its event would have had."""

    row: Row
    reason: str
    row_id: str | None


class _UnreadableRow(Exception):
    pass


class _Lines:
    """The decoded lines of a file, which can be taken back up to the first of the row that is being read."""

    def __init__(self, file: BinaryIO, encoding: str, position: int, line: int) -> None:
        self._file = file
        self._encoding = encoding
        self._again: deque[bytes] = deque()
        self._row: list[bytes] = []
        self._size = 0
        self.position = position
        self.line = line

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        raw = self._again.popleft() if self._again else self._file.readline(LONGEST_ROW)
        if not raw:
            raise StopIteration
        is_first = self.position == 0
        self._row.append(raw)
        self.position += len(raw)
        self.line += 1
        self._size += len(raw)
        if self._size >= LONGEST_ROW:
            self._refuse(raw)
        try:
            return (raw.removeprefix(_BOM) if is_first else raw).decode(self._encoding)
        except UnicodeDecodeError as error:
            raise _UnreadableRow(f"It is not {self._encoding} at byte {error.start + 1} of its line.") from None

    def begin_row(self) -> None:
        self._row.clear()
        self._size = 0

    def take_back(self) -> str:
        """Go back to the end of the row's first line, and return that line."""
        first, *others = self._row
        self._again.extendleft(reversed(others))
        self.position -= sum(map(len, others))
        self.line -= len(others)
        return first.decode(self._encoding, "backslashreplace").rstrip("\r\n")

    def _refuse(self, raw: bytes) -> None:
        while raw and not raw.endswith(b"\n"):
            raw = self._file.readline(LONGEST_ROW)
            self.position += len(raw)
        raise _UnreadableRow(f"It is longer than {LONGEST_ROW:,} bytes. Perhaps a quote is opened and never closed.")


def read_layout(file: BinaryIO, *, delimiter: str | None, encoding: str) -> Layout:
    """
    Read the row of column names from the start of a file; without a delimiter, take the one that finds most names.

    :raises UnusableFile: if there is no such row, or it can't be read.
    """
    start = file.read(4)
    if start.startswith(_FOREIGN_STARTS):
        raise UnusableFile("The file is no CSV in an encoding that can be read. Save it as CSV in UTF-8.")
    file.seek(0)
    first_line = file.readline(LONGEST_ROW).removeprefix(_BOM).decode(encoding, "replace")
    chosen = delimiter or max(_DELIMITERS, key=lambda each: len(next(csv.reader([first_line], delimiter=each), [])))
    file.seek(0)
    row = next(read_rows(file, delimiter=chosen, encoding=encoding, position=0, line=0), None)
    if row is None:
        raise UnusableFile("The file is empty. Its first row has to name the columns.")
    if row.problem:
        raise UnusableFile(f"The row of column names cannot be read. {row.problem}")
    return Layout(tuple(name.strip() for name in row.fields), chosen, encoding, row.end, row.last_line)


def read_rows(file: BinaryIO, *, delimiter: str, encoding: str, position: int, line: int) -> Iterator[Row]:
    """
    Return the rows from where the file stands: byte `position`, after `line` lines. Blank lines are none.

    Of one that can't be read only the first line is given up, so that a stray quote does not swallow what follows.
    """
    lines = _Lines(file, encoding, position, line)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.begin_row()
        first = lines.line + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except (csv.Error, _UnreadableRow) as error:
            text = lines.take_back()
            yield Row(first, lines.line, lines.position, [text], _reason(error))
            continue
        if fields:
            yield Row(first, lines.line, lines.position, fields)


def _reason(error: Exception) -> str:
    text = str(error)
    return next((reason for words, reason in _REASONS if words in text), text)


class RejectedRows:
    """
    A file beside the imported one, for the rows that are no events.

    It holds each row as it was, after its line, the reason and, where the row names none, its id: once mended, the file
    can itself be imported, however often, and each row counts once.
    """

    def __init__(self, path: Path, layout: Layout) -> None:
        self.path = path
        self._layout = layout

    def set_aside(self) -> None:
        """Give a file of this name that is there already the first free name with a number after it."""
        if self.path.exists():
            taken = {int(found[1]) for name in self._names() if (found := re.fullmatch(r".*\.([0-9]+)", name))}
            self.path.rename(f"{self.path}.{max(taken, default=0) + 1}")

    def add(self, rejected: Sequence[RejectedRow], *, after: int) -> int:
        """
        Write rows from byte `after` on, and return the byte the file then ends at.

        What is behind that byte comes from a try that was cut off, and is overwritten.
        """
        if not rejected:
            return after
        with os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o640), "r+b") as file:
            file.truncate(min(after, file.seek(0, os.SEEK_END)))
            has_ids = rejected[0].row_id is not None
            text = "" if file.seek(0, os.SEEK_END) else self._as_text([self._header(has_ids)])
            text += self._as_text(self._fields(each) for each in rejected)
            file.write(text.encode(self._layout.encoding, "backslashreplace"))
            file.flush()
            os.fsync(file.fileno())
            return file.tell()

    def _names(self) -> list[str]:
        return [path.name for path in self.path.parent.glob(f"{self.path.name}.*")]

    def _header(self, has_ids: bool) -> list[str]:
        ids = [REJECTED_ID] if has_ids else []
        return [REJECTED_LINE, REJECTED_REASON, *ids, *self._layout.header]

    def _fields(self, rejected: RejectedRow) -> list[str]:
        ids = [] if rejected.row_id is None else [rejected.row_id]
        return [str(rejected.row.line), rejected.reason, *ids, *rejected.row.fields]

    def _as_text(self, rows: Iterable[Sequence[str]]) -> str:
        text = io.StringIO()
        csv.writer(text, delimiter=self._layout.delimiter, lineterminator="\n").writerows(rows)
        return text.getvalue()
