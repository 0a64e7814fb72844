"""Test clocks: time that an operator moves by hand, for customers that try out billing."""

from datetime import datetime

from django.db import transaction

from metering.errors import DomainError
from metering.models import TestClock


class ClockMovesForward(DomainError):
    status = 409
    code = "clock_moves_forward"


@transaction.atomic
def create_test_clock(*, name: str, now_at: datetime, at: datetime) -> TestClock:
    """Make a clock that says `now_at` until it is moved."""
    return TestClock.objects.create(name=name, now_at=now_at, created_at=at)


@transaction.atomic
def move_test_clock(*, clock_id: int, to: datetime, at: datetime) -> TestClock:
    """
    Move a clock forward. What falls due by then happens at the next billing run, not here.

    :raises ClockMovesForward: if it says that time, or a later one, already.
    """
    clock = TestClock.objects.select_for_update().get(pk=clock_id)
    if to <= clock.now_at:
        raise ClockMovesForward(f"This clock says {clock.now_at.isoformat()} already. Choose a later time.")
    clock.now_at = to
    clock.save(update_fields=["now_at"])
    return clock
