"""Rows of a usage query become days and series, for a table and its chart."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

# As many as there are colours; what is left shares the last one.
MOST_SERIES = 6
OTHERS = "Other"
NONE = "(none)"


@dataclass(frozen=True)
class GroupedUsage:
    """The usage of one day and one group."""

    day: date
    group: str
    value: Decimal


@dataclass(frozen=True)
class Day:
    """One day: a value for each series, and their sum."""

    day: date
    values: tuple[Decimal, ...]
    total: Decimal


@dataclass(frozen=True)
class UsageByDay:
    """Every day of a span, in order, also those without usage."""

    names: tuple[str, ...]
    days: tuple[Day, ...]
    totals: tuple[Decimal, ...]
    total: Decimal

    def until(self, last: date) -> list[Day]:
        """Return the days up to one, newest first: those that have anything to say yet."""
        return [day for day in reversed(self.days) if day.day <= last]


def days_between(edges: Sequence[datetime], zone: ZoneInfo) -> tuple[date, ...]:
    """Return the civil days that the edges of day windows stand for."""
    return tuple(edge.astimezone(zone).date() for edge in edges[:-1])


def usage_by_day(rows: Iterable[GroupedUsage], *, days: Sequence[date], total: Decimal | None = None) -> UsageByDay:
    """
    Sort usage into days and series: the largest groups first, all beyond the sixth as one.

    Give the total of what does not add up, such as the latest value, or the number of different ones.
    """
    cells: dict[tuple[date, str], Decimal] = defaultdict(Decimal)
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        cells[row.day, row.group] += row.value
        sums[row.group] += row.value
    ranked = sorted(sums, key=lambda name: (-sums[name], name))
    shown, rest = (ranked, []) if len(ranked) <= MOST_SERIES else (ranked[: MOST_SERIES - 1], ranked[MOST_SERIES - 1 :])
    series = [[name] for name in shown] + ([rest] if rest else [])
    table = tuple(
        _day(day, [sum((cells[day, name] for name in names), Decimal(0)) for names in series]) for day in days
    )
    return UsageByDay(
        names=(*shown, *([OTHERS] if rest else [])),
        days=table,
        totals=tuple(sum((sums[name] for name in names), Decimal(0)) for names in series),
        total=sum(sums.values(), Decimal(0)) if total is None else total,
    )


def _day(day: date, values: list[Decimal]) -> Day:
    return Day(day, tuple(values), sum(values, Decimal(0)))
