"""The course of a subscription as a drawing to scale: a lane for phases, for each item and for each add-on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pricing.admin.subscription_course import AnyItem, AnyPhase, Course, Row, course_of, table_of
from pricing.admin.subscription_words import from_to, price_in_full, price_in_short, when
from pricing.models import Subscription

_TICKS = 8
# So many find room on a phone.
_FEW_TICKS = 3
# What comes after the last thing that is known: as much of the whole as makes "and so on" visible.
_TAIL = 0.2
_SHORTEST = timedelta(days=7)
# A billing period after it can still be counted.
_LATEST = datetime(9998, 1, 1, tzinfo=UTC)
# Labels that begin further to the right would be cut off.
_LAST_LABEL = 0.9
# The labels of the end and of today stand on lines of their own above the axis.
_END_LINE, _TODAY_LINE = 25, 11


@dataclass(frozen=True)
class Bar:
    """One stretch of a lane, placed in percent of the width; `kind` says how it looks."""

    x: str
    width: str
    text: str
    title: str
    kind: str


@dataclass(frozen=True)
class Lane:
    """One line of the drawing."""

    name: str
    note: str
    bars: list[Bar]


@dataclass(frozen=True)
class Tick:
    """A time marked on the axis; a minor one gives way where there is little room."""

    x: str
    text: str
    is_minor: bool


@dataclass(frozen=True)
class Mark:
    """A time that goes through all lanes; `is_right` has its label to the left of it."""

    x: str
    text: str
    kind: str
    y: int
    is_right: bool


@dataclass(frozen=True)
class Timeline:
    """The drawing, and `rows` that say the same to read."""

    lanes: list[Lane]
    ticks: list[Tick]
    marks: list[Mark]
    rows: list[Row]
    zone: str


@dataclass(frozen=True)
class _Window:
    """The time that is drawn."""

    start: datetime
    end: datetime

    def part(self, at: datetime) -> float:
        return min(max((at - self.start) / (self.end - self.start), 0.0), 1.0)

    def x(self, at: datetime) -> str:
        return f"{100 * self.part(at):.3f}%"


def timeline_of(subscription: Subscription, at: datetime) -> Timeline:
    """Lay out a subscription as it looks at a time, the past and what is planned."""
    course = course_of(subscription, at)
    window = _window(course)
    return Timeline(
        lanes=list(_lanes(course, window)),
        ticks=list(_ticks(subscription, window)),
        marks=list(_marks(course, window)),
        rows=list(table_of(course)),
        zone=subscription.time_zone,
    )


def _window(course: Course) -> _Window:
    # A clock that stands long before or after a contract would leave no room for it.
    start, end = course.subscription.active_from, course.subscription.active_to
    times = [course.at, *course.times()]
    known = [start, *(time for time in times if end is None or time - end <= end - start)]
    first = max(min(known), start - _SHORTEST)
    last = max(*known, start + _SHORTEST)
    return _Window(first, last + min((last - first) * _TAIL, _LATEST - last))


def _lanes(course: Course, window: _Window) -> Iterator[Lane]:
    phases = [_row_bar(course, window, phase, phase.name, phase.name, "phase") for phase in course.phases]
    yield Lane("Phases", "", [bar for bar in phases if bar])
    for versions in course.by_key():
        drawn = [bar for bar in (_item_bar(course, window, item) for item in versions) if bar]
        if drawn:
            yield Lane(versions[-1].terms.name, f"{len(drawn)} versions" if len(drawn) > 1 else "", drawn)
    for addon in course.addons:
        bars = [
            _bar(course, window, start, end, f"{quantity} \N{MULTIPLICATION SIGN}", addon.name, "addon")
            for start, end, quantity in course.quantities(addon)
            if quantity
        ]
        yield Lane(addon.name, "add-on", bars)


def _item_bar(course: Course, window: _Window, item: AnyItem) -> Bar | None:
    currency = course.subscription.currency
    title = f"{item.terms.name}, {price_in_full(item.terms, currency)}"
    return _row_bar(course, window, item, price_in_short(item.terms, currency), title, "item")


def _row_bar(course: Course, window: _Window, row: AnyPhase | AnyItem, text: str, title: str, kind: str) -> Bar | None:
    if row.active_from == row.active_to:
        return None
    return _bar(course, window, row.active_from, row.active_to, text, title, kind)


def _bar(
    course: Course, window: _Window, start: datetime, end: datetime | None, text: str, title: str, kind: str
) -> Bar:
    left, right = window.part(start), 1.0 if end is None else window.part(end)
    return Bar(
        x=f"{100 * left:.3f}%",
        width=f"{100 * (right - left):.3f}%",
        text=text,
        title=f"{title}: {from_to(start, end, course.zone)}",
        kind=f"timeline-{kind} timeline-{course.state(start, end)}",
    )


def _ticks(subscription: Subscription, window: _Window) -> Iterator[Tick]:
    bounds = [period.start for period in subscription.rhythm.between(window.start, window.end)]
    inside = [bound for bound in bounds if window.start <= bound and window.part(bound) <= _LAST_LABEL]
    shown = inside[:: -(-len(inside) // _TICKS) or 1]
    for number, bound in enumerate(shown):
        is_minor = number % 2 == 1 and len(shown) > _FEW_TICKS
        yield Tick(window.x(bound), when(bound, subscription.zone)[:10], is_minor)


def _marks(course: Course, window: _Window) -> Iterator[Mark]:
    at, end = course.at, course.subscription.active_to
    if end is not None:
        text = f"{'Ended' if end <= at else 'Ends'} {when(end, course.zone)}"
        yield Mark(window.x(end), text, "end", _END_LINE, is_right=window.part(end) > 0.5)
    if window.start <= at <= window.end and not course.subscription.awaits_payment:
        yield Mark(window.x(at), "Today", "today", _TODAY_LINE, is_right=window.part(at) > _LAST_LABEL)
