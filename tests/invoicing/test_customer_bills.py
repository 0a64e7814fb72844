"""One invoice for each customer, currency and billing time: when it is collected, and what joins it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

from invoicing.models import BillingProfile, Invoice, InvoiceLine, InvoiceStatus
from invoicing.services.manual_lines import LineTerms
from invoicing.services.pending_lines import add_pending_lines
from metering.periods import Period
from tests import factories
from tests.invoicing.agreements import agree, bill, check_all, fee, metered, new_customer, unit
from tests.invoicing.contracts import day, use

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def several_at_a_time(settings):
    settings.ONE_SUBSCRIPTION_PER_CUSTOMER = False


def documents(customer):
    invoices = Invoice.objects.filter(customer=customer).exclude(status=InvoiceStatus.GATHERING)
    return [
        (f"{invoice.billed_at:%m-%d}", str(invoice.currency), invoice.status, invoice.total)
        for invoice in invoices.order_by("billed_at", "currency", "pk")
    ]


def test_all_contracts_of_a_customer_are_on_one_invoice_for_each_currency():
    customer = new_customer()
    first = agree(fee("20.00"), metered(unit("1")), customer=customer)
    agree(fee("7.00"), customer=customer)
    bill(first, day(6, 1))
    use(customer, 5, day(6, 3))
    bill(first, day(7, 2))
    assert documents(customer) == [
        ("06-01", "USD", "paid", Decimal("27.00")),
        ("07-01", "USD", "paid", Decimal("32.00")),
    ]
    assert [line.name for line in Invoice.objects.get(billed_at=day(7, 1)).lines.order_by("position")] == [
        "Base fee",
        "Tokens",
        "Base fee",
    ]
    check_all()


def test_an_event_received_before_the_end_of_collection_joins_and_a_later_one_does_not():
    subscription = agree(metered(unit("1")))
    use(subscription.customer, 5, day(6, 3))
    bill(subscription, day(7, 1))
    waiting = Invoice.objects.get()
    assert (waiting.status, waiting.total) == (InvoiceStatus.DRAFT_WAITING_FOR_COLLECTION, Decimal("5.00"))
    assert (waiting.collection_at, waiting.number) == (day(7, 1, hour=1), None)
    use(subscription.customer, 3, day(6, 30))
    bill(subscription, datetime(2026, 7, 1, 0, 59, 59, tzinfo=UTC))
    assert Invoice.objects.get().total == Decimal("5.00")
    bill(subscription, day(7, 1, hour=1))
    # 5 + 3
    assert documents(subscription.customer) == [("07-01", "USD", "paid", Decimal("8.00"))]
    use(subscription.customer, 2, day(6, 30))
    # It goes on the next invoice, as what changed.
    assert bill(subscription, day(7, 1, hour=2)) == []
    use(subscription.customer, 1, day(7, 5))
    assert bill(subscription, day(8, 2)) == [
        ("Tokens", "07-01", "08-01", Decimal("1.00")),
        ("Tokens", "06-01", "07-01", Decimal("2.00")),
    ]
    check_all()


def test_a_draft_stays_open_for_the_draft_period_after_collection():
    BillingProfile.objects.update(draft_period=timedelta(days=2))
    subscription = agree(metered(unit("1")))
    use(subscription.customer, 5, day(6, 3))
    bill(subscription, day(7, 2))
    draft = Invoice.objects.get()
    assert (draft.status, draft.draft_until) == (InvoiceStatus.DRAFT_WAITING_AUTO_APPROVAL, day(7, 4))
    use(subscription.customer, 3, day(6, 30))
    bill(subscription, day(7, 3))
    assert bill(subscription, day(7, 4)) == []
    # Collection was over when the 3 came.
    assert documents(subscription.customer) == [("07-01", "USD", "paid", Decimal("5.00"))]


def test_an_anchored_profile_collects_all_that_came_due_at_one_time():
    anchor = {"anchor": "2026-01-15T00:00:00+00:00", "interval": "P1M"}
    BillingProfile.objects.update(collection_alignment="anchored", collection_anchor=anchor)
    customer = new_customer()
    first = agree(fee("20.00"), customer=customer)
    agree(fee("7.00", term="in_arrears"), at=day(6, 10), customer=customer)
    assert bill(first, day(6, 14)) == []
    bill(first, day(7, 15))
    # June's fee; July's, and the other's of June 10 to July 10.
    assert documents(customer) == [
        ("06-15", "USD", "paid", Decimal("20.00")),
        ("07-15", "USD", "paid", Decimal("27.00")),
    ]
    check_all()


def test_lines_by_hand_join_the_invoice_of_their_time_with_their_usage():
    subscription = agree(fee("20.00"))
    feature = factories.FeatureFactory()
    june = Period(day(6, 1), day(7, 1))
    terms = [
        LineTerms("Set-up", june, day(7, 1), {"type": "flat", "amount": "100.00"}),
        LineTerms("Extra tokens", june, day(7, 1), unit("2"), feature=feature),
    ]
    add_pending_lines(customer_id=subscription.customer_id, currency="USD", lines=terms, at=day(6, 1))
    use(subscription.customer, 4, day(6, 20))
    bill(subscription, day(6, 1))
    assert bill(subscription, day(7, 1)) == [("Base fee", "07-01", "08-01", Decimal("20.00"))]
    assert Invoice.objects.get(billed_at=day(7, 1)).total == Decimal("128.00")
    use(subscription.customer, 1, day(6, 30))
    bill(subscription, day(7, 2))
    # 20.00, 100.00, and 5 x 2.00
    assert documents(subscription.customer)[1:] == [("07-01", "USD", "paid", Decimal("130.00"))]
    assert not InvoiceLine.objects.filter(invoice__status=InvoiceStatus.GATHERING).exists()
    check_all()


def test_lines_by_hand_of_a_customer_without_a_contract_are_billed_at_their_time():
    customer = new_customer()
    terms = LineTerms("Workshop", Period(day(6, 3), day(6, 4)), day(6, 5), {"type": "flat", "amount": "900"})
    add_pending_lines(customer_id=customer.pk, currency="EUR", lines=[terms], at=day(6, 1))
    holder = SimpleNamespace(customer=customer, customer_id=customer.pk)
    bill(holder, day(6, 4))
    assert documents(customer) == []
    bill(holder, day(6, 5))
    assert documents(customer) == [("06-05", "EUR", "paid", Decimal("900.00"))]


def test_a_customer_is_billed_by_the_seller_that_they_are_pinned_to():
    seller = factories.BillingProfileFactory(number_prefix="EU-", collection_interval=timedelta(0))
    for type in ("standard", "credit_note"):
        factories.InvoiceSequenceFactory(profile=seller, type=type)
    subscription = agree(fee("20.00"))
    factories.CustomerBillingFactory(customer=subscription.customer, profile=seller)
    bill(subscription, day(6, 1))
    invoice = Invoice.objects.get()
    assert (invoice.number, invoice.profile, invoice.supplier["name"]) == ("EU-000001", seller, seller.supplier_name)
