"""Every kind of price through the billing run: what it bills, in which parts, and that it computes again."""

from decimal import Decimal

import pytest

from invoicing.models import InvoiceLine
from metering.services.rollups import advance_rollups
from tests import factories
from tests.invoicing.agreements import (
    agree,
    amounts,
    bill,
    change,
    check_all,
    fee,
    metered,
    new_customer,
    parts,
    tiers,
    unit,
)
from tests.invoicing.contracts import day, use

pytestmark = pytest.mark.django_db
MATRIX = {
    "type": "matrix",
    "dimensions": ["region", "tier"],
    "cells": [
        {"match": {"region": "eu"}, "price": unit("0.20")},
        {"match": {"region": "eu", "tier": "gold"}, "price": unit("0.10")},
    ],
    "default": unit("0.05"),
}


def bill_june(price, quantity, **kwargs):
    subscription = agree(metered(price, **kwargs))
    if quantity:
        use(subscription.customer, quantity, day(6, 10))
    bill(subscription, day(7, 2))
    return InvoiceLine.objects.get()


@pytest.mark.parametrize(
    ("price", "quantity", "amount"),
    [
        # 1,000 x 0.05
        (unit("0.05"), "1000", "50.00"),
        # Packages of 100 that are begun: two.
        ({"type": "package", "amount": "5.00", "quantityPerPackage": "100"}, "101", "10.00"),
        # All 112 at 0.80, and 10.00 for being above 100.
        (
            {
                **tiers(("100", "1.00"), mode="volume"),
                "tiers": [
                    {"upToAmount": "100", "unitPrice": {"type": "unit", "amount": "1.00"}},
                    {
                        "unitPrice": {"type": "unit", "amount": "0.80"},
                        "flatPrice": {"type": "flat", "amount": "10.00"},
                    },
                ],
            },
            "112",
            "99.60",
        ),
        # 345 cents x 0.01
        ({"type": "dynamic", "multiplier": "0.01"}, "345", "3.45"),
        # 5 x 5 + 5 x 4 + 10 x 3
        (tiers(("5", "5"), ("10", "4"), (None, "3")), "20", "75.00"),
        (unit("0.05"), None, "0.00"),
    ],
)
def test_each_bills_what_it_says(price, quantity, amount):
    assert bill_june(price, quantity).amount == Decimal(amount)
    check_all()


def test_a_discount_and_a_maximum_are_parts_of_their_own():
    price = unit("10", maximumAmount="65")
    line = bill_june(price, 20, discounts={"percentage": {"percentage": 50}, "usage": {"quantity": "2"}})
    # 18 x 10.00, less 50 % of it, less what is above 65.00
    assert parts(line) == [
        ("usage", 18, Decimal("180.00"), ""),
        ("usage.percentage", 1, Decimal("-90.00"), "usage"),
        ("usage.maximum_spend", 1, Decimal("-25.00"), "usage"),
    ]
    assert (line.amount, line.quantity, line.usage_discount) == (Decimal("65.00"), 20, 2)
    check_all()


def test_a_minimum_is_a_part_of_its_own():
    line = bill_june(unit("1", minimumAmount="100"), "37.25")
    # 37.25, and 62.75 up to 100.00
    assert parts(line)[1:] == [("minimum_spend", 1, Decimal("62.75"), "")]
    assert line.detailed_lines.get(key="minimum_spend").category == "commitment"
    assert line.amount == Decimal("100.00")
    check_all()


@pytest.mark.parametrize(("prorates", "part"), [(True, "13.33"), (False, "80.00")])
def test_a_minimum_is_scaled_to_a_part_of_the_period_where_the_card_says_so(prorates, part):
    card = metered(unit("1", minimumAmount="100"), prorate_commitments=prorates)
    subscription = agree(card, at=day(6, 21), billing_anchor=day(6, 1))
    use(subscription.customer, 20, day(6, 25))
    bill(subscription, day(7, 2))
    # 100.00 x 10/30 = 33.33, less 20.00
    assert parts(InvoiceLine.objects.get())[1:] == [("minimum_spend", 1, Decimal(part), "")]
    check_all()


def test_units_are_converted_before_they_are_priced():
    config = {"operation": "divide", "conversionFactor": "1000", "rounding": "ceiling"}
    line = bill_june(unit("10"), 1400, unit_config=config)
    # 1.4 thousand, rounded up: 2 x 10.00
    assert (line.quantity, line.amount) == (1400, Decimal("20.00"))
    check_all()


@pytest.fixture
def regions():
    version = factories.MeterVersionFactory(group_by={"region": "$.region", "tier": "$.tier"})
    return factories.FeatureFactory(version=version)


def use_in(customer, tokens, region=None, tier=None, at=None):
    data = {"tokens": tokens, **({"region": region} if region else {}), **({"tier": tier} if tier else {})}
    factories.EventFactory(subject=customer.key, time=at or day(6, 10), data=data)


@pytest.mark.parametrize("is_rolled_up", [True, False])
def test_a_price_by_groups_bills_each_at_the_closest_match(regions, is_rolled_up):
    customers = [new_customer(), new_customer()]
    agreed = [agree(metered(MATRIX, feature=regions), customer=customer) for customer in customers]
    for customer in customers:
        use_in(customer, 100, "eu", "gold")
        use_in(customer, 10, "eu", "silver")
        use_in(customer, 3, "eu")
        use_in(customer, 20, "us", "gold")
        use_in(customer, 7)
    if is_rolled_up:
        while advance_rollups():
            pass
    for subscription in agreed:
        # eu without gold 13 x 0.20, eu and gold 100 x 0.10, all others 27 x 0.05
        assert amounts(bill(subscription, day(7, 2))) == [Decimal("13.95")]
    line = InvoiceLine.objects.first()
    assert (line.quantity, line.now["cells"]) == (140, [["cell_1", "13"], ["cell_2", "100"], ["default", "27"]])
    check_all()


def test_a_price_by_groups_carries_each_of_them_on(regions):
    tiered = {**MATRIX, "default": tiers(("10", "1.00"), (None, "0.10"))}
    first = agree(metered(tiered, feature=regions))
    use_in(first.customer, 8, "us", at=day(6, 3))
    change(first, metered(tiered, feature=regions), at=day(6, 15))
    use_in(first.customer, 4, "us", at=day(6, 20))
    use_in(first.customer, 5, "eu", at=day(6, 20))
    # 8 x 1.00; then 2 x 1.00 + 2 x 0.10 + 5 x 0.20
    assert amounts(bill(first, day(7, 2))) == [Decimal("8.00"), Decimal("3.20")]
    check_all()


def test_a_card_without_a_price_has_no_line():
    subscription = agree(fee("5.00"), metered(None))
    use(subscription.customer, 10, day(6, 10))
    assert [name for name, *_ in bill(subscription, day(7, 2))] == ["Base fee", "Base fee"]
    check_all()


def test_a_flat_price_of_a_feature_is_billed_whatever_was_used():
    flat = {"type": "flat", "amount": "9.00", "paymentTerm": "in_arrears"}
    subscription = agree(metered(flat))
    use(subscription.customer, 500, day(6, 10))
    assert bill(subscription, day(7, 2)) == [("Tokens", "06-01", "07-01", Decimal("9.00"))]
    check_all()
