"""When an act takes effect."""

from datetime import datetime, timedelta
from typing import Literal

from metering.errors import DomainError
from pricing.contract import phase_at
from pricing.contract_periods import billing_period
from pricing.models import Subscription

Timing = Literal["immediate", "next_billing_cycle"] | datetime
# Whoever asks for "now" in a time of their own is given this much for the way.
GRACE = timedelta(minutes=2)
# Far from the last year that Python can count, and so near that all billing periods up to it can be drawn.
_FURTHEST = timedelta(days=36_525)


class InvalidTiming(DomainError):
    code = "subscription_timing_invalid"

    def __init__(self, message: str) -> None:
        error = {"code": self.code, "message": message, "field": "$.timing"}
        super().__init__(message, extensions={"validationErrors": [error]})


def start_at(timing: Timing, *, at: datetime) -> datetime:
    """
    Return when a new subscription starts.

    :raises InvalidTiming: if that is the next billing cycle, which it has none of yet, lies in the past,
        or over 100 years ahead.
    """
    if timing == "next_billing_cycle":
        raise InvalidTiming("Start immediately or at a time: a new subscription has no billing cycle yet.")
    return _given(timing, at)


def cancel_at(subscription: Subscription, timing: Timing, *, at: datetime) -> datetime:
    """
    Return when a subscription ends, or gives way to the next one.

    A bound that passed within `GRACE` counts as sent: whoever ends at a bound means that one.

    :raises InvalidTiming: if a given time is no bound of its billing periods, lies in the past or over 100 years ahead.
    """
    if timing == "next_billing_cycle":
        return _period_end(subscription, at)
    if timing == "immediate":
        return at
    _check_in_reach(timing, at)
    if _period_start(subscription, timing) != timing:
        raise InvalidTiming(
            f"End at {_period_start(subscription, timing).isoformat()} or "
            f"{_period_end(subscription, timing).isoformat()}, "
            f"where billing periods meet, instead of {timing.isoformat()}."
        )
    return timing


def edit_at(subscription: Subscription, timing: Timing, *, at: datetime) -> datetime:
    """
    Return when an edit takes effect.

    :raises InvalidTiming: if that is a time of its own, or lies in another phase than `at`.
    """
    if isinstance(timing, datetime):
        raise InvalidTiming("Edit immediately or at the next billing cycle, not at a time of its own.")
    if timing == "immediate":
        return at
    end = _period_end(subscription, at)
    contract = subscription.agreed
    if phase_at(contract, end).key != phase_at(contract, at).key:
        raise InvalidTiming(f"Edit immediately: the phase ends at {end.isoformat()}, with the billing period.")
    return end


def addon_at(subscription: Subscription, timing: Timing, *, at: datetime) -> datetime:
    """
    Return when an add-on's quantity changes.

    :raises InvalidTiming: if a given time lies in the past, or over 100 years ahead.
    """
    return _period_end(subscription, at) if timing == "next_billing_cycle" else _given(timing, at)


def _given(timing: Timing, at: datetime) -> datetime:
    if not isinstance(timing, datetime):
        return at
    _check_in_reach(timing, at)
    return max(timing, at)


def _check_in_reach(timing: datetime, at: datetime) -> None:
    if timing < at - GRACE:
        raise InvalidTiming(f"Choose a time from {at.isoformat()} on, not {timing.isoformat()}.")
    if timing > at + _FURTHEST:
        raise InvalidTiming(f"Choose a time within the next 100 years, not {timing.isoformat()}.")


def _period_start(subscription: Subscription, at: datetime) -> datetime:
    return billing_period(subscription.agreed, subscription.rhythm, at).start


def _period_end(subscription: Subscription, at: datetime) -> datetime:
    return billing_period(subscription.agreed, subscription.rhythm, at).end
