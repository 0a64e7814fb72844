"""Usage is billed before its period ends when it passes a spend threshold, and the end bills the rest."""

from decimal import Decimal

import pytest

from invoicing.models import BillingProfile, Invoice, InvoiceType, ParkedCustomer
from invoicing.services.billing_run import run_billing
from metering.models import TestClock
from tests.invoicing.agreements import (
    agree,
    amounts,
    bill,
    change,
    check_all,
    fee,
    metered,
    thresholds,
    tiers,
    total,
    unit,
)
from tests.invoicing.contracts import day, use

pytestmark = pytest.mark.django_db


def documents(subscription):
    invoices = Invoice.objects.filter(customer=subscription.customer).order_by("billed_at", "pk")
    return [(invoice.type, invoice.total, invoice.spend_threshold) for invoice in invoices]


def test_usage_that_passes_thresholds_is_billed_less_what_was_billed():
    thresholds(10, 50)
    subscription = agree(metered(unit("1")))
    use(subscription.customer, 9, day(6, 2))
    assert bill(subscription, day(6, 3)) == []
    use(subscription.customer, 3, day(6, 4))
    assert amounts(bill(subscription, day(6, 5))) == [Decimal("12.00")]
    use(subscription.customer, 43, day(6, 10))
    assert amounts(bill(subscription, day(6, 11))) == [Decimal("43.00")]
    assert bill(subscription, day(6, 12)) == []
    use(subscription.customer, 15, day(6, 20))
    assert bill(subscription, day(6, 21)) == []
    # 70.00 - 55.00
    assert bill(subscription, day(7, 2)) == [("Tokens", "06-01", "07-01", Decimal("15.00"))]
    assert documents(subscription) == [
        ("standard", Decimal("12.00"), Decimal(10)),
        ("standard", Decimal("43.00"), Decimal(50)),
        ("standard", Decimal("15.00"), None),
    ]
    check_all()


def test_a_total_below_what_was_billed_gives_the_difference_back():
    thresholds(10, 50)
    subscription = agree(metered(unit("1")))
    use(subscription.customer, 55, day(6, 4))
    assert amounts(bill(subscription, day(6, 5))) == [Decimal("55.00")]
    use(subscription.customer, "-7", day(6, 20))
    # 48 - 55
    assert amounts(bill(subscription, day(7, 2))) == [Decimal("-7.00")]
    assert documents(subscription)[1:] == [("credit_note", Decimal("-7.00"), None)]
    note = Invoice.objects.get(type=InvoiceType.CREDIT_NOTE)
    assert (note.number, note.corrects) == ("CN-000001", None)
    check_all()


def test_tiers_go_on_over_thresholds():
    thresholds(60, recurring=60)
    subscription = agree(metered(tiers(("100", "1.00"), (None, "0.50"))))
    billed = []
    for used, when in ((60, 3), (79, 8), (1, 9), (10, 20)):
        use(subscription.customer, used, day(6, when))
        billed += amounts(bill(subscription, day(6, when + 1)))
    billed += amounts(bill(subscription, day(7, 2)))
    # 60 x 1.00; 40 x 1.00 + 40 x 0.50; 10 x 0.50; together 125.00 for 150 units
    assert billed == [Decimal("60.00"), Decimal("60.00"), Decimal("5.00")]
    check_all()


def test_tiers_begin_again_where_the_anchor_is_reset():
    card = metered(tiers(("100", "1.00"), (None, "0.50")))
    first = agree(card)
    use(first.customer, 60, day(6, 3))
    again = change(first, card, at=day(6, 4), carries_usage=False)
    use(first.customer, 60, day(6, 5))
    # 60 x 1.00 twice
    assert amounts(bill(again, day(7, 5))) == [Decimal("60.00"), Decimal("60.00")]


def test_what_was_used_is_billed_and_not_the_threshold():
    thresholds(60)
    subscription = agree(fee("500.00", term="in_arrears"), metered(unit("1")))
    use(subscription.customer, 63, day(6, 3))
    # The fee counts neither towards the threshold nor on the invoice.
    assert bill(subscription, day(6, 4)) == [("Tokens", "06-01", "06-04", Decimal("63.00"))]
    check_all()


def test_a_threshold_bill_above_the_largest_total_is_parked():
    thresholds(10)
    BillingProfile.objects.update(largest_total=Decimal(100))
    subscription = agree(metered(unit("1")))
    use(subscription.customer, 101, day(6, 3))
    run = run_billing(now=day(6, 4), customer_ids=[subscription.customer_id])
    assert run.failures == []
    TestClock.objects.update(now_at=day(6, 4))
    run = run_billing(now=day(6, 4), customer_ids=[subscription.customer_id])
    assert [failure["is_unexpected"] for failure in run.failures] == [False]
    assert not Invoice.objects.exists()
    assert ParkedCustomer.objects.get().code == "invoice_out_of_bounds"


def test_the_billing_period_counts_where_it_holds_several_service_periods():
    thresholds(10, 50)
    subscription = agree(metered(unit("1"), billing_cadence="P1M"), billing_cadence="P3M")
    billed = []
    for used, month, when in ((12, 6, 10), (8, 7, 5), (35, 7, 10), (9, 7, 20), (1, 8, 5)):
        use(subscription.customer, used, day(month, when))
        billed.append(total(bill(subscription, day(month, when + 1))))
    # 12; 20 in all passes nothing; 55 passes 50; 64 and 65 pass nothing.
    assert billed == [Decimal("12.00"), Decimal(0), Decimal("43.00"), Decimal(0), Decimal(0)]
    # 65 - 55
    assert total(bill(subscription, day(9, 2))) == Decimal("10.00")
    check_all()
