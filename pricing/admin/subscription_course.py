"""The course of a subscription: its phases, items and add-ons over time, as stored or as they would be once paid."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import F

from metering.admin.display import link
from metering.periods import MICROSECOND
from pricing.admin.subscription_words import price_in_full, when
from pricing.models import Subscription, SubscriptionAddon, SubscriptionItem, SubscriptionPhase
from pricing.schedule import PlannedItem, PlannedPhase
from pricing.services.subscriptions.contracts import schedule_of

AnyItem = SubscriptionItem | PlannedItem
AnyPhase = SubscriptionPhase | PlannedPhase


@dataclass(frozen=True)
class Row:
    """One row of a table: titles with values, and how the row looks."""

    cells: tuple[tuple[str, object], ...]
    kind: str = ""


@dataclass(frozen=True)
class Course:
    """What a subscription is made of; `at` is the time it is looked at."""

    subscription: Subscription
    phases: Sequence[AnyPhase]
    items: Sequence[AnyItem]
    addons: Sequence[SubscriptionAddon]
    at: datetime

    @property
    def zone(self) -> ZoneInfo:
        return self.subscription.zone

    def by_key(self) -> Iterator[list[AnyItem]]:
        """Yield the versions of each item, in order."""
        for key in dict.fromkeys(item.terms.key for item in self.items):
            yield sorted((item for item in self.items if item.terms.key == key), key=lambda item: item.active_from)

    def quantities(self, addon: SubscriptionAddon) -> Iterator[tuple[datetime, datetime | None, int]]:
        """Yield from when to when there are how many of an add-on."""
        rows = sorted(addon.quantities.all(), key=lambda row: row.effective_at)
        end = self.subscription.active_to
        for row, until in zip(rows, [*(row.effective_at for row in rows[1:]), end], strict=True):
            if end is None or row.effective_at < end:
                yield row.effective_at, until, row.quantity

    def times(self) -> Iterator[datetime]:
        """Yield every time at which something starts or ends."""
        for row in [*self.phases, *self.items]:
            yield row.active_from
            if row.active_to is not None:
                yield row.active_to
        for addon in self.addons:
            yield from (quantity.effective_at for quantity in addon.quantities.all())

    def state(self, start: datetime, end: datetime | None) -> str:
        """Say where a span is in time."""
        if start == end:
            return "taken back"
        if end is not None and end <= self.at:
            return "over"
        return "planned" if start > self.at else "now"


def course_of(subscription: Subscription, at: datetime) -> Course:
    """Read the course of a subscription; of one that awaits payment all is planned, and nothing stored."""
    if subscription.awaits_payment:
        planned = schedule_of(subscription)
        return Course(subscription, planned.phases, planned.items, (), subscription.active_from - MICROSECOND)
    order = (F("phase__position").asc(nulls_last=True), "position", "active_from", "pk")
    return Course(
        subscription,
        list(subscription.phases.order_by("position", "pk")),
        list(subscription.items.select_related("phase").order_by(*order)),
        list(subscription.addons.order_by("pk").prefetch_related("quantities")),
        at,
    )


def table_of(course: Course) -> Iterator[Row]:
    """Yield the course as rows to read."""
    names = {phase.key: phase.name for phase in course.phases}
    for phase in course.phases:
        yield _row(course, "Phase", _named(phase, phase.name), "", phase.active_from, phase.active_to)
    for versions in course.by_key():
        for item in versions:
            key = _phase_key(item)
            kind = "Whole subscription" if key is None else f"Item of {names[key]}" if len(names) > 1 else "Item"
            price = price_in_full(item.terms, course.subscription.currency)
            yield _row(course, kind, _named(item, item.terms.name), price, item.active_from, item.active_to)
    for addon in course.addons:
        for start, end, quantity in course.quantities(addon):
            yield _row(course, "Add-on", link(addon, addon.name), f"quantity {quantity}", start, end)


def _phase_key(item: AnyItem) -> str | None:
    if isinstance(item, PlannedItem):
        return item.phase_key
    return item.phase.key if item.phase else None


def _named(row: AnyPhase | AnyItem, name: str) -> object:
    return name if isinstance(row, PlannedPhase | PlannedItem) else link(row, name)


def _row(course: Course, kind: str, name: object, what: str, start: datetime, end: datetime | None) -> Row:
    return Row(
        (
            ("What", kind),
            ("Name", name),
            ("Charges", what),
            ("From", when(start, course.zone)),
            ("To", when(end, course.zone)),
            ("State", course.state(start, end)),
        )
    )
