"""Any line can be computed again, to the digit, from raw events."""

from decimal import Decimal

import pytest
from pgtrigger import ignore

from invoicing.models import DetailedLine, InvoiceLine
from invoicing.queries import recompute_line
from invoicing.services.billing_run import run_billing
from metering.models import Bucket
from metering.services.rollups import advance_rollups
from tests import factories
from tests.invoicing.contracts import day, subscribe, use

pytestmark = pytest.mark.django_db


@pytest.fixture
def subscription():
    subscription = subscribe()
    for hour, tokens in enumerate(["150.125", "0.25", "7"]):
        use(subscription.customer, tokens, day(1, 10, hour=hour))
    while advance_rollups():
        pass
    run_billing(now=day(2, 2))
    return subscription


def usage_line():
    return InvoiceLine.objects.get(type="usage_based")


def test_every_line_comes_out_the_same(subscription):
    assert [recompute_line(line).differences for line in InvoiceLine.objects.all()] == [(), (), ()]


def test_it_gives_the_quantity_the_amount_and_the_steps(subscription):
    again = recompute_line(usage_line())
    # 150.125 + 0.25 + 7 = 157.375; 100 x 0.10 + 57.375 x 0.05, where the second part is 2.86875, rounded 2.87
    assert (again.quantity, again.amount, again.matches) == (Decimal("157.375"), Decimal("12.87"), True)
    assert [step.rounded for step in again.steps] == [Decimal("10.00"), Decimal("2.87")]


def test_it_holds_when_events_come_late(subscription):
    use(subscription.customer, 1000, day(1, 10))
    assert recompute_line(usage_line()).matches


def test_it_holds_when_another_subject_joins_the_customer_later(subscription):
    factories.EventFactory(subject="joined", time=day(1, 10), data={"tokens": 1000, "model": "large"})
    subject = factories.SubjectFactory(key="joined")
    factories.SubjectLinkFactory(subject=subject, customer=subscription.customer)
    assert recompute_line(usage_line()).matches


def test_it_reads_raw_events_and_not_the_buckets(subscription):
    assert Bucket.objects.exists()
    Bucket.objects.update(sum=0)
    assert recompute_line(usage_line()).quantity == Decimal("157.375")


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"quantity": Decimal("157.6")}, "The quantity is 157.375, not 157.6."),
        ({"amount": Decimal("12.88")}, "The amount is 12.87, not 12.88."),
        ({"trace": []}, "The steps of the price read differently."),
    ],
)
def test_it_names_what_is_not_the_same(subscription, change, difference):
    with ignore("invoicing.InvoiceLine:line_is_frozen_with_its_invoice"):
        InvoiceLine.objects.filter(type="usage_based").update(**change)
    again = recompute_line(usage_line())
    assert (again.differences, again.matches) == ((difference,), False)


def test_it_names_a_part_that_is_not_the_same(subscription):
    with ignore("invoicing.DetailedLine:detailed_line_is_frozen_with_its_invoice"):
        DetailedLine.objects.filter(key="tier_2_usage").update(amount=Decimal("2.88"))
    (difference,) = recompute_line(usage_line()).differences
    assert difference == (
        "The parts are Tokens: usage price for tier 1 100 x 0.10 = 10.00, "
        "Tokens: usage price for tier 2 57.375 x 0.05 = 2.87, "
        "not Tokens: usage price for tier 1 100 x 0.10 = 10.00, "
        "Tokens: usage price for tier 2 57.375 x 0.05 = 2.88."
    )


def test_a_line_that_bills_a_change_continues_the_tiers(subscription):
    first = usage_line()
    late = {**first.now, "quantity": "177.375", "bound": first.now["bound"] + 1}
    use(subscription.customer, 20, day(1, 12))
    line = factories.InvoiceLineFactory(
        subscription_item=first.subscription_item,
        invoice__customer=subscription.customer,
        invoice__billed_at=day(3, 1),
        sequence=1,
        price=first.price,
        feature=first.feature,
        meter_version=first.meter_version,
        before=first.now,
        now=late,
        quantity=Decimal(20),
    )
    again = recompute_line(line)
    # Price of 177.375 less price of 157.375: 77.375 x 0.05 = 3.86875, rounded 3.87, less 2.87
    assert (again.quantity, again.amount) == (Decimal(20), Decimal("1.00"))
