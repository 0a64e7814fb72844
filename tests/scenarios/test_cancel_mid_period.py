"""A customer in Paris joins in mid-March, where the clocks change, and leaves in April."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from invoicing.models import Invoice, InvoiceLine, InvoiceType
from invoicing.queries import recompute_line, upcoming_invoice
from invoicing.queries.balances import balance_of
from invoicing.services.billing_run import run_billing
from pricing.services.subscriptions.end import cancel_subscription
from tests.scenarios.shop import event, fee, invoices_of, post, publish, sign_up, usage

pytestmark = pytest.mark.django_db
PARIS = ZoneInfo("Europe/Paris")


def paris(month, day, hour=0):
    return datetime(2026, month, day, hour, tzinfo=PARIS)


def test_it_pays_by_real_seconds_and_up_to_the_end(api):
    tokens = usage(api, "tokens", [("100", "0.10"), (None, "0.05")], paris(3, 1))
    plan = publish(fee("20.00"), tokens, at=paris(3, 1))
    subscription = sign_up(api, plan, at=paris(3, 16), anchor=paris(3, 1), timeZone="Europe/Paris")

    run_billing(now=paris(3, 16))
    # March has 31 x 24 - 1 = 743 hours, 383 of them from the 16th on: 20.00 x 383/743 = 10.309..., rounded 10.31
    assert invoices_of(subscription) == [("INV-000001", Decimal("10.31"), "paid")]

    post(api, [event(1, paris(3, 15, 23), tokens=1000), event(2, paris(3, 16), tokens=120)])
    run_billing(now=paris(4, 1, hour=1))
    # 20.00 for April + 100 x 0.10 + 20 x 0.05; the event before the start is nobody's.
    assert invoices_of(subscription)[1:] == [("INV-000002", Decimal("31.00"), "paid")]

    post(api, [event(3, paris(4, 5), tokens=30)])
    cancel_subscription(subscription_id=subscription.pk, at=paris(4, 8), active_to=paris(4, 10, hour=12))
    upcoming = upcoming_invoice(customer=subscription.customer, at=paris(4, 9))
    # 30 x 0.10 and no fee for May; of April's 720 hours 228 are used, so 20.00 x 228/720 = 6.33 stay and 13.67 go back.
    assert (upcoming.total, upcoming.period.end) == (Decimal("-10.67"), datetime(2026, 4, 10, 10, tzinfo=UTC))

    post(api, [event(4, paris(4, 10, hour=11), tokens=5), event(5, paris(4, 10, hour=12), tokens=500)])
    run_billing(now=paris(4, 10, hour=12))
    assert invoices_of(subscription)[2:] == [(None, Decimal("-10.17"), "draft.waiting_for_collection")]
    run_billing(now=paris(4, 10, hour=13))
    run_billing(now=paris(8, 1))
    # 35 x 0.10 - 13.67, which is below zero and so a credit note; at the end itself the subscription is over.
    notes = Invoice.objects.filter(type=InvoiceType.CREDIT_NOTE)
    assert [(note.number, note.total, note.status) for note in notes] == [("CN-000001", Decimal("-10.17"), "issued")]
    assert Invoice.objects.count() == 3
    assert balance_of(subscription.customer_id, "USD") == Decimal("10.17")
    assert all(recompute_line(line).matches for line in InvoiceLine.objects.all())
