"""Whole bills with minimums, maximums, taxes and credits: every step comes in its order, and no step comes twice."""

import threading
from decimal import Decimal

import pytest
from django.db import connection

from invoicing.lifecycle import InvoiceStatus
from invoicing.models import BalanceEntry, BillingProfile, Invoice, InvoiceTax, Payment
from invoicing.queries import upcoming_invoice
from invoicing.services.bank_transfers import record_bank_transfer
from invoicing.services.invoices import approve_invoice
from tests.invoicing.agreements import agree, amounts, bill, check_all, fee, metered, new_customer, unit
from tests.invoicing.contracts import day, use
from tests.invoicing.money import again, customer, draft, vat

pytestmark = pytest.mark.django_db


def german():
    vat(19)
    return new_customer(billing_address={"country": "DE"})


def last_invoice():
    return Invoice.objects.order_by("pk").last()


def test_rounding_is_line_by_line_and_tax_on_their_sum():
    subscription = agree(*(metered(unit("0.005")) for _ in range(3)), metered(unit("0.015")), customer=german())
    use(subscription.customer, 1, day(6, 10))
    # 0.005 -> 0.01 three times, 0.015 -> 0.02; 0.05 x 19 % = 0.0095 -> 0.01
    assert amounts(bill(subscription, day(7, 2))) == [Decimal(amount) for amount in ("0.01", "0.01", "0.01", "0.02")]
    assert (last_invoice().tax_exclusive, last_invoice().total) == (Decimal("0.01"), Decimal("0.06"))
    check_all()


def test_a_charges_minimum_is_filled_up_before_tax():
    subscription = agree(metered(unit("1", minimumAmount="100")), customer=german())
    use(subscription.customer, "37.25", day(6, 10))
    # 37.25 + 62.75
    assert amounts(bill(subscription, day(7, 2))) == [Decimal("100.00")]
    parts = last_invoice().lines.get().detailed_lines.values_list("category", "amount")
    assert list(parts) == [("regular", Decimal("37.25")), ("commitment", Decimal("62.75"))]
    assert last_invoice().total == Decimal("119.00")
    check_all()


def test_a_plans_minimum_counts_fee_and_usage_of_a_part_of_the_period_before_tax():
    start, agreed = day(6, 11), {"minimum_amount": Decimal(500), "prorate_minimum": True}
    subscription = agree(
        fee("100.00"), metered(unit("1")), at=start, billing_anchor=day(6, 1), customer=german(), **agreed
    )
    use(subscription.customer, 200, day(6, 20))
    # June, 20 of 30 days: 66.67; then 200.00 and 333.33 - 266.67 = 66.66, with July's fee.
    assert sorted(amounts(bill(subscription, day(7, 2)))) == [
        Decimal("66.66"), Decimal("66.67"), Decimal("100.00"), Decimal("200.00"),
    ]  # fmt: skip
    # 366.66 x 19 % = 69.6654 -> 69.67
    assert last_invoice().total == Decimal("436.33")
    check_all()


@pytest.mark.parametrize(
    ("first", "rest", "billed"),
    [
        # 12 x 1 is below 20: 12, then nothing more but 8 to the minimum.
        ("12", "0", ["12.00", "8.00"]),
        # 90 is above 60: 50, then 40 less 30 over the maximum.
        ("50", "40", ["50.00", "10.00"]),
    ],
)
def test_minimum_and_maximum_hold_over_all_bills_of_a_period(first, rest, billed):
    BillingProfile.objects.update(spend_thresholds={"USD": {"amounts": ["10"]}})
    subscription = agree(metered(unit("1", minimumAmount="20", maximumAmount="60")), customer=german())
    use(subscription.customer, first, day(6, 10))
    found = amounts(bill(subscription, day(6, 11)))
    use(subscription.customer, rest, day(6, 20))
    found += amounts(bill(subscription, day(7, 2)))
    assert found == [Decimal(amount) for amount in billed]
    assert sum(InvoiceTax.objects.values_list("taxable", flat=True)) == sum(found)
    check_all()


def test_a_rate_that_changes_taxes_usage_as_before_and_the_fee_in_advance_anew():
    vat(19, valid_to=day(7, 1))
    vat(16, valid_from=day(7, 1))
    subscription = agree(fee("100.00"), metered(unit("1")), customer=new_customer(billing_address={"country": "DE"}))
    use(subscription.customer, 100, day(6, 20))
    bill(subscription, day(6, 1))
    bill(subscription, day(7, 2))
    # July's fee 100 x 16 %, June's usage 100 x 19 %
    rates = last_invoice().lines.values_list("name", "tax__percentage", "tax_exclusive").order_by("name")
    assert list(rates) == [("Base fee", 16, Decimal(16)), ("Tokens", 19, Decimal(19))]
    check_all()


def test_the_open_bill_shows_the_tax_that_the_invoice_has():
    subscription = agree(fee("10.00"), metered(unit("0.333")), customer=german())
    use(subscription.customer, 10, day(6, 10))
    upcoming = upcoming_invoice(customer=subscription.customer, at=day(6, 20))
    # 10 + 3.33 = 13.33; 19 % = 2.5327
    assert ([tax.amount for tax in upcoming.taxes], upcoming.total) == ([Decimal("2.53")], Decimal("15.86"))
    bill(subscription, day(7, 2))
    assert last_invoice().total == upcoming.total


@pytest.mark.django_db(transaction=True)
def test_an_invoice_approved_twice_at_once_has_one_number_and_uses_the_balance_once():
    buyer = customer()
    record_bank_transfer(
        amount=Decimal("30.00"), currency="USD", customer_id=buyer.pk, received_at=day(2, 1), at=day(2, 1)
    )
    invoice = draft("100.00", customer=buyer, workflow={})
    Invoice.objects.update(status=InvoiceStatus.DRAFT_MANUAL_APPROVAL_NEEDED)
    barrier, refused = threading.Barrier(2), []

    def approve():
        try:
            barrier.wait()
            approve_invoice(invoice_id=invoice.pk, at=day(2, 2))
        except Exception as error:
            refused.append(type(error).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=approve) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["InvalidMove"]
    assert (again(invoice).number, again(invoice).status) == ("INV-000001", InvoiceStatus.PAID)
    # 100 - 30 from the balance
    assert list(Payment.objects.filter(invoice=invoice).values_list("amount", flat=True)) == [Decimal("70.00")]
    assert list(BalanceEntry.objects.order_by("sequence").values_list("amount", flat=True)) == [30, -30]
