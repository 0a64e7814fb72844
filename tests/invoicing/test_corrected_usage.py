"""What was billed stays as it was billed, whatever is corrected later; what is not billed yet follows."""

from decimal import Decimal

import pytest

from invoicing.models import InvoiceLine
from invoicing.queries import explain_line, line_events, recompute_line
from invoicing.services.billing_run import run_billing
from metering.models import Customer, Event
from metering.queries.event_filter import EventFilter
from metering.services.amendments import amend_event
from metering.services.corrections import undo_correction, void_events
from metering.services.rollups import advance_rollups
from metering.services.subject_moves import move_subject
from tests import factories
from tests.invoicing.contracts import day, subscribe, use

pytestmark = pytest.mark.django_db
AT = day(2, 3)


def roll_up():
    while advance_rollups():
        pass


@pytest.fixture
def subscription():
    """January's 60 and 90 tokens are billed; February has 30 so far."""
    subscription = subscribe(customer=factories.CustomerFactory(key="acme", currency="USD"))
    use(subscription.customer, 60, day(1, 10))
    use(subscription.customer, 90, day(1, 20))
    roll_up()
    run_billing(now=day(2, 2))
    use(subscription.customer, 30, day(2, 2))
    return subscription


def void_all():
    return void_events(events=EventFilter(type="request"), reason="Sent twice", at=AT)


def amend_all():
    for event in Event.objects.all():
        named = {"source": event.source, "event_id": event.event_id, "reason": "Wrong", "at": AT}
        amend_event(replacement={"data": {"tokens": 1, "model": "large"}}, **named)


def move_away():
    Customer.objects.filter(key="acme").update(key="acme-2")
    other = factories.CustomerFactory(key="initech")
    move_subject(subject_key="acme", customer_id=other.pk, from_at=day(1, 15), reason="Sold", at=AT)


def undo_all():
    undo_correction(correction_id=void_all().pk, reason="Right", at=AT)


@pytest.mark.parametrize("correct", [void_all, amend_all, move_away, undo_all])
@pytest.mark.parametrize("when", ["before roll-up", "after roll-up"])
def test_a_billed_line_is_recomputed_and_explained_the_same(subscription, correct, when):
    line = InvoiceLine.objects.get(type="usage_based")
    before = (explain_line(line), [event.pk for event in line_events(line)])
    correct()
    if when == "after roll-up":
        roll_up()
    again = recompute_line(line)
    # 60 + 90 = 150 tokens: 100 x 0.10 + 50 x 0.05 = 12.50
    assert (again.quantity, again.amount, again.differences) == (150, Decimal("12.50"), ())
    assert (explain_line(line), [event.pk for event in line_events(line)]) == before


def test_the_next_bill_leaves_void_events_out(subscription):
    void_events(events=EventFilter(type="request", start=day(2, 1)), reason="Sent twice", at=AT)
    use(subscription.customer, 7, day(2, 20))
    roll_up()
    run_billing(now=day(3, 2))
    line = InvoiceLine.objects.filter(type="usage_based").latest("pk")
    # 7 tokens; the 30 are void. 7 x 0.10
    assert (line.quantity, line.amount) == (7, Decimal("0.70"))
