"""A fee in advance whose item ends early is given back for the time after it, whatever the policy for usage."""

from decimal import Decimal

import pytest

from invoicing.models import Invoice, InvoiceLine
from pricing.services.subscriptions.edit import RemoveItem, edit_subscription
from pricing.services.subscriptions.end import cancel_subscription, unschedule_cancelation
from tests.invoicing.agreements import agree, bill, change, check_all, fee, metered, unit
from tests.invoicing.changed import changes, charged, route
from tests.invoicing.contracts import day

pytestmark = pytest.mark.django_db
FEE = fee("30.00")


def documents(subscription):
    found = Invoice.objects.filter(customer=subscription.customer_id, number__isnull=False).order_by("pk")
    return [(str(invoice.type), invoice.total) for invoice in found]


@pytest.mark.parametrize("policy", ["next_invoice", "credit_note", "write_off"])
def test_an_upgrade_gives_the_rest_back_and_charges_the_new_fee_for_the_rest(policy):
    route(policy)
    first = agree(FEE)
    bill(first, day(6, 1))
    change(first, fee("90.00"), at=day(6, 16))
    bill(first, day(6, 16))
    # 30.00 for June; from 16 June on 30.00 x 15/30 = 15.00 back and 90.00 x 15/30 = 45.00 new: 30.00 net.
    given_back = "credit_note" if policy == "credit_note" else "standard"
    assert changes(first) == [(given_back, 0, Decimal("-15.00"))]
    assert charged(first) == Decimal("30.00") + Decimal("30.00")
    assert bill(first, day(6, 17)) == []
    check_all()


@pytest.mark.parametrize("policy", ["next_invoice", "credit_note", "write_off"])
def test_an_end_within_the_period_gives_back_the_days_after_it(policy):
    route(policy)
    subscription = agree(FEE)
    bill(subscription, day(6, 1))
    cancel_subscription(subscription_id=subscription.pk, at=day(6, 10), active_to=day(6, 17))
    assert bill(subscription, day(6, 16)) == []
    bill(subscription, day(6, 17))
    # 14 of 30 days: 30.00 x 14/30 = 14.00, with nothing else to bill.
    assert documents(subscription) == [("standard", Decimal("30.00")), ("credit_note", Decimal("-14.00"))]
    assert bill(subscription, day(7, 20)) == []
    check_all()


def test_a_cancelation_that_is_taken_back_in_time_gives_nothing_back():
    subscription = agree(FEE)
    bill(subscription, day(6, 1))
    cancel_subscription(subscription_id=subscription.pk, at=day(6, 10), active_to=day(6, 17))
    bill(subscription, day(6, 12))
    unschedule_cancelation(subscription_id=subscription.pk, at=day(6, 15))
    bill(subscription, day(7, 2))
    assert documents(subscription) == [("standard", Decimal("30.00"))] * 2
    check_all()


def test_arrears_and_fees_paid_once_and_contracts_that_do_not_prorate_give_nothing_back():
    for cards, amount in [
        ([fee("30.00", term="in_arrears")], Decimal("16.00")),
        ([fee("30.00", cadence=None)], Decimal("30.00")),
    ]:
        subscription = agree(*cards)
        bill(subscription, day(6, 1))
        cancel_subscription(subscription_id=subscription.pk, at=day(6, 2), active_to=day(6, 17))
        bill(subscription, day(6, 18))
        # In arrears 30.00 x 16/30; once is once.
        assert charged(subscription) == amount
    check_all()


def test_periods_billed_ahead_are_given_back_whole():
    monthly = fee("30.00", key="monthly")
    subscription = agree(monthly, billing_cadence="P3M")
    bill(subscription, day(6, 1))
    cancel_subscription(subscription_id=subscription.pk, at=day(6, 2), active_to=day(6, 16))
    bill(subscription, day(6, 16))
    # June, July and August were 90.00: half of June stays.
    assert [amount for *_, amount in changes(subscription)] == [Decimal("-15.00"), Decimal("-30.00"), Decimal("-30.00")]
    assert charged(subscription) == Decimal("15.00")
    assert bill(subscription, day(9, 2)) == []
    check_all()


def test_an_item_that_is_removed_gives_back_on_the_next_invoice():
    subscription = agree(FEE, metered(unit("1")))
    bill(subscription, day(6, 1))
    edit_subscription(subscription_id=subscription.pk, operations=[RemoveItem("default", "fee")], at=day(6, 16))
    assert bill(subscription, day(6, 16)) == []
    bill(subscription, day(7, 2))
    line = InvoiceLine.objects.get(cause="change")
    assert (line.amount, line.invoice.billed_at) == (Decimal("-15.00"), day(7, 1))
    check_all()
