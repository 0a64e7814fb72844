"""What is billed before a period ends and the rest sum to the price of the whole, whatever the price."""

from decimal import Decimal

import pytest

from tests import factories
from tests.invoicing.agreements import agree, amounts, bill, check_all, metered, thresholds, tiers, total, unit
from tests.invoicing.contracts import day, use

pytestmark = pytest.mark.django_db


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


@pytest.mark.parametrize(("aggregation", "whole"), [("MAX", "7.00"), ("UNIQUE_COUNT", "3.00")])
def test_what_does_not_add_up_is_billed_by_what_it_grew(aggregation, whole):
    thresholds(1, recurring=1)
    meter = factories.MeterFactory(aggregation=aggregation)
    feature = factories.FeatureFactory(version=factories.MeterVersionFactory(meter=meter))
    subscription = agree(metered(unit("1"), feature=feature))
    billed = []
    for when, value in ((2, 3), (5, 1), (9, 3), (12, 7)):
        use(subscription.customer, value, day(6, when))
        billed += amounts(bill(subscription, day(6, when + 1)))
    billed += amounts(bill(subscription, day(7, 2)))
    assert all(amount >= 0 for amount in billed)
    assert sum(billed) == Decimal(whole)
    check_all()
