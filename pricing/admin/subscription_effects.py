"""The exact effect of an act on a subscription, as tables: each item before and after, and the billing periods."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from zoneinfo import ZoneInfo

from metering.admin.display import NOTHING
from metering.periods import MICROSECOND, Period, parse_cadence
from pricing.admin.subscription_course import Row
from pricing.admin.subscription_words import from_to, price_in_full, when
from pricing.queries import is_in_advance
from pricing.schedule import PlannedItem, Schedule
from pricing.service_periods import Rhythm, Span
from pricing.services.subscriptions.contracts import Preview

_PERIODS = 3


@dataclass(frozen=True)
class Frame:
    """What a preview is read with: the zone, and how billing periods of the subscription and of the next one step."""

    currency: str
    zone: ZoneInfo
    rhythm: Rhythm
    next_rhythm: Rhythm | None = None
    next_currency: str = ""


@dataclass(frozen=True)
class Effect:
    """An act's effect: from when on, every item that it leaves or makes, every billing period that it touches."""

    preview: Preview
    frame: Frame
    notes: Sequence[str] = field(default=())
    awaits_payment: bool = False

    @property
    def starts_at(self) -> str:
        return "once it is paid" if self.awaits_payment else when(self.preview.at, self.frame.zone)

    @property
    def items(self) -> list[Row]:
        return list(_items(self.preview, self.frame))

    @property
    def periods(self) -> list[Row]:
        return list(_period_rows(self.preview, self.frame))

    @property
    def fingerprint(self) -> str:
        """Tell this effect from any other."""
        return sha256(repr(self.preview).encode()).hexdigest()


def notes_of_rests(preview: Preview, frame: Frame) -> tuple[str, ...]:
    """Say of each fee in advance that an act ends within its period that the rest is not given back by itself."""
    names = dict.fromkeys(item.terms.name for item in _cut_short(preview, frame))
    if not names:
        return ()
    fees = ", ".join(names)
    return (f"What is already invoiced of {fees} for the rest of the period stays so: give it back by hand for now.",)


def _cut_short(preview: Preview, frame: Frame) -> Iterator[PlannedItem]:
    after = {(item.phase_key, item.terms.key, item.active_from): item.active_to for item in preview.after.items}
    for item in preview.before.items:
        end = after.get((item.phase_key, item.terms.key, item.active_from))
        if end is None or end == item.active_to or not item.terms.billing_cadence or not _is_paid_ahead(item):
            continue
        service = replace(frame.rhythm, cadence=parse_cadence(item.terms.billing_cadence))
        if service.at(end).start != end and (item.active_to is None or end < item.active_to):
            yield item


def _is_paid_ahead(item: PlannedItem) -> bool:
    price = item.terms.price
    return price is not None and is_in_advance(price) and Decimal(price["amount"]) > 0


def _items(preview: Preview, frame: Frame) -> Iterator[Row]:
    after = list(preview.after.items)
    for item in preview.before.items:
        kept = next((one for one in after if _is_same(item, one)), None)
        if kept is not None:
            after.remove(kept)
        if kept != item or item.active_to is None or item.active_to > preview.at:
            yield _row(preview.at, frame, item, item, kept)
    for item in after:
        yield _row(preview.at, frame, item, None, item)
    for item in preview.next.items if preview.next else ():
        yield _row(preview.at, frame, item, None, item, is_next=True)


def _is_same(one: PlannedItem, other: PlannedItem) -> bool:
    return (one.phase_key, one.terms, one.active_from) == (other.phase_key, other.terms, other.active_from)


def _row(
    at: datetime,
    frame: Frame,
    item: PlannedItem,
    before: PlannedItem | None,
    after: PlannedItem | None,
    *,
    is_next: bool = False,
) -> Row:
    currency = frame.next_currency if is_next and frame.next_currency else frame.currency
    place = item.phase_key or "whole subscription"
    return Row(
        (
            ("Item", item.terms.name),
            ("Phase", f"{place}, next subscription" if is_next else place),
            ("Price", price_in_full(item.terms, currency)),
            ("Before", from_to(before.active_from, before.active_to, frame.zone) if before else NOTHING),
            ("After", from_to(after.active_from, after.active_to, frame.zone) if after else NOTHING),
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


def _period_rows(preview: Preview, frame: Frame) -> Iterator[Row]:
    before = list(_periods(preview.before, frame.rhythm, preview.at))
    after = list(_periods(preview.after, frame.rhythm, preview.at))
    following = list(_periods(preview.next, frame.next_rhythm or frame.rhythm, preview.at)) if preview.next else []
    starts = sorted({period.start for period in [*before, *after, *following]})
    for start in starts[: _PERIODS + bool(following)]:
        yield Row(
            (
                ("Before", _at(before, start, frame)),
                ("After", _at(after, start, frame)),
                *([("Next subscription", _at(following, start, frame))] if preview.next else []),
            )
        )


def _at(periods: Sequence[Period], start: datetime, frame: Frame) -> str:
    found = next((period for period in periods if period.start == start), None)
    return from_to(found.start, found.end, frame.zone) if found else NOTHING


def _periods(schedule: Schedule, rhythm: Rhythm, at: datetime) -> Iterator[Period]:
    first = rhythm.at(at - MICROSECOND).start
    horizon = at
    for _ in range(_PERIODS):
        horizon = rhythm.at(horizon).end
    for phase in schedule.phases:
        span = Span(phase.active_from, phase.active_to)
        start = max(first, phase.active_from)
        if start < horizon:
            clipped = map(span.clip, rhythm.between(start, horizon))
            yield from (period for period in clipped if period and period.end >= at and period.start < horizon)
