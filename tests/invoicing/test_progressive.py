"""Usage is billed before its period ends when it passes a spend threshold, and the end bills the rest."""

from decimal import Decimal

import pytest

from invoicing.models import BillingProfile, Invoice, InvoiceType, ParkedCustomer
from invoicing.services.billing_run import run_billing
from metering.models import TestClock
from tests.invoicing.agreements import agree, amounts, bill, change, check_all, fee, metered, tiers, total, unit
from tests.invoicing.contracts import day, use

pytestmark = pytest.mark.django_db


def thresholds(*fixed, recurring=None, currency="USD"):
    entry = {"amounts": [str(one) for one in fixed], **({"recurring": str(recurring)} if recurring else {})}
    BillingProfile.objects.update(spend_thresholds={currency: entry})


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


@pytest.mark.parametrize(
    "price",
    [
        unit("0.10"),
        tiers(("100", "1.00"), (None, "0.50")),
        tiers(("50", "1.00"), (None, "0.30"), mode="volume"),
        {"type": "package", "amount": "5.00", "quantityPerPackage": "70"},
        unit("0.10", minimumAmount="40"),
        unit("1.00", maximumAmount="90"),
    ],
)
def test_the_parts_and_the_rest_sum_to_the_price_of_the_whole_period(price):
    thresholds(10, 25, recurring=20)
    in_parts, at_once = agree(metered(price)), agree(metered(price))
    for used, when in ((30, 2), (45, 6), (0.5, 9), (80, 15), (1, 28)):
        for subscription in (in_parts, at_once):
            use(subscription.customer, str(used), day(6, when))
        # Late by a day.
        use(in_parts.customer, 2, day(6, when - 1))
        use(at_once.customer, 2, day(6, when - 1))
        billed = bill(in_parts, day(6, when + 1))
        assert all(amount >= 0 for amount in amounts(billed))
    bill(in_parts, day(7, 2))
    whole = bill(at_once, day(7, 2))
    billed = in_parts.customer.invoices.values_list("total", flat=True)
    assert sum(billed) == total(whole)
    check_all()


@pytest.mark.parametrize(
    ("price", "threshold", "used", "billed"),
    [
        # 12.00 at once, and at the end what is missing to 20.00
        (unit("1", minimumAmount="20"), 10, 12, ["12.00", "8.00"]),
        # Of 90.00 at most 60.00: 55.00 at once, and at the end 35.00 less 30.00
        (unit("1", maximumAmount="60"), 50, 55, ["55.00", "5.00"]),
    ],
)
def test_commitments_hold_once_over_all_invoices_of_a_period(price, threshold, used, billed):
    thresholds(threshold)
    subscription = agree(metered(price))
    use(subscription.customer, used, day(6, 3))
    first = bill(subscription, day(6, 4))
    if "maximumAmount" in price:
        use(subscription.customer, 35, day(6, 20))
    assert [str(amount) for amount in amounts(first + bill(subscription, day(7, 2)))] == billed
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
