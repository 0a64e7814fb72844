"""Pure geometry of a bar chart: columns of values in, percentages of the plot out. Drawing is the template's part."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

HUNDRED = Decimal(100)
_GAP = Decimal("0.28")
_MOST_TICKS = 4
_MOST_LABELS = 10
_SUFFIXES = ("", "K", "M", "B", "T")


@dataclass(frozen=True)
class Column:
    """What one place on the x axis shows: a value for each series, in the order of the chart's series."""

    label: str
    title: str
    values: tuple[Decimal, ...]


@dataclass(frozen=True)
class Bar:
    """One rectangle of a stack, in percent of the plot; `series` chooses its colour."""

    series: int
    y: Decimal
    height: Decimal


@dataclass(frozen=True)
class Slot:
    """One place on the x axis: where it lies, where its bars lie in it, and what it says."""

    x: Decimal
    width: Decimal
    bar_x: Decimal
    bar_width: Decimal
    middle: Decimal
    title: str
    bars: tuple[Bar, ...]
    label: str = ""
    is_minor: bool = False


@dataclass(frozen=True)
class Tick:
    """A line across the plot, and the value it stands for."""

    y: Decimal
    label: str


@dataclass(frozen=True)
class BarChart:
    slots: tuple[Slot, ...]
    ticks: tuple[Tick, ...]


def bar_chart(columns: Sequence[Column]) -> BarChart:
    """
    Lay out stacked bars over the full width, with a y axis from zero to a round number above the highest stack.

    Values below zero have no bar. Every n-th column is labelled, so that at most ten are; every second of those labels
    is minor, to be left out where room is scarce.
    """
    highest = max((_height(column) for column in columns), default=Decimal(0))
    step = axis_step(highest)
    count = max(int((highest / step).to_integral_value(ROUND_CEILING)), 1)
    return BarChart(
        slots=tuple(_slots(columns, step * count)),
        ticks=tuple(
            Tick(_place(HUNDRED - HUNDRED * index / count), compact(step * index)) for index in range(count + 1)
        ),
    )


def axis_step(highest: Decimal) -> Decimal:
    """
    Return the smallest of 1, 2, 2.5 or 5 times a power of ten of which four reach `highest`; 1 for nothing.

    >>> axis_step(Decimal(7)), axis_step(Decimal(101)), axis_step(Decimal("0.04"))
    (Decimal('2'), Decimal('50'), Decimal('0.01'))
    """
    if highest <= 0:
        return Decimal(1)
    power = Decimal(1).scaleb((highest / _MOST_TICKS).adjusted())
    sizes = (power * factor for factor in (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10)))
    return next(size for size in sizes if size * _MOST_TICKS >= highest)


def compact(number: Decimal) -> str:
    """
    Write a round number short enough for an axis.

    >>> compact(Decimal(2500000)), compact(Decimal(750)), compact(Decimal("0.5")), compact(Decimal("4E+15"))
    ('2.5M', '750', '0.5', '4,000T')
    """
    thousands = min(max(number.adjusted() // 3, 0), len(_SUFFIXES) - 1) if number else 0
    text = f"{number.scaleb(-3 * thousands):,f}"
    plain = text.rstrip("0").rstrip(".") if "." in text else text
    return plain + _SUFFIXES[thousands]


def _slots(columns: Sequence[Column], top: Decimal) -> Iterator[Slot]:
    if not columns:
        return
    width = HUNDRED / len(columns)
    every = -(-len(columns) // _MOST_LABELS)
    for index, column in enumerate(columns):
        is_labelled = index % every == 0
        yield Slot(
            x=_place(width * index),
            width=_place(width),
            bar_x=_place(width * (index + _GAP / 2)),
            bar_width=_place(width * (1 - _GAP)),
            middle=_place(width * (2 * index + 1) / 2),
            title=column.title,
            bars=tuple(_bars(column, top)),
            label=column.label if is_labelled else "",
            is_minor=is_labelled and index // every % 2 == 1,
        )


def _bars(column: Column, top: Decimal) -> Iterator[Bar]:
    floor = Decimal(0)
    for series, value in enumerate(column.values):
        if value > 0:
            ceiling = floor + value
            yield Bar(series, _place(HUNDRED - HUNDRED * ceiling / top), _place(HUNDRED * value / top))
            floor = ceiling


def _height(column: Column) -> Decimal:
    return sum((value for value in column.values if value > 0), Decimal(0))


def _place(percent: Decimal) -> Decimal:
    return percent.quantize(Decimal("0.001"))
