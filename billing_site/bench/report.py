"""The figures of one run, as rows of a table that names what each has to reach."""

import os
import platform
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """A measured rate a second, and what it has to reach; a ratio compares it with another figure of the same run."""

    name: str
    rate: float
    aim: str
    reached: bool | None


def figures(measured: dict[str, float]) -> list[Figure]:
    """Return the table's rows for the rates of one run."""
    lane, twin, noop = measured["lane"], measured["twin"], measured["noop"]
    batches, copy, rollup = measured["batches"], measured["copy"], measured["rollup"]
    return [
        Figure("no-op POST, 64 connections", noop, "the ceiling", None),
        Figure("single events, Django view", twin, "the base", None),
        Figure("single events, lane, 64 connections", lane, "8,000 a second", lane >= 8_000),
        Figure("  of the Django view", lane / twin, "5 times at the least, 8 aimed at", lane >= 5 * twin),
        Figure("  of a no-op POST", lane / noop, "0.25", lane >= 0.25 * noop),
        Figure("COPY of ready rows, 2 connections", copy, "the ceiling", None),
        Figure("events in batches of 1,000, 2 connections", batches, "40,000 a second", batches >= 40_000),
        Figure("  of COPY", batches / copy, "0.3", batches >= 0.3 * copy),
        Figure("roll-up, two meters with three groups", rollup, "30,000 a second", rollup >= 30_000),
    ]


def machine() -> str:
    """Return the size of this machine in a few words."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}; load generator included"


def table(rows: list[Figure]) -> str:
    """Return the figures as text in columns."""
    lines = [f"{'what':<44}{'measured':>12}  {'at least':<34}"]
    for row in rows:
        number = f"{row.rate:,.0f}" if row.rate >= 100 else f"{row.rate:.2f}"
        verdict = "" if row.reached is None else ("reached" if row.reached else "missed")
        lines.append(f"{row.name:<44}{number:>12}  {row.aim:<34}{verdict}".rstrip())
    return "\n".join(lines)


def as_json(rows: list[Figure]) -> dict[str, Any]:
    """Return the figures and the machine they were taken on."""
    return {"machine": machine(), "figures": [asdict(row) for row in rows]}
