"""`manage.py import_events FILE.csv`: store a file's rows as events, from where an earlier run stopped."""

import gzip
import os
from argparse import ArgumentParser
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.core.management.base import CommandError
from django.db import InterfaceError, OperationalError

from billing_site.import_options import add_options, wishes_of
from billing_site.import_progress import ImportProgress
from billing_site.management.base import DatabaseCommand
from metering import clock
from metering.csv_file import Layout, RejectedRows, read_layout
from metering.csv_rows import Columns, choose_columns
from metering.errors import DomainError
from metering.ingest.decode import NewEvent
from metering.models import EventImport
from metering.services.earlier_imports import find_start
from metering.services.imports import (
    Content,
    RowsRead,
    alone,
    find_import,
    finish_import,
    hash_content,
    open_import,
    read_on,
    store_rows,
)

SOME_REJECTED = 3
_STOPPED = 130
_SAMPLE = 3
_GZIP = b"\x1f\x8b"
_AGAIN = "Run the same command again: it goes on where it was"


class Command(DatabaseCommand):
    help = (
        "Store the rows of a CSV file as events; its first row names the columns. After a stop, run it again: it goes"
        " on where it was, and no row counts twice. Rows that make no event go to FILE.rejected.csv with their line"
        f" and the reason, and the command exits with {SOME_REJECTED}; mend that file and import it in turn."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._run(options)
        except DomainError as error:
            raise CommandError(error.message) from None
        except OSError as error:
            raise CommandError(f"A file cannot be read or written: {error}.") from None
        except (OperationalError, InterfaceError) as error:
            reason = str(error).partition("\n")[0]
            raise CommandError(f"The database went away ({reason}). {_AGAIN}.") from error
        except KeyboardInterrupt:
            raise CommandError(f"Stopped. {_AGAIN}.", returncode=_STOPPED) from None

    def _run(self, options: dict[str, Any]) -> None:
        path: Path = options["file"]
        if options["rows"] is not None and not options["dry_run"]:
            raise CommandError("Give --rows together with --dry-run: an import takes the whole file.")
        with _opened(path) as source:
            layout = read_layout(source.file, delimiter=options["delimiter"], encoding=options["encoding"])
            columns = choose_columns(layout.header, wishes_of(options))
            for name, origin in columns.describe().items():
                self.stdout.write(f"{name:<10} from {origin}")
            if options["dry_run"]:
                if options["rows"] is None:
                    self._check_earlier(source, layout, columns, counts_again=options["again"])
                self._check(source, layout, columns, options["rows"])
            else:
                self._import(source, layout, columns, counts_again=options["again"])

    def _import(self, source: "_Source", layout: Layout, columns: Columns, *, counts_again: bool) -> None:
        content = self._content(source)
        rejected = RejectedRows(source.rejected_path, layout)
        with alone(content):
            found, earlier = open_import(
                source.file,
                content=content,
                layout=layout,
                columns=columns,
                name=source.path.name,
                rejected=rejected,
                at=clock.now(),
                counts_again=counts_again,
            )
            self._say_what_is_continued(earlier)
            if found.finished_at is None:
                found = self._store(source, layout, columns, found, rejected)
            else:
                self.stdout.write(f"This file was imported already, by {found.finished_at:%Y-%m-%d %H:%M} UTC.")
        self._report(found, rejected.path)

    def _store(
        self,
        source: "_Source",
        layout: Layout,
        columns: Columns,
        found: EventImport,
        rejected: RejectedRows,
    ) -> EventImport:
        if found.position > layout.start:
            self.stdout.write(f"Goes on after line {found.line:,}.")
        parts = read_on(
            source.file,
            layout=layout,
            columns=columns,
            identity=found.identity,
            position=found.position,
            line=found.line,
            at=found.created_at,
        )
        with self._progress("Importing", total=found.size, done=found.position) as progress:
            for read in _ahead(parts):
                source.check_unchanged()
                store_rows(import_id=found.pk, read=read, rejected=rejected, at=clock.now())
                progress.add_rows(read)
        return finish_import(import_id=found.pk, at=clock.now())

    def _check_earlier(self, source: "_Source", layout: Layout, columns: Columns, *, counts_again: bool) -> None:
        content = self._content(source)
        begun = find_import(content=content, layout=layout, columns=columns)
        if begun is None:
            start = find_start(
                source.file, layout=layout, columns=columns, content_hash=content.hash, counts_again=counts_again
            )
            self._say_what_is_continued(start.after)
        else:
            self.stdout.write(f"This file was imported already, up to line {begun.line:,}.")
        source.file.seek(layout.start)

    def _content(self, source: "_Source") -> Content:
        source.file.seek(0)
        with self._progress("Reading", total=source.size) as progress:
            return hash_content(source.file, say=progress.add)

    def _say_what_is_continued(self, earlier: EventImport | None) -> None:
        if earlier is not None:
            self.stdout.write(
                f"This file continues {earlier.name}, imported on {earlier.created_at:%Y-%m-%d %H:%M} UTC:"
                " only the rows after that are new."
            )

    def _check(self, source: "_Source", layout: Layout, columns: Columns, rows: int | None) -> None:
        parts = read_on(
            source.file,
            layout=layout,
            columns=columns,
            identity="dry-run",
            position=layout.start,
            line=layout.line,
            at=clock.now(),
            most_rows=rows,
        )
        events = rejected = unclear = 0
        with self._progress("Checking", total=source.size, done=layout.start) as progress:
            for read in parts:
                for event in read.events[: max(_SAMPLE - events, 0)]:
                    self.stdout.write(_shown(event))
                events += len(read.events)
                rejected += len(read.rejected)
                unclear += read.unclear_times
                progress.add_rows(read)
        self._say_unclear(unclear)
        self.stdout.write(f"{events:,} rows make events, {rejected:,} do not. Nothing was stored.")
        if rejected:
            raise CommandError(f"{rejected:,} rows would be rejected; the first are above.", returncode=SOME_REJECTED)

    def _progress(self, title: str, *, total: int | None, done: int = 0) -> ImportProgress:
        # In no colour: on a terminal, Django's standard error would be all red.
        return ImportProgress(title, total=total, done=done, say=lambda text: self.stderr.write(text, style_func=str))

    def _say_unclear(self, unclear: int) -> None:
        if unclear:
            self.stdout.write(
                f"{unclear:,} local times are skipped or come twice as clocks change: --help says at --time-zone what"
                " is taken."
            )

    def _report(self, found: EventImport, rejected_path: Path) -> None:
        self._say_unclear(found.unclear_times)
        counts = {name: getattr(found, name) for name in ("accepted", "duplicate", "conflict", "rejected")}
        self.stdout.write(", ".join(f"{name} {count:,}" for name, count in counts.items()))
        if found.conflict:
            self.stdout.write(
                "A conflict is a row whose source and id are stored with other content; what is stored stays."
                " If these are other events, import them with another --source."
            )
        if found.rejected:
            raise CommandError(f"{found.rejected:,} rows were rejected: see {rejected_path}.", returncode=SOME_REJECTED)


@dataclass(frozen=True)
class _Source:
    """The opened file; its size in bytes is None where it is compressed."""

    path: Path
    file: BinaryIO
    size: int | None
    stat: os.stat_result

    @property
    def rejected_path(self) -> Path:
        name = self.path.name.removesuffix(".gz")
        return self.path.with_name(f"{name.removesuffix('.csv')}.rejected.csv")

    def check_unchanged(self) -> None:
        now = self.path.stat()
        if (now.st_size, now.st_mtime_ns, now.st_ino) != (self.stat.st_size, self.stat.st_mtime_ns, self.stat.st_ino):
            raise CommandError("The file has changed while it was read. Import it once nobody writes to it any more.")


@contextmanager
def _opened(path: Path) -> Iterator[_Source]:
    with path.open("rb") as plain:
        stat = os.fstat(plain.fileno())
        is_compressed = plain.read(2) == _GZIP
        plain.seek(0)
        if not is_compressed:
            yield _Source(path, plain, stat.st_size, stat)
            return
        with gzip.open(plain, "rb") as unpacked:
            yield _Source(path, cast(BinaryIO, unpacked), None, stat)


def _ahead(parts: Iterator[RowsRead]) -> Iterator[RowsRead]:
    """Read the next rows while the database stores some."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        coming = pool.submit(next, parts, None)
        while (read := coming.result()) is not None:
            coming = pool.submit(next, parts, None)
            yield read


def _shown(event: NewEvent) -> str:
    data = bytes(event.data).decode()
    return f"{event.time.isoformat()}  {event.type}  {event.subject}  {event.source} {event.event_id}  {data}"
