from datetime import timedelta

import pytest

from metering import clock
from metering.services.clocks import ClockMovesForward, create_test_clock, move_test_clock
from tests.factories import START, CustomerFactory

pytestmark = pytest.mark.django_db


def test_it_holds_the_time_of_its_customers_until_it_is_moved():
    made = create_test_clock(name="Trial", now_at=START, at=START)
    customer = CustomerFactory(test_clock=made)
    assert clock.now(customer) == START
    move_test_clock(clock_id=made.pk, to=START + timedelta(days=31), at=START)
    customer.refresh_from_db()
    assert clock.now(customer) == START + timedelta(days=31)


@pytest.mark.parametrize("step", [timedelta(0), timedelta(microseconds=-1)])
def test_it_moves_forward_only(step):
    made = create_test_clock(name="Trial", now_at=START, at=START)
    with pytest.raises(ClockMovesForward, match="Choose a later time"):
        move_test_clock(clock_id=made.pk, to=START + step, at=START)
    made.refresh_from_db()
    assert made.now_at == START
