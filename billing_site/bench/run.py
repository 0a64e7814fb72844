"""One run of everything, on fresh installations in temporary folders."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median

from billing_site.bench import load, reads
from billing_site.bench.installation import Installation, data_folder, module, serving
from billing_site.bench.memory import memory_of
from billing_site.bench.report import percentile
from billing_site.bench.sizes import Sizes
from billing_site.bench.volume import EVENTS_PER_SUBJECT, METER, MONTH

_CONNECTIONS = 64
_BATCH_CONNECTIONS = 2
_ARRIVING = 2_000
# They begin before the reads do, and end after them.
_ARRIVING_EARLIER = 1

Say = Callable[[str], None]


def measure(sizes: Sizes, *, at: datetime, say: Say) -> dict[str, float]:
    """
    Return what `report.figures` shows.

    :raises BenchFailed: if a part cannot run.
    """
    load.require_wrk()
    return {**_ingestion(sizes, say), **_reading(sizes, at, say), **_billing(sizes, say)}


def _billing(sizes: Sizes, say: Say) -> dict[str, float]:
    customers = (sizes.few_customers, sizes.many_customers)
    say(f"billing runs of {customers[0]:,} and of {customers[1]:,} customers")
    with data_folder() as folder:
        few, many = json.loads(module(folder, "billing_site.bench.billing", *map(str, customers)))
    return {"few_customers": customers[0], "many_customers": customers[1], "billed_few": few, "billed_many": many}


def _ingestion(sizes: Sizes, say: Say) -> dict[str, float]:
    with data_folder() as folder:
        with serving(folder) as installation:
            rates = _posted(installation, sizes, say)
        say("roll-up")
        return {**rates, "rollup": _by_database(folder, "rollup", sizes.rows)}


def _by_database(folder: Path, *arguments: object) -> float:
    rate: float = json.loads(module(folder, "billing_site.bench.database", *(str(word) for word in arguments)))
    return rate


def _posted(installation: Installation, sizes: Sizes, say: Say) -> dict[str, float]:
    """Measure each thing in turn, and that several times: what else the machine does then meets all of them."""
    own, key = installation.url, installation.api_key
    with load.noop_server(installation) as noop:
        kinds: dict[str, Callable[..., float]] = {
            "noop": partial(load.post, noop, key=key, connections=_CONNECTIONS),
            "twin": partial(load.post, own, key=key, connections=_CONNECTIONS, way="django"),
            "lane": partial(load.post, own, key=key, connections=_CONNECTIONS),
            # Not after the batches, which leave something to roll up.
            "copy": lambda seconds: _by_database(installation.data_dir, "copy", sizes.rows, _BATCH_CONNECTIONS),
            "batches": partial(load.post, own, key=key, connections=_BATCH_CONNECTIONS, size=1_000),
        }
        say("warming up")
        for post in kinds.values():
            # The first requests connect, prepare and import; they are not what is asked.
            post(seconds=sizes.warm_seconds)
        found: dict[str, list[float]] = {name: [] for name in kinds}
        for turn in range(sizes.turns):
            say(f"no-op, Django view, lane, COPY, batches: turn {turn + 1} of {sizes.turns}")
            for name, post in kinds.items():
                found[name].append(post(seconds=sizes.seconds))
    return {name: median(rates) for name, rates in found.items()}


def _reading(sizes: Sizes, at: datetime, say: Say) -> dict[str, float]:
    # The month ends at the last midnight, so that what arrives today comes after it.
    start = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - MONTH
    with data_folder() as folder:
        _fill(folder, 0, sizes.few, start, say)
        with serving(folder) as installation:
            few = _months(installation, sizes.few, start, sizes.months, say)
            _fill(folder, sizes.few, sizes.many, start, say)
            many = _months(installation, sizes.many, start, sizes.months, say)
            found = {
                **{f"month_few_{name}": value for name, value in few.items()},
                **{f"month_many_{name}": value for name, value in many.items()},
                **_values(installation, sizes, start, say, size=10, name="batched"),
                **_values(installation, sizes, start, say, size=1, name="single"),
            }
            say("reads right after a post")
            missed = reads.misses(installation, sizes.posts)
            held = memory_of(installation.pid)
    sums = {"misses": missed, "posts": 2 * sizes.posts, "few": sizes.few, "many": sizes.many}
    return {**found, **sums, "resident": held.resident, "proportional": held.proportional}


def _fill(folder: Path, first: int, last: int, start: datetime, say: Say) -> None:
    say(f"up to {last:,} events")
    module(folder, "billing_site.bench.volume", str(first), str(last), start.isoformat())


def _months(installation: Installation, events: int, start: datetime, times: int, say: Say) -> dict[str, float]:
    say(f"a subject's month by day, among {events:,} events")
    found = reads.months_by_day(installation, start=start, events=events, times=times)
    return {"p50": percentile(found, 0.5), "p95": percentile(found, 0.95)}


def _values(
    installation: Installation, sizes: Sizes, start: datetime, say: Say, *, size: int, name: str
) -> dict[str, float]:
    """Read values while events arrive; entitlements will read the same number."""
    say(f"usage values while {_ARRIVING:,} events a second arrive, {size} at a time")
    subjects = sizes.many // EVENTS_PER_SUBJECT
    seconds = sizes.value_seconds + 2 * _ARRIVING_EARLIER
    arriving = load.arriving(installation, rate=_ARRIVING, seconds=seconds, size=size, kind=METER, subjects=subjects)
    with arriving as rate:
        time.sleep(_ARRIVING_EARLIER)
        found, least = reads.values(installation, start=start, events=sizes.many, seconds=sizes.value_seconds)
        return {
            f"value_{name}_p50": percentile(found, 0.5),
            f"value_{name}_p99": percentile(found, 0.99),
            f"least_{name}_p99": percentile(least, 0.99),
            f"{name}_rate": rate(),
        }
