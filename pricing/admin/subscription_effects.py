"""The exact effect of an act on a subscription, as tables: items and billing periods before and after, invoices."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

from metering.admin.display import NOTHING
from metering.periods import MICROSECOND, Period
from pricing.admin.subscription_course import Row
from pricing.admin.subscription_money import invoice_rows
from pricing.admin.subscription_words import from_to, price_in_full, when
from pricing.schedule import PlannedItem, Schedule
from pricing.service_periods import Rhythm, Span
from pricing.services.subscriptions.effects import ChangedCourse, Effect

_PERIODS = 3


@dataclass(frozen=True)
class ShownEffect:
    """An act's effect: from when on, every item that it leaves or makes, and what is billed when."""

    effect: Effect
    awaits_payment: bool = False

    @property
    def at(self) -> datetime:
        return self.effect.at

    @property
    def zone(self) -> ZoneInfo:
        return self._first.subscription.zone

    @property
    def starts_at(self) -> str:
        return "once it is paid" if self.awaits_payment else when(self.at, self.zone)

    @property
    def notes(self) -> list[str]:
        notes = []
        if self.awaits_payment:
            notes.append("Times are those of a payment made now. Until it is paid, everything stays as it is.")
        for course in self.effect.courses:
            if course.after is None:
                notes.append(f"{course.subscription.name}, which is scheduled to follow, is deleted.")
        return notes

    @property
    def items(self) -> list[Row]:
        return [row for course in self.effect.courses for row in _items(course, self.at, self._is_next(course))]

    @property
    def periods(self) -> list[Row]:
        following = [course for course in self.effect.courses if self._is_next(course)]
        return list(_period_rows(self._first, following, self.at))

    @property
    def invoices(self) -> list[Row]:
        return list(invoice_rows(self.effect.invoices, self.zone))

    @property
    def unforeseen(self) -> str:
        return self.effect.unforeseen

    @property
    def fingerprint(self) -> str:
        """Tell this effect from any other; money that moves with usage is left out."""
        courses = [(course.subscription.name, course.before, course.after) for course in self.effect.courses]
        return sha256(repr(courses).encode()).hexdigest()

    @property
    def _first(self) -> ChangedCourse:
        return self.effect.courses[0]

    def _is_next(self, course: ChangedCourse) -> bool:
        return course.before is None and course is not self._first


def _items(course: ChangedCourse, at: datetime, is_next: bool) -> Iterator[Row]:
    after = list(course.after.items) if course.after else []
    for item in course.before.items if course.before else ():
        kept = next((one for one in after if _is_same(item, one)), None)
        if kept is not None:
            after.remove(kept)
        if kept != item or item.active_to is None or item.active_to > at:
            yield _row(course, at, item, kept, is_next)
    for item in after:
        yield _row(course, at, None, item, is_next)


def _is_same(one: PlannedItem, other: PlannedItem) -> bool:
    return (one.phase_key, one.terms, one.active_from) == (other.phase_key, other.terms, other.active_from)


def _row(
    course: ChangedCourse, at: datetime, before: PlannedItem | None, after: PlannedItem | None, is_next: bool
) -> Row:
    item = before or after
    assert item is not None
    place, zone = item.phase_key or "whole subscription", course.subscription.zone
    return Row(
        (
            ("Item", item.terms.name),
            ("Phase", f"{place}, next subscription" if is_next else place),
            ("Price", price_in_full(item.terms, course.subscription.currency)),
            ("Before", from_to(before.active_from, before.active_to, zone) if before else NOTHING),
            ("After", from_to(after.active_from, after.active_to, zone) if after else NOTHING),
            ("Change", _change(before, after, at)),
        ),
        kind="same" if before == after else "changed",
    )


def _change(before: PlannedItem | None, after: PlannedItem | None, at: datetime) -> str:
    if before is None:
        return "new"
    if after is None:
        return "never starts" if before.active_from > at else "taken back"
    if before.active_to == after.active_to:
        return "stays"
    if before.active_to is None or (after.active_to is not None and after.active_to < before.active_to):
        return "ends" if before.active_to is None else "ends earlier"
    return "goes on"


def _period_rows(first: ChangedCourse, following: Sequence[ChangedCourse], at: datetime) -> Iterator[Row]:
    zone, rhythm = first.subscription.zone, first.subscription.rhythm
    before = list(_periods(first.before, rhythm, at))
    after = list(_periods(first.after, rhythm, at))
    later = [period for one in following for period in _periods(one.after, one.subscription.rhythm, at)]
    starts = sorted({period.start for period in [*before, *after, *later]})
    for start in starts[: _PERIODS + bool(later)]:
        yield Row(
            (
                ("Before", _at(before, start, zone)),
                ("After", _at(after, start, zone)),
                *([("Next subscription", _at(later, start, zone))] if following else []),
            )
        )


def _at(periods: Sequence[Period], start: datetime, zone: ZoneInfo) -> str:
    found = next((period for period in periods if period.start == start), None)
    return from_to(found.start, found.end, zone) if found else NOTHING


def _periods(schedule: Schedule | None, rhythm: Rhythm, at: datetime) -> Iterator[Period]:
    first = rhythm.at(at - MICROSECOND).start
    horizon = at
    for _ in range(_PERIODS):
        horizon = rhythm.at(horizon).end
    for phase in schedule.phases if schedule else ():
        span = Span(phase.active_from, phase.active_to)
        start = max(first, phase.active_from)
        if start < horizon:
            clipped = map(span.clip, rhythm.between(start, horizon))
            yield from (period for period in clipped if period and period.end >= at and period.start < horizon)
