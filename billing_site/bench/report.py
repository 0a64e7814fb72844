"""The figures of one run, as rows of a table that names what each has to reach."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import ceil
from typing import Any

_HEAD = ["what", "measured", "limit", "of limit", "verdict"]


@dataclass(frozen=True)
class Figure:
    """Something measured, and the limit that it has to reach, or to keep below if it is a most; without one, a base."""

    name: str
    measured: float
    unit: str
    limit: float | None = None
    is_most: bool = False

    @property
    def ratio(self) -> float | None:
        """How much of the limit was measured."""
        return self.measured / self.limit if self.limit else None

    @property
    def is_reached(self) -> bool | None:
        if self.limit is None:
            return None
        return self.measured <= self.limit if self.is_most else self.measured >= self.limit


def figures(measured: Mapping[str, float]) -> list[Figure]:
    """Return the table's rows for the measurements of one run: a second, in milliseconds, in megabytes."""
    return [*_ingestion(measured), *_reading(measured), *_billing(measured), *_memory(measured)]


def _billing(measured: Mapping[str, float]) -> list[Figure]:
    few, many = measured["billed_few"], measured["billed_many"]
    run = "billing run, 5 usage lines an invoice, rendering left out,"
    return [
        Figure(f"{run} {measured['few_customers']:,.0f} customers", few, "/s", 50),
        Figure(f"{run} {measured['many_customers']:,.0f} customers", many, "/s", 50),
        Figure(f"... of the rate with {measured['few_customers']:,.0f}", many / few, "", 0.8),
    ]


def _memory(measured: Mapping[str, float]) -> list[Figure]:
    return [
        _at_most("memory of web and worker, shared pages once (PSS)", measured["proportional"], "MB", 500),
        Figure("... resident sizes of their processes added up (RSS)", measured["resident"], "MB"),
    ]


def _ingestion(measured: Mapping[str, float]) -> list[Figure]:
    lane, twin, noop = measured["lane"], measured["twin"], measured["noop"]
    batches, copy = measured["batches"], measured["copy"]
    return [
        Figure("no-op POST, 64 connections", noop, "/s"),
        Figure("single events, Django view, 64 connections", twin, "/s"),
        Figure("single events, lane, 64 connections", lane, "/s", 8_000),
        Figure("... of a no-op POST", lane / noop, "", 0.25),
        Figure("... of the Django view", lane / twin, "", 8),
        Figure("COPY of ready rows, 2 connections", copy, "/s"),
        Figure("events in batches of 1,000, 2 connections", batches, "/s", 40_000),
        Figure("... of COPY", batches / copy, "", 0.3),
        Figure("roll-up, two meters with three groups", measured["rollup"], "/s", 30_000),
    ]


def _reading(measured: Mapping[str, float]) -> list[Figure]:
    few, many = (_amount(measured[name]) for name in ("few", "many"))
    days = f"a subject's month by day, {many} events"
    value = f"usage value, {many} events, while"
    return [
        Figure(f"a subject's month by day, {few} events, p50", measured["month_few_p50"], "ms"),
        Figure(f"a subject's month by day, {few} events, p95", measured["month_few_p95"], "ms"),
        Figure(f"{days}, p50", measured["month_many_p50"], "ms"),
        _at_most(f"{days}, p95", measured["month_many_p95"], "ms", 20),
        _at_most(f"... of the p95 at {few}", measured["month_many_p95"] / measured["month_few_p95"], "", 1.5),
        *_values(measured, f"{value} {measured['batched_rate']:,.0f}/s arrive in tens", "batched"),
        *_values(measured, f"{value} {measured['single_rate']:,.0f}/s arrive singly", "single"),
        _at_most(f"reads that miss an event just posted, of {measured['posts']:,.0f}", measured["misses"], "", 0),
    ]


def _values(measured: Mapping[str, float], name: str, kind: str) -> list[Figure]:
    p99, least = measured[f"value_{kind}_p99"], measured[f"least_{kind}_p99"]
    return [
        Figure(f"{name}, p50", measured[f"value_{kind}_p50"], "ms"),
        _at_most(f"{name}, p99", p99, "ms", 10),
        Figure("... a view that does next to nothing, at the same time, p99", least, "ms"),
        Figure("... how many times that view's p99 the value's is", p99 / least, ""),
    ]


def _at_most(name: str, measured: float, unit: str, limit: float) -> Figure:
    return Figure(name, measured, unit, limit, is_most=True)


def _amount(number: float) -> str:
    return f"{number / 1_000_000:g} M" if number >= 1_000_000 else f"{number:,.0f}"


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest of the values that is at least as great as this share of them."""
    return sorted(values)[max(0, ceil(len(values) * share) - 1)]


def machine() -> str:
    """Return the size of this machine in a few words."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}; "
        f"load generator and PostgreSQL included; load average {load:.1f} at the end"
    )


def table(rows: Sequence[Figure]) -> str:
    """Return the figures as a table in Markdown whose columns are even in a terminal too."""
    cells = [_HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(_HEAD))]
    lines = [_line(line, widths) for line in cells]
    rule = "|".join(
        ["", "-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:-1]), "-" * (widths[-1] + 2), ""]
    )
    return "\n".join([lines[0], rule, *lines[1:]])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *numbers, last = cells
    aligned = [number.rjust(width) for number, width in zip(numbers, widths[1:], strict=False)]
    return f"| {' | '.join([first.ljust(widths[0]), *aligned, last.ljust(widths[-1])])} |"


def _cells(row: Figure) -> list[str]:
    limit = "" if row.limit is None else f"at {'most' if row.is_most else 'least'} {_number(row.limit, row.unit)}"
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    verdict = {None: "", True: "reached", False: "missed"}[row.is_reached]
    return [row.name, _number(row.measured, row.unit), limit, ratio, verdict]


def _number(value: float, unit: str) -> str:
    if value == int(value) or value >= 100:
        number = f"{value:,.0f}"
    else:
        number = f"{value:.2f}" if value < 10 else f"{value:.1f}"
    return f"{number}{unit}" if unit == "/s" else f"{number} {unit}".rstrip()


def as_json(rows: Sequence[Figure]) -> dict[str, Any]:
    """Return the figures and the machine they were taken on."""
    shown = [{**asdict(row), "ratio": row.ratio, "is_reached": row.is_reached} for row in rows]
    return {"machine": machine(), "figures": shown}
