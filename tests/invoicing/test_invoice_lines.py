"""A line says what it was computed from, and adds up."""

from decimal import Decimal

import pytest

from invoicing.models import Invoice
from invoicing.services.billing_run import run_billing
from metering.models import Batch
from tests import factories
from tests.invoicing.contracts import TOKENS, day, subscribe, use

pytestmark = pytest.mark.django_db


def bill(subscription, at):
    run_billing(now=at)
    return Invoice.objects.filter(customer=subscription.customer).order_by("-billed_at").first()


def test_it_stores_what_the_usage_was_read_from():
    subscription = subscribe()
    key = subscription.customer.key
    use(subscription.customer, "150.5", day(1, 10))
    bound = Batch.objects.latest("pk").pk
    line = bill(subscription, day(2, 2)).lines.get(type="usage_based")
    assert line.before is None
    assert line.now == {
        "from": "2026-01-01T00:00:00+00:00",
        "to": "2026-02-01T00:00:00+00:00",
        "whole_from": "2026-01-01T00:00:00+00:00",
        "whole_to": "2026-02-01T00:00:00+00:00",
        "part": "1",
        "bound": bound,
        "spans": [[key, None, None]],
        "quantity": "150.5",
    }
    assert (line.sequence, line.quantity, line.price) == (0, Decimal("150.5"), TOKENS)
    assert line.meter_version == line.feature.meter.versions.get()


def test_its_detailed_lines_add_up_to_it_and_lines_to_the_total():
    subscription = subscribe()
    use(subscription.customer, "150.5", day(1, 10))
    invoice = bill(subscription, day(2, 2))
    fee, tokens = invoice.lines.order_by("position")
    parts = tokens.detailed_lines.order_by("position").values_list("key", "quantity", "unit_amount", "amount")
    # 100 x 0.10 = 10.00; 50.5 x 0.05 = 2.525, rounded 2.53
    assert list(parts) == [
        ("tier_1_usage", Decimal(100), Decimal("0.10"), Decimal("10.00")),
        ("tier_2_usage", Decimal("50.5"), Decimal("0.05"), Decimal("2.53")),
    ]
    assert (fee.amount, tokens.amount, invoice.total) == (Decimal("20.00"), Decimal("12.53"), Decimal("32.53"))


def test_its_trace_says_the_sums():
    subscription = subscribe()
    use(subscription.customer, 150, day(1, 10))
    line = bill(subscription, day(2, 2)).lines.get(type="usage_based")
    assert [step["text"] for step in line.trace] == [
        "Tier 1: 100 units from 0 to 100 at 0.1 each = 10.00",
        "Tier 2: 50 units from 100 to 150 at 0.05 each = 2.50",
    ]


def test_the_fee_on_it_is_for_the_period_to_come():
    subscription = subscribe()
    invoice = bill(subscription, day(2, 2))
    fee, tokens = invoice.lines.order_by("position")
    assert (fee.period_start, fee.period_end) == (day(2, 1), day(3, 1))
    assert (tokens.period_start, tokens.period_end) == (day(1, 1), day(2, 1))
    assert (invoice.period_start, invoice.period_end) == (day(1, 1), day(3, 1))


def test_a_cut_period_bears_its_share_and_keeps_the_whole():
    subscription = subscribe(tokens=None, active_from=day(1, 17), billing_anchor=day(1, 1))
    line = bill(subscription, day(1, 17)).lines.get()
    # 20.00 x 15/31 = 9.677..., rounded 9.68
    assert line.amount == Decimal("9.68")
    assert (line.now["from"], line.now["whole_from"]) == ("2026-01-17T00:00:00+00:00", "2026-01-01T00:00:00+00:00")
    assert (line.now["bound"], line.now["spans"], line.meter_version) == (None, [], None)


def test_it_counts_only_while_a_subject_is_the_customers():
    subscription = subscribe(fee=None)
    subject = factories.SubjectFactory(key="shared")
    factories.SubjectLinkFactory(subject=subject, customer=subscription.customer, from_at=day(1, 10), to_at=day(1, 20))
    for at in (day(1, 9), day(1, 10), day(1, 19), day(1, 20)):
        factories.EventFactory(subject="shared", time=at, data={"tokens": 7, "model": "large"})
    line = bill(subscription, day(2, 2)).lines.get()
    # The events of the 10th and the 19th.
    assert line.quantity == 14


def test_it_takes_only_what_the_features_filter_lets_through():
    subscription = subscribe(fee=None)
    feature = subscription.items.get().feature
    feature.filters = {"model": {"$eq": "small"}}
    feature.save()
    use(subscription.customer, 100, day(1, 5))
    factories.EventFactory(subject=subscription.customer.key, time=day(1, 6), data={"tokens": 3, "model": "small"})
    line = bill(subscription, day(2, 2)).lines.get()
    assert (line.quantity, line.filters) == (3, {"model": {"$eq": "small"}})


def test_late_usage_changes_no_line_that_was_billed():
    subscription = subscribe()
    use(subscription.customer, 150, day(1, 10))
    invoice = bill(subscription, day(2, 2))
    use(subscription.customer, 1000, day(1, 11))
    run = run_billing(now=day(2, 3))
    assert run.invoices == 0
    assert Invoice.objects.get(pk=invoice.pk).total == Decimal("32.50")


def test_customers_of_one_feature_are_each_billed_what_they_used():
    feature = factories.FeatureFactory()
    subscriptions = [subscribe(fee=None, feature=feature) for _ in range(3)]
    for tokens, subscription in zip((5, 7, 0), subscriptions, strict=True):
        use(subscription.customer, tokens, day(1, 5))
        use(subscription.customer, tokens, day(2, 5))
    run_billing(now=day(3, 2))
    quantities = [
        [invoice.lines.get().quantity for invoice in subscription.customer.invoices.order_by("billed_at")]
        for subscription in subscriptions
    ]
    assert quantities == [[5, 5], [7, 7], [0, 0]]


def test_a_subject_that_changed_hands_counts_for_each_owner_in_their_time():
    feature = factories.FeatureFactory()
    before, after = (subscribe(fee=None, feature=feature) for _ in range(2))
    subject = factories.SubjectFactory(key="moved")
    factories.SubjectLinkFactory(subject=subject, customer=before.customer, to_at=day(1, 10))
    factories.SubjectLinkFactory(subject=subject, customer=after.customer, from_at=day(1, 10))
    for tokens, at in ((1, day(1, 9)), (20, day(1, 10)), (300, day(1, 11))):
        factories.EventFactory(subject="moved", time=at, data={"tokens": tokens, "model": "large"})
    use(before.customer, 4000, day(1, 20))
    run_billing(now=day(2, 2))
    lines = [subscription.customer.invoices.get().lines.get() for subscription in (before, after)]
    assert [line.quantity for line in lines] == [4001, 320]
