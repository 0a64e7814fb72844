"""A month of many events: each subject has 10,000, in four series. Runs with the settings of the installation."""

import json
import sys
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

import django

from metering.identity import event_key

METER = "bench_volume"
SOURCE = "bench-volume"
EVENTS_PER_SUBJECT = 10_000
MONTH = timedelta(days=30)
_BATCH = 10_000
_ROLLED_UP_AT_ONCE = 200_000
_SAMPLE = 20
_COPY = "COPY metering_event (key, source, event_id, type, subject, time, time_was_sent, data, batch_id) FROM STDIN"
_TABLES = ("metering_event", "metering_batch", "metering_series", "metering_bucket", "metering_daybucket")


class NotEqual(Exception):
    """Buckets are not what raw events make; the message says where."""


def main() -> None:
    """Bring events up to a number, and print as JSON how long it took; arguments: first and last event, start."""
    first, last, start = int(sys.argv[1]), int(sys.argv[2]), datetime.fromisoformat(sys.argv[3])
    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from billing_site.embedded_postgres import EmbeddedPostgres

    with EmbeddedPostgres(settings.DATA_DIR).running():
        if not first:
            call_command("migrate", interactive=False, verbosity=0)
            make_meter(at=start)
        print(json.dumps(fill(first, last, start=start)))  # noqa: T201


def make_meter(*, at: datetime) -> None:
    """Make the meter that counts the events."""
    from metering.services.meters import create_meter
    from metering.services.rollups import advance_rollups

    groups = {name: f"$.{name}" for name in ("model", "region", "kind")}
    create_meter(slug=METER, event_type=METER, aggregation="SUM", value_property="$.tokens", group_by=groups, at=at)
    while advance_rollups():
        pass


def fill(first: int, last: int, *, start: datetime) -> dict[str, float]:
    """
    Add events `first` to `last`, of subjects of their own, in the order of their time; return seconds of each step.

    :raises NotEqual: if buckets are not what raw events make.
    """
    steps = {
        "generate": lambda: _generate(first, last, start),
        "roll up": _roll_up,
        "vacuum": _vacuum,
        "compare": lambda: check(_some_subjects(first, last), start=start),
    }
    seconds = {}
    for name, step in steps.items():
        began = time.monotonic()
        step()
        seconds[name] = round(time.monotonic() - began, 1)
        _say(f"{last:,} events: {name} took {seconds[name]} s")
    return seconds


def subject_of(number: int) -> str:
    """Return the subject that an event belongs to if every subject came in turn."""
    return f"subject-{number // EVENTS_PER_SUBJECT}"


def _generate(first: int, last: int, start: datetime) -> None:
    from django.db import connection, transaction

    from metering.ingest.fence import start_batch
    from metering.models import BatchKind

    for begin in range(first, last, _BATCH):
        end = min(begin + _BATCH, last)
        with transaction.atomic(), connection.cursor() as cursor:
            batch = start_batch(kind=BatchKind.EVENTS, at=start + MONTH)
            with cursor.copy(_COPY) as copy:
                copy.write("".join(_line(number, first, last, start, batch.pk) for number in range(begin, end)))
            batch.accepted = end - begin
            batch.save(update_fields=["accepted"])
        if end % 1_000_000 == 0:
            _say(f"{end:,} events written")


def _line(number: int, first: int, last: int, start: datetime, batch_id: int) -> str:
    # A step of Knuth's multiplicative hash: as good as drawn by lot, and the same in each run.
    lot = number * 2_654_435_761 % 2**32
    chosen = first + (lot >> 4) % (last - first)
    mark = chosen // EVENTS_PER_SUBJECT
    at = start + MONTH * ((number - first) / (last - first))
    data = (
        f'{{"model":"model-{(mark + lot % 2) % 5}","region":"region-{mark % 3}",'
        f'"kind":"{("input", "output")[lot // 2 % 2]}","tokens":{lot % 4096}}}'
    )
    key = event_key(SOURCE, str(number))
    return f"{key}\t{SOURCE}\t{number}\t{METER}\t{subject_of(chosen)}\t{at.isoformat()}\tt\t{data}\t{batch_id}\n"


def _roll_up() -> None:
    from metering.services.rollups import advance_rollups

    while advance_rollups(limit=_ROLLED_UP_AT_ONCE):
        pass


def _vacuum() -> None:
    """Do what autovacuum comes to after some minutes."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM (ANALYZE) {', '.join(_TABLES)}")


def _some_subjects(first: int, last: int) -> list[str]:
    step = max(EVENTS_PER_SUBJECT, (last - first) // _SAMPLE)
    return [subject_of(number) for number in range(first, last, step)]


def check(subjects: Iterable[str], *, start: datetime) -> None:
    """
    Compare buckets with raw events: the sum over everything, and each day of some subjects.

    :raises NotEqual: if they differ.
    """
    from zoneinfo import ZoneInfo

    from metering.models import MeterVersion
    from metering.queries.usage import query_usage
    from metering.windows import WindowSize

    raw = _sums(_OF_EVENTS)
    for table in ("metering_bucket", "metering_daybucket"):
        if _sums(_OF_BUCKETS.format(table=table)) != raw:
            raise NotEqual(f"{table} holds {_sums(_OF_BUCKETS.format(table=table))}, and raw events are {raw}.")
    version = MeterVersion.objects.select_related("meter").get(meter__slug=METER)
    for subject in subjects:
        of_buckets, of_events = (
            query_usage(
                version=version,
                start=start,
                end=start + MONTH,
                subjects=[subject],
                window=(WindowSize.DAY, ZoneInfo("UTC")),
                from_events_only=from_events_only,
            )
            for from_events_only in (False, True)
        )
        if of_buckets != of_events or not of_events:
            raise NotEqual(f"The days of {subject} are not what its raw events make.")


def _sums(statement: str) -> tuple[int, Decimal]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, [METER])
        events, tokens = cursor.fetchone()
        return int(events), Decimal(tokens)


def _say(text: str) -> None:
    sys.stderr.write(f"measuring: {text}\n")


_OF_EVENTS = "SELECT count(*), sum((data ->> 'tokens')::numeric) FROM metering_event WHERE type = %s"
_OF_BUCKETS = """
    SELECT sum(bucket.events), sum(bucket.sum) FROM {table} bucket
    JOIN metering_series series ON series.id = bucket.series_id
    JOIN metering_meterversion version ON version.id = series.meter_version_id
    JOIN metering_meter meter ON meter.id = version.meter_id
    WHERE meter.slug = %s
"""

if __name__ == "__main__":
    main()
