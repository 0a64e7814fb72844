"""Usage that was billed under an earlier item fills the tiers of the next one, unless the contract says otherwise."""

from decimal import Decimal

import pytest

from invoicing.models import InvoiceLine
from metering.models import Aggregation
from pricing.services.plan_inputs import PhaseInput
from pricing.services.subscriptions.edit import AddRateCard, RemoveItem, edit_subscription
from pricing.services.subscriptions.end import cancel_subscription
from tests import factories
from tests.invoicing.agreements import (
    agree,
    amounts,
    bill,
    change,
    check_all,
    metered,
    new_customer,
    parts,
    tiers,
    total,
    unit,
)
from tests.invoicing.contracts import day, use

pytestmark = pytest.mark.django_db
# The first 100 at 1.00, the rest at 0.50.
TIERED = tiers(("100", "1.00"), (None, "0.50"))


@pytest.fixture
def feature():
    return factories.FeatureFactory()


def edit(subscription, card, at):
    edit_subscription(subscription_id=subscription.pk, operations=[AddRateCard("default", card)], at=at)


def test_a_price_that_changes_within_the_period_bills_both_parts_each_at_its_price(feature):
    subscription = agree(metered(unit("0.10"), feature=feature))
    use(subscription.customer, 100, day(6, 10))
    edit(subscription, metered(unit("0.30"), feature=feature), day(6, 16))
    use(subscription.customer, 50, day(6, 20))
    # 100 x 0.10; 50 x 0.30
    assert bill(subscription, day(7, 2)) == [
        ("Tokens", "06-01", "06-16", Decimal("10.00")),
        ("Tokens", "06-16", "07-01", Decimal("15.00")),
    ]
    check_all()


@pytest.mark.parametrize("carries", [True, False])
def test_the_tiers_go_on_within_a_subscription_whatever_it_says_of_the_one_before(feature, carries):
    subscription = agree(metered(TIERED, feature=feature), carries_usage=carries)
    use(subscription.customer, 80, day(6, 10))
    edit(subscription, metered({**TIERED, "minimumAmount": "0"}, feature=feature), day(6, 16))
    use(subscription.customer, 50, day(6, 20))
    # 80 were used before: 20 are left of the first tier, so 20 x 1.00 + 30 x 0.50
    assert amounts(bill(subscription, day(7, 2))) == [Decimal("80.00"), Decimal("35.00")]
    line = InvoiceLine.objects.get(period_start=day(6, 16))
    assert line.quantity == 50
    assert "carried" in line.now
    check_all()


def test_the_tiers_begin_again_with_the_next_period(feature):
    subscription = agree(metered(TIERED, feature=feature))
    use(subscription.customer, 80, day(6, 10))
    edit(subscription, metered(unit("2.00"), feature=feature), day(6, 16))
    bill(subscription, day(7, 2))
    edit(subscription, metered(TIERED, feature=feature), day(7, 10))
    use(subscription.customer, 10, day(7, 5))
    use(subscription.customer, 100, day(7, 20))
    # 10 x 2.00; then 90 x 1.00 + 10 x 0.50, and in August 100 x 1.00
    use(subscription.customer, 100, day(8, 20))
    assert amounts(bill(subscription, day(9, 2))) == [Decimal("20.00"), Decimal("95.00"), Decimal("100.00")]
    check_all()


def test_splits_by_changes_of_plan_sum_to_the_price_of_the_whole(feature):
    first = agree(metered(TIERED, feature=feature))
    use(first.customer, 60, day(6, 3))
    second = change(first, metered(TIERED, feature=feature), at=day(6, 10))
    use(first.customer, 80, day(6, 12))
    change(second, metered(TIERED, feature=feature), at=day(6, 20))
    use(first.customer, 10, day(6, 22))
    lines = bill(first, day(7, 2))
    # 60 x 1.00; 40 x 1.00 + 40 x 0.50; 10 x 0.50: as 150 at once, 100 x 1.00 + 50 x 0.50
    assert amounts(lines) == [Decimal("60.00"), Decimal("60.00"), Decimal("5.00")]
    assert total(lines) == Decimal("125.00")
    check_all()


def test_without_carrying_the_next_units_cost_what_the_first_did(feature):
    first = agree(metered(TIERED, feature=feature))
    use(first.customer, 60, day(6, 3))
    change(first, metered(TIERED, feature=feature), at=day(6, 10), carries_usage=False)
    use(first.customer, 60, day(6, 12))
    assert amounts(bill(first, day(7, 2))) == [Decimal("60.00"), Decimal("60.00")]
    check_all()


