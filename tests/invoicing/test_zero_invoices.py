"""An invoice that comes to nothing is issued, left without a number, or carried to the next one."""

from decimal import Decimal

import pytest

from invoicing.models import BillingProfile, Invoice
from tests.invoicing.agreements import agree, bill, check_all, fee, metered, unit
from tests.invoicing.contracts import day, use

pytestmark = pytest.mark.django_db


def documents(subscription):
    invoices = Invoice.objects.filter(customer=subscription.customer).exclude(status="gathering")
    return [(invoice.number, invoice.status, invoice.lines.count()) for invoice in invoices.order_by("billed_at", "pk")]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("issue", [("INV-000001", "paid", 1), ("INV-000002", "paid", 1)]),
        ("skip", [(None, "deleted", 1), ("INV-000001", "paid", 1)]),
        # The next invoice has the line of June as well.
        ("carry", [(None, "deleted", 0), ("INV-000001", "paid", 2)]),
    ],
)
def test_a_month_without_usage(choice, expected):
    BillingProfile.objects.update(zero_invoices=choice)
    subscription = agree(metered(unit("1.00")))
    bill(subscription, day(7, 2))
    use(subscription.customer, 8, day(7, 5))
    bill(subscription, day(8, 2))
    assert documents(subscription) == expected
    assert Invoice.objects.get(number__isnull=False, total__gt=0).total == Decimal("8.00")
    assert bill(subscription, day(8, 3)) == []
    check_all()


def test_what_is_carried_waits_as_long_as_invoices_come_to_nothing():
    BillingProfile.objects.update(zero_invoices="carry")
    subscription = agree(metered(unit("1.00")), fee("5.00", cadence="P3M", term="in_arrears"))
    for month in (7, 8):
        bill(subscription, day(month, 2))
    assert documents(subscription) == [(None, "deleted", 0)] * 2
    gathering = Invoice.objects.get(status="gathering")
    assert gathering.lines.count() == 2
    bill(subscription, day(9, 2))
    # June, July and August, and the fee of the quarter.
    assert documents(subscription)[2:] == [("INV-000001", "paid", 4)]
    assert gathering.lines.count() == 0
    check_all()
