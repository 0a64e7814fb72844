"""The open bill is the invoice to come, as of this moment."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from invoicing.models import BillingProfile, Invoice
from invoicing.queries import closing_invoices, upcoming_invoice
from invoicing.services.billing_run import run_billing
from metering.periods import Period
from tests import factories
from tests.invoicing.contracts import day, subscribe, use

pytestmark = pytest.mark.django_db


def lines_of(upcoming):
    return [(line.name, line.quantity, line.amount) for line in upcoming.lines]


def test_it_shows_usage_so_far_and_the_fee_to_come():
    subscription = subscribe()
    use(subscription.customer, 150, day(1, 10))
    upcoming = upcoming_invoice(customer=subscription.customer, at=day(1, 15))
    assert (upcoming.currency, upcoming.period) == ("USD", Period(day(1, 1), day(2, 1)))
    assert upcoming.bills_at == day(2, 1, hour=1)
    assert lines_of(upcoming) == [
        ("Base fee", Decimal(1), Decimal("20.00")),
        ("Tokens", Decimal(150), Decimal("12.50")),
    ]
    assert upcoming.lines[0].period == Period(day(2, 1), day(3, 1))
    # 20.00 + 100 x 0.10 + 50 x 0.05
    assert upcoming.total == Decimal("32.50")


def test_an_event_moves_it_at_the_next_read():
    subscription = subscribe(fee=None)
    before = upcoming_invoice(customer=subscription.customer, at=day(1, 15)).total
    use(subscription.customer, 10, day(1, 15))
    after = upcoming_invoice(customer=subscription.customer, at=day(1, 15)).total
    # 10 x 0.10
    assert (before, after) == (Decimal("0.00"), Decimal("1.00"))


def test_it_says_what_the_invoice_will_say():
    subscription = subscribe()
    use(subscription.customer, "150.5", day(1, 10))
    upcoming = upcoming_invoice(customer=subscription.customer, at=day(1, 31))
    run_billing(now=upcoming.bills_at)
    invoice = Invoice.objects.get(billed_at=day(2, 1))
    assert upcoming.total == invoice.total
    stored = [(line.name, line.quantity, line.amount) for line in invoice.lines.order_by("position")]
    assert lines_of(upcoming) == stored
    texts = [[step["text"] for step in line.trace] for line in invoice.lines.order_by("position")]
    assert [[step.text for step in line.steps] for line in upcoming.lines] == texts


def test_it_belongs_to_the_period_of_the_moment_while_the_last_one_still_collects():
    subscription = subscribe()
    use(subscription.customer, 10, day(1, 31))
    run_billing(now=day(1, 1))
    at = datetime(2026, 2, 1, 0, 30, tzinfo=UTC)
    upcoming = upcoming_invoice(customer=subscription.customer, at=at)
    (closing,) = closing_invoices(customer=subscription.customer, at=at)
    assert (upcoming.period, upcoming.total) == (Period(day(2, 1), day(3, 1)), Decimal("20.00"))
    # 20.00 for February + 10 x 0.10
    assert (closing.period, closing.total) == (Period(day(1, 1), day(2, 1)), Decimal("21.00"))
    assert closing.bills_at == day(2, 1, hour=1)


def test_nothing_closes_once_it_is_invoiced():
    subscription = subscribe()
    run_billing(now=day(2, 1, hour=1))
    assert closing_invoices(customer=subscription.customer, at=day(2, 2)) == ()


def test_the_first_fee_is_closing_until_it_is_invoiced():
    subscription = subscribe(tokens=None)
    (closing,) = closing_invoices(customer=subscription.customer, at=day(1, 1))
    assert (closing.period, closing.bills_at) == (Period(day(1, 1), day(2, 1)), day(1, 1))


def test_a_cancelled_subscription_owes_its_usage_and_no_further_fee():
    subscription = subscribe(active_to=day(1, 20))
    use(subscription.customer, 10, day(1, 10))
    upcoming = upcoming_invoice(customer=subscription.customer, at=day(1, 15))
    assert lines_of(upcoming) == [("Tokens", Decimal(10), Decimal("1.00"))]
    assert (upcoming.period, upcoming.bills_at) == (Period(day(1, 1), day(1, 20)), day(1, 20, hour=1))


def test_it_is_empty_where_nothing_more_is_owed():
    subscription = subscribe(tokens=None, active_to=day(1, 20))
    upcoming = upcoming_invoice(customer=subscription.customer, at=day(1, 15))
    assert (upcoming.lines, upcoming.total) == ((), Decimal("0.00"))


def test_there_is_none_without_a_live_subscription():
    subscription = subscribe(active_to=day(1, 20))
    assert upcoming_invoice(customer=subscription.customer, at=day(1, 20)) is None
    assert upcoming_invoice(customer=factories.CustomerFactory(), at=day(1, 20)) is None


def test_it_shows_what_is_left_of_usage_that_was_billed_before_the_end():
    BillingProfile.objects.update(spend_thresholds={"USD": {"amounts": ["10"]}})
    subscription = subscribe()
    use(subscription.customer, 120, day(1, 5))
    run_billing(now=day(1, 6))
    use(subscription.customer, 30, day(1, 10))
    upcoming = upcoming_invoice(customer=subscription.customer, at=day(1, 15))
    # 100 x 0.10 + 20 x 0.05 were billed; 30 x 0.05 are left.
    assert lines_of(upcoming)[1] == ("Tokens", Decimal(30), Decimal("1.50"))
    run_billing(now=upcoming.bills_at)
    assert upcoming.total == Invoice.objects.get(billed_at=day(2, 1)).total == Decimal("21.50")


def test_it_shows_what_an_anchored_profile_collects_after_the_period_ended():
    anchor = {"anchor": "2026-01-15T00:00:00+00:00", "interval": "P1M"}
    BillingProfile.objects.update(collection_alignment="anchored", collection_anchor=anchor)
    subscription = subscribe()
    use(subscription.customer, 150, day(1, 10))
    upcoming = upcoming_invoice(customer=subscription.customer, at=day(1, 20))
    assert (upcoming.period, upcoming.bills_at) == (Period(day(1, 1), day(2, 1)), day(2, 15))
    # 20.00 for February + 100 x 0.10 + 50 x 0.05 of January; January's fee is on the invoice of January 15.
    assert upcoming.total == Decimal("32.50")
    run_billing(now=day(2, 15))
    assert Invoice.objects.get(billed_at=day(2, 15)).total == upcoming.total