def test_without_carrying_an_edit_after_the_change_of_plan_goes_on_in_the_tiers_begun_with_it(feature):
    first = agree(metered(TIERED, feature=feature))
    use(first.customer, 60, day(6, 3))
    second = change(first, metered(TIERED, feature=feature), at=day(6, 10), carries_usage=False)
    use(first.customer, 60, day(6, 12))
    edit(second, metered({**TIERED, "minimumAmount": "0"}, feature=feature), day(6, 16))
    use(first.customer, 60, day(6, 20))
    # 60 x 1.00; begun again 60 x 1.00; 40 x 1.00 + 20 x 0.50
    assert amounts(bill(first, day(7, 2))) == [Decimal("60.00"), Decimal("60.00"), Decimal("50.00")]
    check_all()


@pytest.mark.parametrize("used_before", [0, 1])
def test_the_flat_fee_of_the_first_tier_is_charged_once_even_if_nothing_was_used_before(feature, used_before):
    price = {
        "type": "tiered",
        "mode": "graduated",
        "tiers": [{"flatPrice": {"type": "flat", "amount": "10.00"}}],
    }
    subscription = agree(metered(price, feature=feature))
    if used_before:
        use(subscription.customer, used_before, day(6, 10))
    edit(subscription, metered({**price, "minimumAmount": "0"}, feature=feature), day(6, 16))
    assert amounts(bill(subscription, day(7, 2))) == [Decimal("10.00"), Decimal("0.00")]
    check_all()


@pytest.mark.parametrize(
    ("aggregation", "after", "amount"),
    [
        # 30 of 40 free units were used, so 10 are left of the 25 that come later.
        (Aggregation.SUM, 25, "15.00"),
        # The peak rises from 30 to 45; 10 of these 15 are free.
        (Aggregation.MAX, 45, "5.00"),
    ],
)
def test_leaving_and_coming_back_does_not_refresh_free_units(aggregation, after, amount):
    meter = factories.MeterFactory(aggregation=aggregation)
    feature = factories.FeatureFactory(version=factories.MeterVersionFactory(meter=meter))
    card = metered(unit("1.00"), feature=feature, discounts={"usage": {"quantity": "40"}})
    customer = new_customer()
    left = agree(card, customer=customer)
    use(customer, 30, day(6, 3))
    cancel_subscription(subscription_id=left.pk, at=day(6, 5), active_to=day(6, 10))
    # Nobody's: there is no contract.
    use(customer, 1000, day(6, 12))
    back = agree(card, customer=customer, at=day(6, 15))
    use(customer, after, day(6, 20))
    assert amounts(bill(back, day(7, 20))) == [Decimal("0.00"), Decimal(amount)]
    line = InvoiceLine.objects.get(subscription_item__subscription=back)
    assert line.usage_discount == 10
    assert line.now["carried"]["stretches"] == [["2026-06-01T00:00:00+00:00", "2026-06-10T00:00:00+00:00"]]
    check_all()


def test_what_comes_late_under_the_first_part_counts_in_the_second_that_is_billed_later(feature):
    first = agree(metered(TIERED, feature=feature))
    use(first.customer, 60, day(6, 3))
    change(first, metered(TIERED, feature=feature), at=day(6, 10))
    bill(first, day(6, 11))
    use(first.customer, 40, day(6, 4))
    use(first.customer, 10, day(6, 20))
    # The first tier is full, whoever pays for the late ones: 10 x 0.50, and 40 x 1.00 on the line that they were of.
    assert amounts(bill(first, day(7, 2))) == [Decimal("5.00"), Decimal("40.00")]
    check_all()


@pytest.mark.parametrize("price", [None, unit("0")])
def test_a_trial_that_charges_nothing_carries_nothing(feature, price):
    free = PhaseInput([metered(price, feature=feature)], key="trial", name="Trial", duration="P14D")
    subscription = agree(phases=[free, PhaseInput([metered(TIERED, feature=feature)])])
    use(subscription.customer, 500, day(6, 3))
    use(subscription.customer, 10, day(6, 20))
    assert bill(subscription, day(7, 2))[-1:] == [("Tokens", "06-15", "07-01", Decimal("10.00"))]
    check_all()


def test_an_item_that_is_removed_and_added_again_goes_on_in_its_tiers(feature):
    subscription = agree(metered(TIERED, feature=feature), metered(unit("0")))
    use(subscription.customer, 90, day(6, 3))
    operations = [RemoveItem("default", feature.key)]
    edit_subscription(subscription_id=subscription.pk, operations=operations, at=day(6, 5))
    edit(subscription, metered(TIERED, feature=feature), day(6, 20))
    use(subscription.customer, 20, day(6, 25))
    bill(subscription, day(7, 2))
    line = InvoiceLine.objects.get(feature=feature, period_start=day(6, 20))
    # 10 x 1.00 + 10 x 0.50
    assert parts(line) == [("tier_1_usage", 10, Decimal("10.00"), ""), ("tier_2_usage", 10, Decimal("5.00"), "")]
    check_all()
