"""Usage that changes after it was billed becomes a line of the difference, tiers continued, on the next invoice."""

from decimal import Decimal

import pytest

from invoicing.models import InvoiceLine
from invoicing.services.usage_changes import note_changes
from metering.ingest.fence import current_bound
from metering.models import Customer, Event
from metering.queries.event_filter import EventFilter
from metering.services.amendments import amend_event
from metering.services.corrections import undo_correction, void_events
from metering.services.subject_moves import move_subject
from tests.invoicing.agreements import parts
from tests.invoicing.changed import (
    agree,
    bill,
    billed_june,
    changes,
    charged,
    check_all,
    day,
    metered,
    new_customer,
    noted,
    roll_up,
    use,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("when", ["raw", "rolled up"])
def test_late_units_are_billed_at_the_tier_that_they_reach(when):
    subscription = billed_june()
    use(subscription.customer, 25, day(6, 20))
    if when == "rolled up":
        roll_up()
    bill(subscription, day(8, 2))
    # 95 at 1.00 = 95.00 were billed; 120 come to 100 x 1.00 + 20 x 0.50 = 110.00, so 15.00 more.
    assert changes(subscription) == [("standard", 25, Decimal("15.00"))]
    line = InvoiceLine.objects.get(cause="change")
    assert parts(line) == [("tier_1_usage", 5, Decimal("5.00"), ""), ("tier_2_usage", 20, Decimal("10.00"), "")]
    assert line.invoice.billed_at == day(8, 1)
    assert charged(subscription) == Decimal("110.00")
    assert bill(subscription, day(8, 3)) == []
    assert noted() == 0
    check_all()


def test_usage_stored_after_the_run_but_stamped_inside_is_the_next_delta_and_never_counted_twice():
    subscription = billed_june()
    use(subscription.customer, 10, day(6, 30, 23))
    use(subscription.customer, 10, day(7, 1, 0))
    assert bill(subscription, day(7, 3)) == []
    assert noted() == 1
    use(subscription.customer, 10, day(6, 1, 0))
    bill(subscription, day(8, 2))
    # June: 115 tokens, 5 x 1.00 + 15 x 0.50 = 12.50 more; July: 10 x 1.00.
    assert changes(subscription) == [("standard", 20, Decimal("12.50"))]
    assert charged(subscription) == Decimal("95.00") + Decimal("12.50") + Decimal("10.00")
    use(subscription.customer, 2, day(6, 2))
    bill(subscription, day(9, 2))
    # One more link of June's chain: 2 x 0.50.
    assert changes(subscription)[1:] == [("standard", 2, Decimal("1.00"))]
    assert bill(subscription, day(9, 3)) == []
    check_all()


def test_a_void_gives_back_and_its_undoing_bills_again():
    subscription = billed_june()
    use(subscription.customer, 40, day(7, 10))
    correction = void_events(
        events=EventFilter(type="request", start=day(6, 1), end=day(7, 1)), reason="No", at=day(7, 3)
    )
    bill(subscription, day(8, 2))
    # June's 95.00 go back; July's 40.00 stay: the invoice is below zero, so it gives 55.00 back.
    assert changes(subscription) == [("credit_note", -95, Decimal("-95.00"))]
    assert charged(subscription) == Decimal("40.00")
    undo_correction(correction_id=correction.pk, reason="Yes", at=day(8, 3))
    bill(subscription, day(9, 2))
    assert changes(subscription)[1:] == [("standard", 95, Decimal("95.00"))]
    assert charged(subscription) == Decimal("135.00")
    check_all()


def test_an_amendment_changes_what_was_billed():
    subscription = billed_june()
    event = Event.objects.get(time=day(6, 10))
    amend_event(
        source=event.source,
        event_id=event.event_id,
        replacement={"data": {"tokens": 60, "model": "large"}},
        reason="Wrong",
        at=day(7, 3),
    )
    use(subscription.customer, 100, day(7, 10))
    bill(subscription, day(8, 2))
    # 60 instead of 95: -35 x 1.00
    assert changes(subscription) == [("standard", -35, Decimal("-35.00"))]
    assert charged(subscription) == Decimal("95.00") - Decimal("35.00") + Decimal("100.00")
    check_all()


def test_a_subject_that_is_moved_makes_two_visible_deltas():
    subscription = billed_june(used=0)
    owner = subscription.customer
    use(owner, 30, day(6, 10))
    use(owner, 50, day(6, 20))
    other = agree(metered({"type": "unit", "amount": "2.00"}), customer=new_customer())
    bill(subscription, day(8, 2))
    bill(other, day(8, 2))
    Customer.objects.filter(pk=owner.pk).update(key="renamed")
    move_subject(subject_key=owner.key, customer_id=other.customer_id, from_at=day(6, 15), reason="Sold", at=day(8, 3))
    use(owner, 1, day(6, 10))
    bill(subscription, day(9, 2))
    bill(other, day(9, 2))
    # 50 tokens go: -50 x 1.00, and 1 came late; there they cost 50 x 2.00.
    assert changes(subscription)[-1][1:] == (-49, Decimal("-49.00"))
    assert changes(other) == [("standard", 50, Decimal("100.00"))]
    check_all()


def test_what_reads_the_same_leaves_no_line_and_no_note():
    subscription = billed_june()
    events = EventFilter(type="request", start=day(6, 1), end=day(7, 1))
    correction = void_events(events=events, reason="No", at=day(7, 3))
    undo_correction(correction_id=correction.pk, reason="Yes", at=day(7, 3))
    bill(subscription, day(7, 4))
    assert (changes(subscription), noted()) == ([], 0)
    check_all()


def test_usage_of_others_and_of_time_that_is_not_billed_is_not_noted():
    subscription = billed_june()
    use(subscription.customer, 5, day(7, 2))
    use(new_customer(), 5, day(6, 2))
    note_changes(bound=current_bound())
    assert noted() == 0
