"""Pure: the billing periods of a contract, and the anchor that they step from."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from metering.periods import MICROSECOND, Cadence, Period
from pricing.contract import Contract, phase_ends
from pricing.service_periods import Rhythm, Span


def billing_period(contract: Contract, rhythm: Rhythm, at: datetime) -> Period:
    """
    Return the billing period that holds a time, clipped to the phase that runs then and to the contract.

    Before the contract that is its first period, after its end the last one.
    """
    inside = max(at, contract.active_from)
    if contract.active_to is not None:
        inside = min(inside, contract.active_to - MICROSECOND)
    whole = rhythm.at(inside)
    for phase, end in phase_ends(contract):
        if phase.starts_at <= inside and (end is None or inside < end):
            whole = Span(phase.starts_at, end).clip(whole) or whole
    return Span(contract.active_from, contract.active_to).clip(whole) or whole


def anchor_near(anchor: datetime, *, cadence: Cadence, zone: ZoneInfo, start: datetime) -> datetime:
    """
    Return the last bound at or before `start` of the periods that step from an anchor, for use as their anchor.

    A bound that fell on a month's last day for want of the anchor's day is passed over, as is one that a change of the
    clocks moved: periods that stepped from there would be others.
    """
    wall = _wall(anchor, zone)
    rhythm = Rhythm(anchor, cadence, zone)
    bound = rhythm.at(start).start
    while not _keeps(_wall(bound, zone), wall, cadence):
        bound = rhythm.at(bound - MICROSECOND).start
    return bound


def calendar_anchor(*, cadence: Cadence, zone: ZoneInfo, start: datetime) -> datetime:
    """Return the anchor of calendar periods in a zone: the start of the year, for weeks the Monday at or before."""
    day = start.astimezone(zone).date()
    first = day - timedelta(days=day.weekday()) if cadence.days else day.replace(month=1, day=1)
    return datetime.combine(first, time(), tzinfo=zone)


def _wall(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def _keeps(bound: datetime, anchor: datetime, cadence: Cadence) -> bool:
    is_same_day = bool(cadence.days) or bound.day == anchor.day
    return is_same_day and bound.time() == anchor.time()
