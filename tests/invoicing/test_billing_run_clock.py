"""Customers on a test clock are billed by it, and an operator may move it to the end of the period."""

from decimal import Decimal

import pytest

from invoicing.models import BillingProfile, Invoice
from invoicing.services.billing_run import CannotAdvance, advance_to_period_end, run_billing
from tests import factories
from tests.invoicing.contracts import day, subscribe, use

pytestmark = pytest.mark.django_db
REAL_NOW = day(6, 1)


def on_clock(clock, **kwargs):
    return subscribe(customer=factories.CustomerFactory(currency="USD", test_clock=clock), **kwargs)


def totals(subscription):
    return [(invoice.issued_at, invoice.total) for invoice in subscription.customer.invoices.order_by("billed_at")]


def test_it_bills_each_customer_at_their_own_time():
    tester = on_clock(factories.TestClockFactory(now_at=day(1, 2)))
    other = subscribe()
    run_billing(now=day(2, 2))
    assert totals(tester) == [(day(1, 2), Decimal("20.00"))]
    assert totals(other) == [(day(2, 2), Decimal("20.00")), (day(2, 2), Decimal("20.00"))]


def test_it_moves_the_clock_to_the_end_of_the_period_and_bills():
    clock = factories.TestClockFactory(now_at=day(1, 1))
    subscription = on_clock(clock)
    use(subscription.customer, 150, day(1, 10))
    run = advance_to_period_end(customer_id=subscription.customer_id, at=REAL_NOW)
    clock.refresh_from_db()
    assert clock.now_at == day(2, 1, hour=1)
    assert (run.invoices, run.as_of) == (2, REAL_NOW)
    # The first fee 20.00, then 20.00 + 100 x 0.10 + 50 x 0.05
    assert totals(subscription) == [(clock.now_at, Decimal("20.00")), (clock.now_at, Decimal("32.50"))]
    assert Invoice.objects.latest("billed_at").paid_at == clock.now_at


def test_it_moves_the_clock_to_when_an_anchored_profile_collects_the_period():
    anchor = {"anchor": "2026-01-15T00:00:00+00:00", "interval": "P1M"}
    BillingProfile.objects.update(collection_alignment="anchored", collection_anchor=anchor)
    subscription = on_clock(factories.TestClockFactory(now_at=day(1, 20)))
    use(subscription.customer, 150, day(1, 10))
    advance_to_period_end(customer_id=subscription.customer_id, at=REAL_NOW)
    # January's fee on January 15; then 20.00 for February + 100 x 0.10 + 50 x 0.05 of January.
    now = day(2, 15, hour=1)
    assert totals(subscription) == [(now, Decimal("20.00")), (now, Decimal("32.50"))]


def test_it_goes_on_to_the_next_period_each_time():
    subscription = on_clock(factories.TestClockFactory(now_at=day(1, 1)), tokens=None)
    for _ in range(3):
        advance_to_period_end(customer_id=subscription.customer_id, at=REAL_NOW)
    assert subscription.customer.test_clock.__class__.objects.get().now_at == day(4, 1, hour=1)
    assert list(subscription.customer.invoices.order_by("billed_at").values_list("billed_at", flat=True)) == [
        day(1, 1),
        day(2, 1),
        day(3, 1),
        day(4, 1),
    ]


def test_it_bills_everybody_on_the_clock_and_nobody_else():
    clock = factories.TestClockFactory(now_at=day(1, 1))
    one, neighbour = on_clock(clock), on_clock(clock)
    stranger = on_clock(factories.TestClockFactory(now_at=day(1, 1)))
    advance_to_period_end(customer_id=one.customer_id, at=REAL_NOW)
    assert [subscription.customer.invoices.count() for subscription in (one, neighbour, stranger)] == [2, 2, 0]


def test_it_refuses_a_customer_without_a_test_clock():
    subscription = subscribe()
    with pytest.raises(CannotAdvance, match="on a test clock first: real time cannot be moved"):
        advance_to_period_end(customer_id=subscription.customer_id, at=REAL_NOW)
    assert not Invoice.objects.exists()


def test_it_refuses_a_customer_without_a_live_subscription_and_leaves_the_clock():
    clock = factories.TestClockFactory(now_at=day(1, 20))
    subscription = on_clock(clock, active_to=day(1, 20))
    with pytest.raises(CannotAdvance, match="to a plan first: there is no period to end"):
        advance_to_period_end(customer_id=subscription.customer_id, at=REAL_NOW)
    clock.refresh_from_db()
    assert clock.now_at == day(1, 20)
