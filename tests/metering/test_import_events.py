import gzip
from datetime import UTC, datetime

import pytest

from billing_site.management.commands.import_events import SOME_REJECTED
from metering.models import Batch, Event, EventImport
from metering.services.rollups import advance_rollups
from tests.metering.imports import ROWS, counts, run, write

pytestmark = pytest.mark.django_db


def test_it_stores_the_rows_as_events_of_one_batch(tmp_path):
    done = run(write(tmp_path), "--time-zone", "Europe/Berlin")
    assert done.error is None
    assert done.out.splitlines() == [
        "type       from llm",
        "subject    from column subject",
        "time       from column time, in Europe/Berlin where it names no offset",
        "id         from the file's content and the line",
        "source     from import",
        "data.tokens from column tokens",
        counts(accepted=3),
    ]
    batch = Batch.objects.get()
    assert (batch.accepted, batch.is_rolled_up) == (3, False)
    first = Event.objects.earliest("time")
    assert (first.type, first.subject, first.source, first.batch_id) == ("llm", "acme", "import", batch.pk)
    assert first.time == datetime(2026, 1, 5, 11, tzinfo=UTC)
    assert (first.time_was_sent, first.api_key_id, first.data) == (True, None, {"tokens": 10})
    assert first.event_id.endswith("-2")
    found = EventImport.objects.get()
    assert (found.name, found.line, found.accepted) == ("usage.csv", 4, 3)
    assert found.position == found.size == (tmp_path / "usage.csv").stat().st_size
    assert found.finished_at is not None
    assert advance_rollups() == 1


def test_it_counts_the_same_content_once_whatever_its_name_and_packing(tmp_path):
    path = write(tmp_path)
    run(path)
    packed = tmp_path / "other.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    again = run(packed)
    assert again.error is None
    assert "This file was imported already" in again.out
    assert again.out.splitlines()[-1] == counts(accepted=3)
    assert (Event.objects.count(), Batch.objects.count()) == (3, 1)


def test_it_counts_an_id_once_in_its_source(tmp_path):
    path = write(tmp_path, "a,2026-01-05,acme", "b,2026-01-05,acme", "a,2026-01-05,acme", header="id,time,subject")
    assert run(path).out.splitlines()[-1] == counts(accepted=2, duplicate=1)
    more = write(tmp_path, "b,2026-01-05,acme", "a,2026-01-06,acme", "c,2026-01-05,acme", header="id,time,subject")
    done = run(more)
    assert done.error is None
    assert counts(accepted=1, duplicate=1, conflict=1) in done.out
    assert "import them with another --source" in done.out
    assert run(more, "--source", "other").out.splitlines()[-1] == counts(accepted=3)
    assert Event.objects.get(source="import", event_id="a").time == datetime(2026, 1, 5, tzinfo=UTC)


def test_it_reads_another_choice_of_columns_as_another_import(tmp_path):
    path = write(tmp_path)
    run(path)
    again = run(path, "--data", "usage.tokens=tokens")
    assert counts(conflict=3) in again.out
    assert (EventImport.objects.count(), Event.objects.count()) == (2, 3)


def test_it_sets_rows_that_are_no_events_apart_and_takes_them_once_they_are_mended(tmp_path):
    path = write(tmp_path, ROWS[0], "yesterday,acme,5", '2026-01-05,"",5', "2026-01-05,acme,5,6", ROWS[1])
    done = run(path)
    assert done.error.returncode == SOME_REJECTED
    assert str(done.error) == f"3 rows were rejected: see {tmp_path}/usage.rejected.csv."
    assert done.out.splitlines()[-1] == counts(accepted=2, rejected=3)
    assert done.err.splitlines() == [
        "Line 3: The time 'yesterday' cannot be read. Write it like 2026-01-31 12:00:00, or name a --time-format.",
        "Line 4: Column subject: subject is wrong: send a non-empty string that names whose usage this is.",
        "Line 5: The row has 4 fields, and the file 3 columns.",
    ]
    rejected = tmp_path / "usage.rejected.csv"
    header, *rows = rejected.read_text().splitlines()
    assert header == "rejected_line,rejected_reason,rejected_id,time,subject,tokens"
    assert [row.split(",")[0] for row in rows] == ["3", "4", "5"]

    mended = [
        row.replace("yesterday,", "2026-01-05,").replace(',"",5', ",acme,5").replace(",,5", ",acme,5") for row in rows
    ]
    rejected.write_text("\n".join([header, *mended[:2]]) + "\n")
    assert run(rejected).out.splitlines()[-1] == counts(accepted=2)
    rejected.write_text("\n".join([header, *mended[:2], mended[2].removesuffix(",6")]) + "\n")
    assert run(rejected).out.splitlines()[-1] == counts(accepted=1, duplicate=2)
    assert Event.objects.count() == 5
    assert set(Event.objects.values_list("data", flat=True).distinct()[0]) == {"tokens"}


def test_it_checks_a_file_without_storing_anything(tmp_path):
    done = run(write(tmp_path, *ROWS, "never,acme,1"), "--dry-run")
    assert done.error.returncode == SOME_REJECTED
    assert "2026-01-05T12:00:00+00:00  llm  acme" in done.out
    assert '{"tokens":10}' in done.out
    assert "3 rows make events, 1 do not. Nothing was stored." in done.out
    assert run(tmp_path / "usage.csv", "--dry-run", "--rows", "2").error is None
    assert not (Event.objects.exists() or EventImport.objects.exists() or Batch.objects.exists())
    assert [path.name for path in tmp_path.iterdir()] == ["usage.csv"]


def test_it_says_what_it_needs(tmp_path):
    path = write(tmp_path)
    assert str(run(path, type_=None).error) == (
        "Say which events these are, with --type llm_tokens or --type-column NAME."
        " The file has the columns: time, subject, tokens."
    )
    assert str(run(tmp_path / "none.csv").error).startswith("A file cannot be read or written: [Errno 2]")
    assert str(run(path, "--rows", "1").error).startswith("Give --rows together with --dry-run")
    assert "write a number of rows" in str(run(path, "--dry-run", "--rows", "0").error)
    assert "write NAME=COLUMN" in str(run(path, "--data", "tokens").error)
    assert not EventImport.objects.exists()
