"""A subscription over time, as lanes to draw and as rows to read: phases, the versions of items, add-ons."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from django.db.models import F

from metering.admin.display import link
from pricing.admin.subscription_words import from_to, price_in_full, price_in_short, when
from pricing.models import Subscription, SubscriptionAddon, SubscriptionItem, SubscriptionPhase
from pricing.schedule import PlannedItem, PlannedPhase
from pricing.services.subscriptions.contracts import schedule_of

_TICKS = 8
# What comes after the last thing that is known: as much of the whole as makes "and so on" visible.
_TAIL = 0.2
_SHORTEST = timedelta(days=7)
# Labels that begin further to the right would be cut off.
_LAST_LABEL = 0.9

AnyItem = SubscriptionItem | PlannedItem
AnyPhase = SubscriptionPhase | PlannedPhase


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
    """A time marked on the axis; every second one gives way where there is little room."""

    x: str
    text: str
    is_minor: bool = False


@dataclass(frozen=True)
class Mark:
    """A time that goes through all lanes; `is_right` has its label to the left of it."""

    x: str
    text: str
    kind: str
    y: int
    is_right: bool


@dataclass(frozen=True)
class Reading:
    """One row of the table that says the same as the drawing."""

    cells: tuple[tuple[str, object], ...]


@dataclass(frozen=True)
class Timeline:
    lanes: list[Lane]
    ticks: list[Tick]
    marks: list[Mark]
    rows: list[Reading]
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
    phases, items = _rows_of(subscription)
    addons = list(subscription.addons.order_by("pk").prefetch_related("quantities")) if subscription.pk else []
    window = _window(subscription, [*_times(phases, items, addons), at])
    return Timeline(
        lanes=list(_lanes(subscription, phases, items, addons, window, at)),
        ticks=list(_ticks(subscription, window)),
        marks=list(_marks(subscription, window, at)),
        rows=list(_readings(subscription, phases, items, addons, at)),
        zone=subscription.time_zone,
    )


def _rows_of(subscription: Subscription) -> tuple[Sequence[AnyPhase], Sequence[AnyItem]]:
    if subscription.awaits_payment:
        # It has no rows until it is paid for.
        planned = schedule_of(subscription)
        return planned.phases, planned.items
    items = subscription.items.select_related("phase", "feature").order_by(
        F("phase").asc(nulls_last=True), "position", "active_from", "pk"
    )
    return list(subscription.phases.order_by("position", "pk")), list(items)


def _times(
    phases: Sequence[AnyPhase], items: Sequence[AnyItem], addons: Iterable[SubscriptionAddon]
) -> Iterator[datetime]:
    for row in [*phases, *items]:
        yield row.active_from
        if row.active_to is not None:
            yield row.active_to
    for addon in addons:
        yield from (quantity.effective_at for quantity in addon.quantities.all())


def _window(subscription: Subscription, times: Sequence[datetime]) -> _Window:
    # A clock that stands long before or after a contract would leave no room for it.
    start, end = subscription.active_from, subscription.active_to
    known = [start, *(time for time in times if end is None or time <= end + (end - start))]
    first = max(min(known), start - _SHORTEST)
    last = max(*known, start + _SHORTEST)
    return _Window(first, last + (last - first) * _TAIL)


def _lanes(
    subscription: Subscription,
    phases: Sequence[AnyPhase],
    items: Sequence[AnyItem],
    addons: Sequence[SubscriptionAddon],
    window: _Window,
    at: datetime,
) -> Iterator[Lane]:
    zone, currency = subscription.zone, subscription.currency
    bars = [_bar(window, phase, at, phase.name, f"{phase.name}: {_span(subscription, phase)}") for phase in phases]
    yield Lane("Phases", "", [bar for bar in bars if bar])
    for versions in _by_key(items):
        drawn = [
            _bar(
                window,
                item,
                at,
                price_in_short(item.terms, currency),
                f"{item.terms.name}, {price_in_full(item.terms, currency)}: {_span(subscription, item)}",
            )
            for item in versions
        ]
        lane = [bar for bar in drawn if bar]
        if lane:
            yield Lane(versions[-1].terms.name, f"{len(lane)} versions" if len(lane) > 1 else "", lane)
    for addon in addons:
        yield Lane(addon.name, "add-on", list(_addon_bars(subscription, addon, window, at)))
    if not (phases or items or addons):
        yield Lane("Nothing", f"from {when(subscription.active_from, zone)}", [])


def _bar(window: _Window, row: AnyPhase | AnyItem, at: datetime, text: str, title: str) -> Bar | None:
    if row.active_from == row.active_to:
        return None
    kind = "phase" if isinstance(row, SubscriptionPhase | PlannedPhase) else "item"
    return _stretch(window, row.active_from, row.active_to, at, text, title, kind)


def _stretch(
    window: _Window, start: datetime, end: datetime | None, at: datetime, text: str, title: str, kind: str
) -> Bar:
    left, right = window.part(start), 1.0 if end is None else window.part(end)
    classes = f"timeline-{kind} timeline-{_state(start, end, at)}"
    return Bar(f"{100 * left:.3f}%", f"{100 * (right - left):.3f}%", text, title, classes)


def _state(start: datetime, end: datetime | None, at: datetime) -> str:
    if start == end:
        return "taken back"
    if end is not None and end <= at:
        return "over"
    return "planned" if start > at else "now"


def _addon_bars(subscription: Subscription, addon: SubscriptionAddon, window: _Window, at: datetime) -> Iterator[Bar]:
    for start, end, quantity in _quantities(subscription, addon):
        if quantity:
            text = f"{quantity} \N{MULTIPLICATION SIGN}"
            title = f"{text} {addon.name}: {from_to(start, end, subscription.zone)}"
            yield _stretch(window, start, end, at, text, title, "addon")


def _quantities(
    subscription: Subscription, addon: SubscriptionAddon
) -> Iterator[tuple[datetime, datetime | None, int]]:
    rows = sorted(addon.quantities.all(), key=lambda row: row.effective_at)
    ends = [*(row.effective_at for row in rows[1:]), subscription.active_to]
    for row, end in zip(rows, ends, strict=True):
        if end is None or row.effective_at < end:
            yield row.effective_at, end, row.quantity


def _by_key(items: Sequence[AnyItem]) -> Iterator[list[AnyItem]]:
    for key in dict.fromkeys(item.terms.key for item in items):
        yield sorted((item for item in items if item.terms.key == key), key=lambda item: item.active_from)


def _ticks(subscription: Subscription, window: _Window) -> Iterator[Tick]:
    bounds = [period.start for period in subscription.rhythm.between(window.start, window.end)]
    inside = [bound for bound in bounds if window.start <= bound and window.part(bound) <= _LAST_LABEL]
    every = -(-len(inside) // _TICKS) or 1
    for number, bound in enumerate(inside[::every]):
        yield Tick(window.x(bound), when(bound, subscription.zone)[:10], is_minor=number % 2 == 1)


def _marks(subscription: Subscription, window: _Window, at: datetime) -> Iterator[Mark]:
    end = subscription.active_to
    if end is not None:
        text = f"{'Ended' if end <= at else 'Ends'} {when(end, subscription.zone)}"
        yield Mark(window.x(end), text, "end", 25, is_right=window.part(end) > 0.5)
    if window.start <= at <= window.end:
        yield Mark(window.x(at), "Today", "today", 11, is_right=window.part(at) > _LAST_LABEL)


def _span(subscription: Subscription, row: AnyPhase | AnyItem) -> str:
    return from_to(row.active_from, row.active_to, subscription.zone)


def _readings(
    subscription: Subscription,
    phases: Sequence[AnyPhase],
    items: Sequence[AnyItem],
    addons: Sequence[SubscriptionAddon],
    at: datetime,
) -> Iterator[Reading]:
    names = {phase.key: phase.name for phase in phases}
    for phase in phases:
        yield _reading("Phase", _named(phase, phase.name), "", phase.active_from, phase.active_to, subscription, at)
    for item in chain.from_iterable(_by_key(items)):
        key = _phase_key(item)
        kind = "Whole subscription" if key is None else f"Item of {names[key]}" if len(phases) > 1 else "Item"
        price = price_in_full(item.terms, subscription.currency)
        yield _reading(kind, _named(item, item.terms.name), price, item.active_from, item.active_to, subscription, at)
    for addon in addons:
        for start, end, quantity in _quantities(subscription, addon):
            yield _reading("Add-on", link(addon, addon.name), f"quantity {quantity}", start, end, subscription, at)


def _phase_key(item: AnyItem) -> str | None:
    if isinstance(item, PlannedItem):
        return item.phase_key
    return item.phase.key if item.phase else None


def _named(row: AnyPhase | AnyItem, name: str) -> object:
    return name if isinstance(row, PlannedPhase | PlannedItem) else link(row, name)


def _reading(
    kind: str,
    name: object,
    what: str,
    start: datetime,
    end: datetime | None,
    subscription: Subscription,
    at: datetime,
) -> Reading:
    zone = subscription.zone
    return Reading(
        (
            ("What", kind),
            ("Name", name),
            ("Charges", what),
            ("From", when(start, zone)),
            ("To", when(end, zone)),
            ("State", _state(start, end, at)),
        )
    )
