"""What changes after it was billed goes to the next invoice, back at once as a credit note, or is written off."""

from decimal import Decimal

import pytest

from invoicing.models import Invoice, InvoiceLine
from metering.queries.event_filter import EventFilter
from metering.services.corrections import void_events
from pricing.services.subscriptions.end import cancel_subscription
from tests import factories
from tests.invoicing.agreements import agree, bill, change, check_all, fee, metered, tiers, unit
from tests.invoicing.changed import TIERED, billed_june, changes, charged, noted, route
from tests.invoicing.contracts import day, use

pytestmark = pytest.mark.django_db


def void_june(*, source="tests", **chosen):
    void_events(events=EventFilter(type="request", start=day(6, 1), end=day(7, 1), **chosen), reason="No", at=day(7, 3))


def test_what_is_less_is_given_back_at_once_and_what_is_more_waits_for_the_next_invoice():
    route("credit_note")
    subscription = billed_june()
    void_june()
    bill(subscription, day(7, 4))
    note = Invoice.objects.get(type="credit_note")
    assert (note.total, note.corrects.billed_at, note.number) == (Decimal("-95.00"), day(7, 1), "CN-000001")
    assert (bill(subscription, day(7, 5)), noted()) == ([], 0)
    use(subscription.customer, 10, day(6, 20))
    assert bill(subscription, day(7, 6)) == []
    assert noted() == 1
    bill(subscription, day(8, 2))
    assert changes(subscription) == [("credit_note", -95, Decimal("-95.00")), ("standard", 10, Decimal("10.00"))]
    assert (charged(subscription), noted()) == (Decimal("10.00"), 0)
    for line in InvoiceLine.objects.filter(cause="change"):
        assert line.corrects.sequence == line.sequence - 1


def test_usage_that_is_written_off_is_a_line_of_nothing_that_says_so():
    route("write_off")
    subscription = billed_june()
    use(subscription.customer, 25, day(6, 20))
    bill(subscription, day(8, 2))
    # 15.00 by T-71's sum, less 15.00.
    assert changes(subscription) == [("standard", 25, Decimal("0.00"))]
    parts = InvoiceLine.objects.get(cause="change").detailed_lines.order_by("position")
    assert [(part.category, part.amount) for part in parts] == [
        ("regular", Decimal("5.00")),
        ("regular", Decimal("10.00")),
        ("adjustment", Decimal("-15.00")),
    ]
    use(subscription.customer, 2, day(6, 21))
    bill(subscription, day(9, 2))
    assert changes(subscription)[1:] == [("standard", 2, Decimal("0.00"))]
    assert charged(subscription) == Decimal("95.00")
    check_all()


@pytest.mark.parametrize(
    ("policy", "total"), [("next_invoice", "15.00"), ("credit_note", "15.00"), ("write_off", "0.00")]
)
def test_after_the_last_period_it_gets_an_invoice_of_its_own(policy, total):
    route(policy)
    subscription = agree(metered(TIERED))
    use(subscription.customer, 95, day(6, 10))
    cancel_subscription(subscription_id=subscription.pk, at=day(6, 20), active_to=day(7, 1))
    bill(subscription, day(7, 2))
    use(subscription.customer, 25, day(6, 20))
    bill(subscription, day(7, 20))
    assert Invoice.objects.latest("pk").total == Decimal(total)
    assert changes(subscription) == [("standard", 25, Decimal(total))]
    assert (bill(subscription, day(7, 21)), noted()) == ([], 0)
    check_all()


def test_late_usage_of_one_item_moves_the_next_one_up_its_tiers():
    feature = factories.FeatureFactory()
    first = agree(metered(TIERED, feature=feature))
    use(first.customer, 60, day(6, 3))
    change(first, metered(TIERED, feature=feature), at=day(6, 16))
    use(first.customer, 40, day(6, 20))
    bill(first, day(7, 2))
    use(first.customer, 20, day(6, 4))
    bill(first, day(8, 2))
    # 80 x 1.00 = 80.00 in the first half, 60.00 billed; then 20 x 1.00 + 20 x 0.50 = 30.00, 40.00 billed.
    assert changes(first) == [("standard", 20, Decimal("20.00")), ("standard", 0, Decimal("-10.00"))]
    # As 120 at once: 100 x 1.00 + 20 x 0.50.
    assert charged(first) == Decimal("110.00")
    check_all()


@pytest.mark.parametrize("policy", ["next_invoice", "credit_note"])
def test_the_plans_minimum_follows_what_it_counted(policy):
    route(policy)
    subscription = agree(fee("20.00"), metered(unit("1")), minimum_amount=Decimal(100))
    use(subscription.customer, 50, day(6, 10))
    bill(subscription, day(7, 2))
    # 20.00 + 50.00 + 30.00 to the minimum; 25 come late: 25.00 more and 25.00 less to the minimum.
    use(subscription.customer, 25, day(6, 11))
    use(subscription.customer, 200, day(7, 11))
    bill(subscription, day(8, 2))
    assert [amount for *_, amount in changes(subscription)] == [Decimal("25.00"), Decimal("-25.00")]
    void_june()
    bill(subscription, day(8, 3))
    use(subscription.customer, 200, day(8, 11))
    bill(subscription, day(9, 2))
    # All 75.00 go; the minimum fills 100.00 - 20.00 = 80.00 up, of which 5.00 were billed.
    assert [amount for *_, amount in changes(subscription)][2:] == [Decimal("-75.00"), Decimal("75.00")]
    # June comes to the minimum, July and August to 220.00, and September's fee.
    assert charged(subscription) == Decimal("100.00") + 2 * Decimal("220.00") + Decimal("20.00")
    assert bill(subscription, day(9, 3)) == []


def test_a_volume_price_falls_for_all_units_when_late_ones_reach_its_next_tier():
    subscription = billed_june(price=tiers(("100", "1.00"), (None, "0.50"), mode="volume"))
    use(subscription.customer, 25, day(6, 20))
    use(subscription.customer, 90, day(7, 20))
    bill(subscription, day(8, 2))
    # 120 x 0.50 = 60.00, 95.00 were billed.
    assert changes(subscription) == [("standard", 25, Decimal("-35.00"))]
    check_all()
