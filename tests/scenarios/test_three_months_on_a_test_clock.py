"""A customer's first three months, moved along by an operator."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from invoicing.models import InvoiceLine
from invoicing.providers import SANDBOX_OUTCOME
from invoicing.queries import recompute_line, upcoming_invoice
from invoicing.services.billing_run import advance_to_period_end, run_billing
from invoicing.services.invoices import retry_invoice
from metering.services.clocks import create_test_clock
from metering.services.customers import change_customer
from metering.services.rollups import advance_rollups
from tests.scenarios.shop import event, fee, invoices_of, post, publish, sign_up, usage

pytestmark = pytest.mark.django_db
REAL_NOW = datetime(2026, 7, 1, tzinfo=UTC)


def on(month, day, hour=0):
    return datetime(2026, month, day, hour, tzinfo=UTC)


@pytest.fixture
def subscription(api):
    # The first 1,000 tokens at 0.02, the next 9,000 at 0.01, the rest at 0.005.
    tokens = usage(api, "tokens", [("1000", "0.02"), ("10000", "0.01"), (None, "0.005")], on(1, 1))
    subscription = sign_up(api, publish(fee("20.00"), tokens, at=on(1, 1)), at=on(1, 1))
    customer = subscription.customer
    customer.test_clock = create_test_clock(name="First months", now_at=on(1, 1), at=REAL_NOW)
    customer.save()
    return subscription


def to_period_end(subscription):
    run = advance_to_period_end(customer_id=subscription.customer_id, at=REAL_NOW)
    assert run.failures == []


def test_three_months_come_to_the_cent(api, subscription):
    run_billing(now=REAL_NOW)
    # January's fee, in advance.
    assert invoices_of(subscription) == [("INV-000001", Decimal("20.00"), "paid")]

    post(api, [event(1, on(1, 3), tokens=400), event(2, on(1, 20), tokens=350.5), event(3, on(1, 31, 23), tokens=100)])
    post(api, [event(2, on(1, 20), tokens=350.5)])
    to_period_end(subscription)
    # 20.00 for February + 850.5 x 0.02 = 17.01
    assert invoices_of(subscription)[1:] == [("INV-000002", Decimal("37.01"), "paid")]

    post(api, [event(n, on(2, n), tokens=2000) for n in range(10, 22)])
    while advance_rollups():
        pass
    upcoming = upcoming_invoice(customer=subscription.customer, at=on(2, 25))
    # 20.00 for March + 1,000 x 0.02 + 9,000 x 0.01 + 14,000 x 0.005 = 20 + 20 + 90 + 70
    assert upcoming.total == Decimal("200.00")
    change_customer(customer_id=subscription.customer_id, at=on(2, 25), metadata={SANDBOX_OUTCOME: "failed"})
    to_period_end(subscription)
    assert invoices_of(subscription)[2:] == [("INV-000003", Decimal("200.00"), "payment_processing.failed")]

    change_customer(customer_id=subscription.customer_id, at=on(3, 2), metadata={})
    retry_invoice(invoice_id=subscription.customer.invoices.get(number="INV-000003").pk, at=on(3, 2))
    post(api, [event("late", on(2, 28), tokens=5000), event("march", on(3, 15), tokens=1)])
    to_period_end(subscription)
    # 20.00 for April + 1 x 0.02, and what came late for February: its tokens 24,001 to 29,000 at 0.005 are 25.00.
    assert invoices_of(subscription) == [
        ("INV-000001", Decimal("20.00"), "paid"),
        ("INV-000002", Decimal("37.01"), "paid"),
        ("INV-000003", Decimal("200.00"), "paid"),
        ("INV-000004", Decimal("45.02"), "paid"),
    ]
    assert [payment.status for payment in subscription.customer.invoices.get(number="INV-000003").payments.all()] == [
        "failed",
        "succeeded",
    ]
    assert all(recompute_line(line).matches for line in InvoiceLine.objects.all())
