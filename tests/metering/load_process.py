"""
What the load tests send, and one process of theirs, started as a module: `meters TYPE`, `writer TYPE NUMBER`, `rollup`
or `usage TYPE`.
"""

import asyncio
import json
import random
import sys
import time
from datetime import UTC, datetime, timedelta

import django

WRITERS = 4
UNIQUE = 40_000
REPEATED = 10_000
SUBJECTS = 50
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
_GIVE_UP_SECONDS = 120


def identities(writer):
    """
    Return the numbers of the events that a writer sends, in its order: 40,000 of its own, and 10,000 sent before.

    Half of the repeated ones are its own, half those of the next writer: 200,000 in all, 160,000 different.
    """
    own = range(writer * UNIQUE, (writer + 1) * UNIQUE)
    neighbour = (writer + 1) % WRITERS * UNIQUE
    again = [*own[: REPEATED // 2], *range(neighbour, neighbour + REPEATED // 2)]
    numbers = [*own, *again]
    random.Random(writer).shuffle(numbers)
    return numbers


def event(number, event_type):
    """Half of all are the hot subject's; of ten one is a month late, and one a month ahead."""
    shift = {0: -30, 1: 30}.get(number % 10, 0)
    return {
        "id": str(number),
        "source": event_type,
        "type": event_type,
        "subject": "hot" if number % 2 else f"subject-{number // 2 % SUBJECTS}",
        "time": (NOW + timedelta(days=shift, seconds=number % 7_000)).isoformat(),
        "data": {"value": number % 97},
    }


def bodies(writer, event_type):
    """Return requests of 1, 10, 500 and 10,000 events, most of them small, most events in large ones."""
    numbers = identities(writer)
    chance = random.Random(100 + writer)
    begin = 0
    while begin < len(numbers):
        [size] = chance.choices([1, 10, 500, 10_000], weights=[80, 12, 6, 2])
        yield json.dumps([event(number, event_type) for number in numbers[begin : begin + size]]).encode()
        begin += size


async def send(writer, event_type):
    """Send all through the lane's writer, up to 8 requests at once, each again until it is acknowledged."""
    from metering.ingest.group_commit import GroupCommitWriter

    commits, room = GroupCommitWriter(), asyncio.Semaphore(8)
    async with asyncio.TaskGroup() as group:
        for number, body in enumerate(bodies(writer, event_type)):
            await room.acquire()
            group.create_task(_acknowledged(commits, body, room))
            if number == 20:
                say("sending")


async def _acknowledged(commits, body, room):
    from metering.ingest.decode import decode_events
    from metering.ingest.group_commit import WriterUnavailable

    events = decode_events(body, "application/json", at=NOW, api_key_id=None)
    deadline = time.monotonic() + _GIVE_UP_SECONDS
    while True:
        try:
            await commits.write(events, at=NOW, size=len(body))
        except WriterUnavailable:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        else:
            room.release()
            return


def roll_up():
    """Roll up until told to stop by the end of standard input, then until nothing is left."""
    import threading

    from billing_site.woken_loop import run_woken_loop
    from metering.ingest.writer import CHANNEL
    from metering.services.rollups import advance_rollups

    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    run_woken_loop(channel=CHANNEL, step=advance_rollups, stopping=stop.is_set)
    while advance_rollups():
        pass


def create_meters(event_type):
    from metering.services.meters import create_meter

    create_meter(slug=f"{event_type}_count", event_type=event_type, aggregation="COUNT", value_property="", at=NOW)
    create_meter(slug=f"{event_type}_sum", event_type=event_type, aggregation="SUM", value_property="$.value", at=NOW)


def usage(event_type):
    """Return count and sum of each subject."""
    from metering.models import Meter
    from metering.queries.usage import query_usage

    found = {}
    for aggregation in ("COUNT", "SUM"):
        version = Meter.objects.get(event_type=event_type, aggregation=aggregation).current_version
        for row in query_usage(version=version, start=None, end=None, by_subject=True):
            found.setdefault(row.subject, []).append(int(row.value))
    return found


def say(text):
    print(text, flush=True)  # noqa: T201


def main(what, *arguments):
    django.setup()
    match what:
        case "writer":
            asyncio.run(send(int(arguments[1]), arguments[0]))
        case "rollup":
            roll_up()
        case "meters":
            create_meters(*arguments)
        case "usage":
            say(json.dumps(usage(*arguments)))
    say("done")


if __name__ == "__main__":
    main(*sys.argv[1:])
