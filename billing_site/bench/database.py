"""What the database itself can do: COPY of ready rows, or roll-up. Runs with the settings of the installation."""

import json
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import django

_AT = datetime(2026, 1, 1, tzinfo=UTC)
_BATCH = 1_000


def main() -> None:
    """Print as JSON a rate; arguments: "copy", rows and connections, or "rollup" and events."""
    what, *numbers = sys.argv[1:]
    django.setup()
    from django.conf import settings

    from billing_site.embedded_postgres import EmbeddedPostgres

    with EmbeddedPostgres(settings.DATA_DIR).running():
        rate = copy_rate if what == "copy" else rollup_rate
        print(json.dumps(rate(*map(int, numbers))))  # noqa: T201


def copy_rate(rows: int, connections: int) -> float:
    """
    Return rows a second, copied in batches into a table like that of events, one transaction each.

    The table stays, and so grows from call to call, as that of events does under load.
    """
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS bench_event (LIKE metering_event INCLUDING ALL)")
    run, share = uuid4().hex[:12], rows // connections // _BATCH
    firsts = iter(range(0, share * connections * _BATCH, _BATCH))
    work = [[_ready_rows(run, next(firsts)) for _ in range(share)] for _ in range(connections)]
    threads = [threading.Thread(target=_copy, args=(batches,)) for batches in work]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return share * connections * _BATCH / (time.perf_counter() - started)


def _copy(batches: list[bytes]) -> None:
    import psycopg
    from django.db import connection

    from metering.ingest.copy_lines import COLUMNS

    params = {**connection.get_connection_params(), "autocommit": True, "cursor_factory": psycopg.Cursor}
    with psycopg.connect(**params) as own, own.cursor() as cursor:
        for batch in batches:
            with cursor.copy(f"COPY bench_event ({COLUMNS}) FROM STDIN") as copy:
                copy.write(batch)


def _ready_rows(run: str, first: int) -> bytes:
    """Return what the events become that post_events.lua posts: as it posts them, not in the order of their keys."""
    from metering.ingest.copy_lines import copy_line
    from metering.ingest.decode import decode_events

    body = json.dumps([_posted(run, number) for number in range(first, first + _BATCH)]).encode()
    events = decode_events(body, "application/json", at=_AT, api_key_id=1)
    return "".join([copy_line(event, 1) for event in events]).encode()


def _posted(run: str, number: int) -> dict[str, object]:
    at = _AT.replace(day=1 + number % 28, hour=number % 24, minute=number % 60, second=number % 59)
    return {**_event(number), "id": f"{run}-{number}", "type": "llm_tokens", "time": at.isoformat()}


def _event(number: int) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": "bench",
        "type": "bench_tokens",
        "subject": f"customer-{number % 50}",
        "time": (_AT + timedelta(seconds=number * 7 % 86_400)).isoformat(),
        "data": {
            "model": f"model-{number % 5}",
            "region": f"region-{number % 3}",
            "kind": ("input", "output")[number % 2],
            "tokens": number % 4096,
        },
    }


def rollup_rate(events: int) -> float:
    """Return events a second, carried into the buckets of two meters with three groups each."""
    from metering.ingest.decode import decode_events
    from metering.ingest.writer import store_events
    from metering.services.meters import create_meter
    from metering.services.rollups import advance_rollups

    while advance_rollups():
        pass
    groups = {name: f"$.{name}" for name in ("model", "region", "kind")}
    meters = [("bench_sum", "SUM", "$.tokens"), ("bench_count", "COUNT", "")]
    for slug, aggregation, path in meters:
        create_meter(
            slug=slug,
            event_type="bench_tokens",
            aggregation=aggregation,
            value_property=path,
            group_by=groups,
            at=_AT,
        )
    while advance_rollups():
        pass
    for first in range(0, events, _BATCH):
        body = json.dumps([_event(number) for number in range(first, first + _BATCH)]).encode()
        store_events(decode_events(body, "application/json", at=_AT, api_key_id=None), at=_AT)
    started = time.perf_counter()
    while advance_rollups():
        pass
    return events / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
