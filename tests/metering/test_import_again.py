"""A file that grew, or was changed, is imported again: no row counts twice."""

import gzip

import pytest

from metering.models import Event, EventImport
from metering.services import imports
from tests.metering.imports import HEADER, ROWS, counts, run, write

pytestmark = pytest.mark.django_db
REFUSAL = "This file begins with rows of usage.csv"
NEW = "2026-01-06 12:00:00,acme,40"


def last_line(done):
    return done.out.splitlines()[-1]


def test_a_file_that_got_longer_goes_on_after_the_rows_it_had(tmp_path):
    run(write(tmp_path))
    longer = write(tmp_path, *ROWS, NEW)
    done = run(longer)
    assert "This file continues usage.csv, imported on " in done.out
    assert "Goes on after line 4." in done.out
    assert (done.error, last_line(done)) == (None, counts(accepted=1))
    write(tmp_path, *ROWS, NEW, ROWS[0], name="later.csv")
    assert last_line(run(tmp_path / "later.csv")) == counts(accepted=1)
    assert last_line(run(longer)) == counts(accepted=1)
    assert Event.objects.count() == 5
    identity = EventImport.objects.earliest("pk").content_hash
    assert {event.event_id for event in Event.objects.all()} == {f"{identity}-{line}" for line in range(2, 7)}


@pytest.mark.parametrize("end", ["", "\n\n", "\r\n"])
def test_it_goes_on_however_the_file_ended(tmp_path, end):
    path = tmp_path / "usage.csv"
    path.write_text("\n".join([HEADER, *ROWS]) + end, newline="")
    run(path)
    path.write_bytes(path.read_bytes() + (b"" if end else b"\n") + NEW.encode())
    assert last_line(run(path)) == counts(accepted=1)
    assert Event.objects.count() == 4
    assert counts(conflict=4) in run(path, "--data", "usage.tokens=tokens").out


def test_it_goes_on_in_a_compressed_file(tmp_path):
    run(write(tmp_path))
    packed = tmp_path / "usage.csv.gz"
    packed.write_bytes(gzip.compress(write(tmp_path, *ROWS, NEW).read_bytes()))
    assert last_line(run(packed)) == counts(accepted=1)


def test_it_goes_on_after_an_import_that_stopped_because_the_file_grew(tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "MAX_EVENTS", 2)
    path = write(tmp_path)
    store = imports.store_rows

    def store_and_append(**arguments):
        write(tmp_path, *ROWS, NEW)
        return store(**arguments)

    with monkeypatch.context() as patch:
        patch.setattr("billing_site.management.commands.import_events.store_rows", store_and_append)
        assert str(run(path).error).startswith("The file has changed while it was read.")
    assert last_line(run(path)) == counts(accepted=2)
    assert Event.objects.count() == 4


@pytest.mark.parametrize(
    ("rows", "options"),
    [
        ((ROWS[0], "2026-01-05 12:00:01,acme,21", *ROWS[2:]), ()),
        (ROWS[:2], ()),
        ((f"{ROWS[0]}0", *ROWS[1:], NEW), ()),
        ((*ROWS, NEW), ("--data", "usage.tokens=tokens")),
        ((*ROWS, NEW), ("--source", "other")),
        ((*ROWS, NEW), ("--dry-run",)),
    ],
)
def test_it_refuses_a_changed_file_until_told_to_count_it_again(tmp_path, rows, options):
    run(write(tmp_path))
    path = write(tmp_path, *rows)
    if options == ("--dry-run",):
        assert "only the rows after that are new" in run(path, *options).out
        path = write(tmp_path, *reversed(rows))
    assert str(run(path, *options).error).startswith(REFUSAL)
    assert (Event.objects.count(), EventImport.objects.count()) == (3, 1)
    again = run(path, *options, "--again")
    assert again.error is None
    if "--dry-run" not in options:
        assert last_line(again) == counts(accepted=len(rows))


def test_a_last_row_that_was_not_complete_is_not_gone_on_after(tmp_path):
    path = tmp_path / "usage.csv"
    path.write_text("\n".join([HEADER, *ROWS]))
    run(path)
    path.write_text(path.read_text() + "0\n")
    assert str(run(path).error).startswith(REFUSAL)
    assert Event.objects.count() == 3


def test_a_file_of_other_rows_and_one_with_ids_are_taken(tmp_path):
    run(write(tmp_path))
    assert last_line(run(write(tmp_path, NEW, NEW))) == counts(accepted=2)
    with_ids = [f"{row},{number}" for number, row in enumerate(ROWS)]
    path = write(tmp_path, *with_ids, header=f"{HEADER},id")
    assert last_line(run(path)) == counts(accepted=3)
    assert last_line(run(write(tmp_path, *with_ids, f"{NEW},9", header=f"{HEADER},id"))) == counts(
        accepted=1, duplicate=3
    )
    path = write(tmp_path, *with_ids, header=f"{HEADER},number")
    assert str(run(path).error).startswith(REFUSAL)


def test_it_says_how_many_local_times_are_unclear(tmp_path):
    rows = [f"{time},acme,1" for time in ("2026-03-29 02:30", "2026-10-25 02:30", "2026-10-25 02:30+02:00", "never")]
    path = write(tmp_path, *rows, *ROWS)
    says = "2 local times are skipped or come twice as clocks change"
    for options in (("--dry-run",), (), ()):
        assert says in run(path, "--time-zone", "Europe/Berlin", *options).out
    times = [time.isoformat() for time in Event.objects.order_by("time").values_list("time", flat=True)]
    assert times[3:] == ["2026-03-29T01:30:00+00:00", "2026-10-25T00:30:00+00:00", "2026-10-25T00:30:00+00:00"]
    assert "local times" not in run(path, "--source", "utc", "--dry-run").out
