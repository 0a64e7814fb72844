"""Pure: the periods that a subscription item is billed for, and when each is billed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from metering.periods import MICROSECOND, Cadence, Period, period_at, periods


@dataclass(frozen=True)
class Rhythm:
    """How periods step: from a sticky anchor, by a cadence, in a zone's civil time."""

    anchor: datetime
    cadence: Cadence
    zone: ZoneInfo

    def at(self, at: datetime) -> Period:
        """Return the whole period that holds a time."""
        return period_at(anchor=self.anchor, cadence=self.cadence, zone=self.zone, at=at)

    def between(self, start: datetime, end: datetime) -> Iterator[Period]:
        """Yield the whole periods that share time with [start, end), in order."""
        return periods(anchor=self.anchor, cadence=self.cadence, zone=self.zone, start=start, end=end)


@dataclass(frozen=True)
class Span:
    """The time from `start` on, to `end` unless that is open."""

    start: datetime
    end: datetime | None

    def clip(self, period: Period) -> Period | None:
        """Return what of a period lies inside, None if nothing does."""
        start = max(period.start, self.start)
        end = period.end if self.end is None else min(period.end, self.end)
        return Period(start, end) if start < end else None


@dataclass(frozen=True)
class ServicePeriod:
    """One period to bill: clipped to when the item is active, the whole one for proration, and when its line is due."""

    period: Period
    whole: Period
    bill_at: datetime


@dataclass(frozen=True)
class Earlier:
    """An item that was billed by the usage of a feature until `item.end`, before another one took over."""

    item: Span
    service: Rhythm


def service_periods(
    *,
    item: Span,
    phase: Span,
    service: Rhythm | None,
    billing: Rhythm,
    in_advance: bool,
    until: datetime,
    since: datetime | None = None,
) -> Iterator[ServicePeriod]:
    """
    Yield in order every service period of an item that starts before `until`, or is billed by then.

    They follow each other without gap or overlap from the item's start on, or from `since`, up to where it was billed.
    In advance bills at the start of the billing period in which the service starts (never before the item does);
    otherwise at the end of the billing period in which it ends, or of the phase. Without a rhythm of its own, `service`
    None, the item is billed once: for the rest of the billing period and phase in which it starts.
    """
    start = item.start if since is None else max(since, item.start)
    if until < start or (service is None and since is not None):
        return
    rest = Span(start, item.end)
    for whole in [_once(rest, phase, billing)] if service is None else _wholes(rest, service, billing, until):
        period = rest.clip(whole)
        if period is None:
            continue
        # Only where it cuts a period does `since` move a bill.
        begin = rest if period.start > whole.start else item
        bill_at = _start(period, begin, billing) if in_advance else _end(period, phase, billing)
        if period.start < until or bill_at <= until:
            yield ServicePeriod(period=period, whole=whole if service else period, bill_at=bill_at)


def billing_period(*, at: datetime, phase: Span, billing: Rhythm) -> Period:
    """Return the billing period that holds a time within a phase, clipped to the phase."""
    period = phase.clip(billing.at(at))
    if period is None:
        raise ValueError(f"{at} lies outside the phase from {phase.start} to {phase.end}.")
    return period


def carried_stretches(*, start: datetime, earlier: Iterable[Earlier]) -> tuple[Period, ...]:
    """
    Return, in order, the times whose usage fills the tiers of an item that starts at `start`.

    `earlier` are the items before it, the newest first. The last whole period of each counts if it has not ended when
    the next one starts; what an item was carried counts on, so that leaving and coming back refreshes nothing. Time
    without an item counts for nobody.
    """
    found: list[Period] = []
    for one in earlier:
        assert one.item.end is not None
        whole = one.service.at(one.item.end - MICROSECOND)
        stretch = one.item.clip(whole)
        if stretch is None or whole.end <= start:
            break
        found.append(stretch)
        if stretch.start > one.item.start:
            break
        start = one.item.start
    return tuple(reversed(found))


def _wholes(item: Span, service: Rhythm, billing: Rhythm, until: datetime) -> Iterator[Period]:
    horizon = billing.at(until).end
    return service.between(item.start, horizon if item.end is None else min(item.end, horizon))


def _once(item: Span, phase: Span, billing: Rhythm) -> Period:
    return billing_period(at=item.start, phase=phase, billing=billing)


def _start(period: Period, item: Span, billing: Rhythm) -> datetime:
    return max(billing.at(period.start).start, item.start)


def _end(period: Period, phase: Span, billing: Rhythm) -> datetime:
    end = billing.at(period.end - MICROSECOND).end
    return end if phase.end is None else min(end, phase.end)
