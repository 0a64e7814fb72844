"""Somebody asks to invoice what a customer owes now."""

from decimal import Decimal

import pytest

from invoicing.lines import line_ulid
from invoicing.models import BillingProfile, Invoice, InvoiceLine
from invoicing.providers import SANDBOX_OUTCOME
from invoicing.services.invoices import void_invoice
from invoicing.services.progressive import LinesNotBillable, NoLinesToInvoice, TimeToCome, invoice_now
from tests import factories
from tests.invoicing.agreements import agree, bill, check_all, fee, metered, new_customer, tiers, unit
from tests.invoicing.contracts import day, use

pytestmark = pytest.mark.django_db
TIERS = tiers(("100", "1.00"), (None, "0.50"))


def now(subscription, as_of, **kwargs):
    made = invoice_now(customer_id=subscription.customer_id, as_of=as_of, at=kwargs.pop("at", as_of), **kwargs)
    lines = InvoiceLine.objects.filter(invoice__in=made).order_by("invoice", "position")
    return [(line.name, f"{line.period_start:%m-%d}", f"{line.period_end:%m-%d}", line.amount) for line in lines]


def test_usage_so_far_and_what_has_come_due_is_billed_and_the_rest_at_the_end():
    subscription = agree(fee("20.00"), metered(TIERS))
    use(subscription.customer, 120, day(6, 5))
    # 100 x 1.00 + 20 x 0.50
    assert now(subscription, day(6, 10)) == [
        ("Base fee", "06-01", "07-01", Decimal("20.00")),
        ("Tokens", "06-01", "06-10", Decimal("110.00")),
    ]
    # Late: it joins the rest.
    use(subscription.customer, 10, day(6, 7))
    use(subscription.customer, 10, day(6, 20))
    assert bill(subscription, day(7, 2)) == [
        ("Base fee", "07-01", "08-01", Decimal("20.00")),
        ("Tokens", "06-01", "07-01", Decimal("10.00")),
    ]
    first, second = Invoice.objects.order_by("billed_at")
    assert (first.collection_at, first.status, first.total) == (None, "paid", Decimal("130.00"))
    assert second.collection_at == day(7, 1, hour=1)
    check_all()


@pytest.mark.parametrize("asked", [{"progressive": False}, {}])
def test_without_progressive_billing_usage_waits_for_its_period(asked):
    if not asked:
        BillingProfile.objects.update(is_progressive=False)
    subscription = agree(metered(TIERS))
    use(subscription.customer, 120, day(6, 5))
    with pytest.raises(NoLinesToInvoice):
        now(subscription, day(6, 10), **asked)
    assert not Invoice.objects.exists()


@pytest.mark.parametrize(("aggregation", "mode"), [("AVG", "graduated"), ("LATEST", "graduated"), ("SUM", "volume")])
def test_what_more_usage_may_make_cheaper_waits_for_its_period(aggregation, mode):
    meter = factories.MeterFactory(aggregation=aggregation)
    feature = factories.FeatureFactory(version=factories.MeterVersionFactory(meter=meter))
    subscription = agree(metered(tiers((None, "1.00"), mode=mode), feature=feature))
    use(subscription.customer, 120, day(6, 5))
    with pytest.raises(NoLinesToInvoice):
        now(subscription, day(6, 10))


def test_lines_that_are_named_are_billed_alone_and_others_are_refused():
    subscription = agree(fee("20.00"), metered(unit("1.00")))
    use(subscription.customer, 5, day(6, 5))
    fee_id, usage_id = (line_ulid(item.ulid, day(6, 1), 0) for item in subscription.items.order_by("position"))
    later = line_ulid(subscription.items.get(type="flat_fee").ulid, day(7, 1), 0)
    with pytest.raises(LinesNotBillable, match=f"Leave out the lines that cannot be billed at that time: {later}"):
        now(subscription, day(6, 10), line_ids=[usage_id, later])
    assert now(subscription, day(6, 10), line_ids=[usage_id]) == [("Tokens", "06-01", "06-10", Decimal("5.00"))]
    assert InvoiceLine.objects.get().ulid == usage_id
    assert bill(subscription, day(6, 11)) == [("Base fee", "06-01", "07-01", Decimal("20.00"))]
    assert set(InvoiceLine.objects.values_list("ulid", flat=True)) == {fee_id, usage_id}


def test_a_time_to_come_is_refused():
    subscription = agree(fee("20.00"))
    with pytest.raises(TimeToCome):
        now(subscription, day(6, 2), at=day(6, 1))
    assert not Invoice.objects.exists()


def test_a_void_part_is_billed_again_with_the_rest():
    customer = new_customer(metadata={SANDBOX_OUTCOME: "failed"})
    subscription = agree(metered(TIERS), customer=customer)
    use(subscription.customer, 120, day(6, 5))
    now(subscription, day(6, 10))
    invoice = Invoice.objects.get()
    void_invoice(invoice_id=invoice.pk, reason="Mistake", at=day(6, 11))
    # 100 x 1.00 + 20 x 0.50, once more
    assert bill(subscription, day(7, 2)) == [("Tokens", "06-01", "07-01", Decimal("110.00"))]
    check_all()
