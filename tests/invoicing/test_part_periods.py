"""Parts of periods: OpenMeter's worked examples and those of the acceptance cases, through the billing run."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from pricing.services.plan_inputs import PhaseInput
from pricing.services.subscriptions.edit import AddRateCard, edit_subscription
from pricing.services.subscriptions.end import cancel_subscription
from tests.invoicing.agreements import agree, amounts, bill, change, check_all, fee, new_customer
from tests.invoicing.contracts import day

pytestmark = pytest.mark.django_db


def end(subscription, at, active_to):
    cancel_subscription(subscription_id=subscription.pk, at=at, active_to=active_to)


def test_a_fee_in_advance_that_is_replaced_a_day_later_bills_both_shares():
    subscription = agree(fee("6.00"), at=day(1, 1))
    operations = [AddRateCard("default", fee("10.00"))]
    edit_subscription(subscription_id=subscription.pk, operations=operations, at=day(1, 2))
    # 6 x 1/31 = 0.1935...; 10 x 30/31 = 9.677...
    assert bill(subscription, day(1, 3)) == [
        ("Base fee", "01-01", "01-02", Decimal("0.19")),
        ("Base fee", "01-02", "02-01", Decimal("9.68")),
    ]
    check_all()


def test_phases_cut_the_periods_of_billing_and_the_fees_with_them():
    trial = PhaseInput([fee("5.00")], key="trial", name="Trial", duration="P14D")
    subscription = agree(phases=[trial, PhaseInput([fee("5.00")])], at=day(1, 1))
    # 5 x 14/31 = 2.258...; 5 x 17/31 = 2.741...
    assert bill(subscription, day(2, 1)) == [
        ("Base fee", "01-01", "01-15", Decimal("2.26")),
        ("Base fee", "01-15", "02-01", Decimal("2.74")),
        ("Base fee", "02-01", "03-01", Decimal("5.00")),
    ]
    check_all()


def test_a_start_within_the_period_bears_the_rest_by_the_second():
    start = datetime(2026, 1, 21, 21, 55, 18, tzinfo=UTC)
    subscription = agree(fee("20.00"), at=start, billing_anchor=day(1, 1), customer=new_customer(start))
    end(subscription, start, day(2, 1))
    # 10 days 2:04:42 = 871,482 s; 20 x 871,482 / 2,678,400 = 6.507...
    assert amounts(bill(subscription, day(2, 1))) == [Decimal("6.51")]
    assert bill(subscription, day(3, 1)) == []
    check_all()


def test_a_quarter_in_arrears_that_ends_after_a_month_bears_its_days():
    start, ended = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC)
    quarterly = fee("9.00", cadence="P3M", term="in_arrears")
    subscription = agree(quarterly, at=start, customer=new_customer(start))
    end(subscription, start, ended)
    # 9 x 31/91 = 3.065...
    assert amounts(bill(subscription, ended)) == [Decimal("3.07")]
    check_all()


def test_days_in_arrears_are_billed_with_their_month():
    subscription = agree(fee("5.00", cadence="P1D", term="in_arrears"), at=day(1, 1))
    assert bill(subscription, day(1, 31)) == []
    lines = bill(subscription, day(2, 1))
    assert amounts(lines) == [Decimal("5.00")] * 31
    assert (lines[0][1:3], lines[-1][1:3]) == (("01-01", "01-02"), ("01-31", "02-01"))
    assert subscription.customer.invoices.count() == 1
    check_all()


def test_an_upgrade_within_the_period_bills_the_rest_of_it_at_the_new_fee():
    subscription = agree(fee("30.00"))
    assert amounts(bill(subscription, day(6, 1))) == [Decimal("30.00")]
    change(subscription, fee("90.00"), at=day(6, 16))
    # 90 x 15/30, 30 x 15/30 given back, and the new plan's fee for July.
    assert amounts(bill(subscription, day(7, 1))) == [Decimal("45.00"), Decimal("-15.00"), Decimal("90.00")]
    check_all()


def test_an_end_at_midnight_bills_the_days_before_it():
    subscription = agree(fee("30.00", term="in_arrears"))
    end(subscription, day(6, 10), day(6, 17))
    # 30 x 16/30
    assert bill(subscription, day(6, 17)) == [("Base fee", "06-01", "06-17", Decimal("16.00"))]
    check_all()


def test_the_day_of_the_anchor_comes_back_after_short_months():
    subscription = agree(fee("30.00"), at=day(1, 31))
    periods = [line[1:3] for line in bill(subscription, day(4, 30))]
    assert periods == [("01-31", "02-28"), ("02-28", "03-31"), ("03-31", "04-30"), ("04-30", "05-31")]


@pytest.mark.parametrize(
    ("start", "amount"),
    [
        # 30 x 10/28, 10/30 and 10/31
        (day(2, 19), "10.71"),
        (day(4, 21), "10.00"),
        (day(1, 22), "9.68"),
    ],
)
def test_ten_days_cost_their_share_of_the_month_they_are_in(start, amount):
    subscription = agree(fee("30.00"), at=start, billing_anchor=day(1, 1), customer=new_customer(start))
    assert amounts(bill(subscription, start)) == [Decimal(amount)]


def test_without_proration_a_part_of_a_period_costs_all_of_it():
    start = day(6, 16)
    subscription = agree(fee("30.00"), at=start, billing_anchor=day(6, 1), is_prorating=False)
    assert amounts(bill(subscription, start)) == [Decimal("30.00")]
    check_all()


def test_a_one_time_fee_is_billed_once_and_never_as_a_share():
    setup = fee("99.00", cadence=None, key="setup")
    later = fee("7.00", cadence=None, key="closing", term="in_arrears")
    subscription = agree(setup, later, at=day(6, 16), billing_anchor=day(6, 1))
    assert bill(subscription, day(6, 16)) == [("Base fee", "06-16", "07-01", Decimal("99.00"))]
    assert bill(subscription, day(9, 1)) == [("Base fee", "06-16", "07-01", Decimal("7.00"))]
    check_all()
