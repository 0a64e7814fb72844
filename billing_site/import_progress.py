"""How far an import is: a bar on a terminal, else a line now and then."""

import sys
import time
from collections.abc import Callable
from types import TracebackType

from tqdm import tqdm

from metering.services.imports import RowsRead

_LINE_SECONDS = 10.0
_SHOWN_REASONS = 20


class ImportProgress:
    """Counts bytes against a file's size, and names the first rows that were rejected."""

    def __init__(self, title: str, *, total: int | None, done: int, say: Callable[[str], object]) -> None:
        self._title = title
        self._total = total
        self._done = done
        self._say_line = say
        self._started = self._said = time.monotonic()
        self._rows = 0
        self._rejected = 0
        self._bar: tqdm = tqdm(
            desc=title,
            total=total,
            initial=done,
            unit="B",
            unit_scale=True,
            file=sys.stderr,
            disable=not sys.stderr.isatty(),
            dynamic_ncols=True,
        )

    def __enter__(self) -> "ImportProgress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def add(self, size: int) -> None:
        """Count bytes."""
        self._done += size
        self._bar.update(size)
        now = time.monotonic()
        if self._bar.disable and now - self._said >= _LINE_SECONDS:
            self._said = now
            share = f"{100 * self._done // max(self._total, 1)} %" if self._total else f"{self._done:,} bytes"
            self._say(f"... {self._title}: {share}, {self._rows:,} rows in {now - self._started:,.0f} s")

    def add_rows(self, read: RowsRead) -> None:
        """Count rows, and name those that are rejected; after the first few, only say that there are more."""
        self._rows += len(read.events) + len(read.rejected)
        rate = self._rows / max(time.monotonic() - self._started, 1e-9)
        self._bar.set_postfix_str(f"{self._rows:,} rows, {rate:,.0f}/s", refresh=False)
        for rejected in read.rejected[: max(_SHOWN_REASONS - self._rejected, 0)]:
            self._say(f"Line {rejected.row.line}: {rejected.reason}")
        if self._rejected <= _SHOWN_REASONS < self._rejected + len(read.rejected):
            self._say("... and more lines are rejected.")
        self._rejected += len(read.rejected)
        self.add(read.end - read.start)

    def _say(self, text: str) -> None:
        with self._bar.external_write_mode(file=sys.stderr):
            self._say_line(text)
