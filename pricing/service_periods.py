"""Pure: the periods that a subscription item is billed for, and when each is billed."""

from collections.abc import Iterator
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


def service_periods(
    *, item: Span, contract: Span, service: Rhythm, billing: Rhythm, in_advance: bool, until: datetime
) -> Iterator[ServicePeriod]:
    """
    Yield in order every service period of an item that starts before `until`, or is billed by then.

    They follow each other without gap or overlap from the item's start on. In advance bills at the start of the billing
    period in which the service starts (never before the item does); otherwise at the end of the billing period in which
    it ends, or of the contract.
    """
    if until < item.start:
        return
    horizon = billing.at(until).end
    end = horizon if item.end is None else min(item.end, horizon)
    for whole in service.between(item.start, end):
        period = item.clip(whole)
        if period is None:
            continue
        bill_at = _start(period, item, billing) if in_advance else _end(period, contract, billing)
        if period.start < until or bill_at <= until:
            yield ServicePeriod(period=period, whole=whole, bill_at=bill_at)


def _start(period: Period, item: Span, billing: Rhythm) -> datetime:
    return max(billing.at(period.start).start, item.start)


def _end(period: Period, contract: Span, billing: Rhythm) -> datetime:
    end = billing.at(period.end - MICROSECOND).end
    return end if contract.end is None else min(end, contract.end)
