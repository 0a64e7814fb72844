"""Taxes of an invoice: which rate a line bears, what is missing, and when it is fixed."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from invoicing.lifecycle import InvalidMove, InvoiceStatus, Trigger
from invoicing.models import BillingProfile, Invoice, InvoiceLine, InvoiceTax, TaxRate
from invoicing.services.payments import hold_invoice
from invoicing.services.taxes import (
    InvalidTaxRate,
    TaxCodeExists,
    TaxRateOverlaps,
    create_tax_code,
    create_tax_rate,
    end_tax_rate,
    recalculate_taxes,
)
from invoicing.services.totals import recalculate
from invoicing.services.walks import walk
from metering.models import Customer
from tests import factories
from tests.factories import START
from tests.invoicing.contracts import day
from tests.invoicing.money import SENT, again, customer, draft, issued, vat

pytestmark = pytest.mark.django_db
ENFORCED = {**SENT, "tax": {"enabled": True, "enforced": True}}


def taxes(invoice):
    return list(invoice.taxes.order_by("position").values_list("percentage", "behavior", "taxable", "amount"))


def test_it_taxes_each_rate_and_behavior_on_the_sum_of_its_lines():
    books = factories.TaxCodeFactory(stripe_code="txcd_10000000")
    vat(19)
    vat(7, code=books)
    reduced, within = {"stripe": {"code": "txcd_10000000"}}, {"behavior": "inclusive"}
    invoice = draft("0.33", "0.33", "0.33", "100.00", "119.00", tax_configs=[None, None, None, reduced, within])
    # 0.99 x 19 % = 0.1881 -> 0.19; 100 x 7 %; 119 x 19/119 within it
    assert taxes(invoice) == [
        (19, "exclusive", Decimal("0.99"), Decimal("0.19")),
        (7, "exclusive", Decimal("100.00"), Decimal("7.00")),
        (19, "inclusive", Decimal("119.00"), Decimal("19.00")),
    ]
    # 0.99 + 0.19 + 107 + 119
    assert (invoice.total, invoice.tax_inclusive) == (Decimal("227.18"), Decimal("19.00"))
    assert sum(line.total for line in invoice.lines.all()) == invoice.total


@pytest.mark.parametrize(
    ("period_end", "percentage"),
    # The rate falls on 1 February: a period that ends then was supplied before.
    [(day(2, 1), 19), (day(2, 2), 16)],
)
def test_the_tax_point_is_the_last_moment_of_a_lines_period(period_end, percentage):
    vat(19, valid_to=day(2, 1))
    vat(16, valid_from=day(2, 1))
    invoice = draft("100.00")
    InvoiceLine.objects.update(period_end=period_end)
    recalculate(invoice=invoice, at=day(3, 1))
    assert invoice.total == 100 + percentage
    assert InvoiceTax.objects.get().percentage == percentage


def test_what_a_line_leaves_open_the_profile_says():
    books = factories.TaxCodeFactory()
    vat(19)
    vat(7, code=books)
    default = {"behavior": "inclusive", "taxCodeId": str(books.ulid)}
    other = {"taxCodeId": str(factories.TaxCodeFactory().ulid), "behavior": "exclusive"}
    workflow = {**SENT, "invoicing": {"defaultTaxConfig": default}}
    invoice = draft("107.00", "100.00", tax_configs=[None, other], workflow=workflow)
    # The second names a code without a rate of its own, so the general one holds: 107 + 119.
    assert (invoice.total, invoice.tax_inclusive) == (Decimal("226.00"), Decimal("7.00"))


@pytest.mark.parametrize("address", [{}, {"country": "FR"}])
def test_without_a_rate_there_is_no_tax_unless_it_is_enforced(address):
    vat(19)
    buyer = customer(billing_address=address)
    assert draft("100.00", customer=buyer).total == Decimal("100.00")
    invoice = draft("100.00", customer=buyer, workflow=ENFORCED, billed_at=day(3, 1))
    (issue,) = invoice.validation_issues
    assert (issue["severity"], issue["code"], issue["component"]) == ("critical", "tax_rate_unknown", "tax")
    assert issue["message"].startswith("Add the tax rate of FR" if address else "Give the customer a billing address")


def test_recalculating_takes_new_rates_and_lets_a_draft_go_on_that_lacked_one():
    invoice = draft("100.00", workflow=ENFORCED | {"invoicing": {"autoAdvance": False}})
    Invoice.objects.update(status=InvoiceStatus.DRAFT_INVALID)
    recalculate_taxes(invoice_id=invoice.pk, at=day(2, 2))
    assert again(invoice).status == InvoiceStatus.DRAFT_INVALID
    vat(19)
    recalculate_taxes(invoice_id=invoice.pk, at=day(2, 3))
    assert (again(invoice).total, again(invoice).validation_issues) == (Decimal("119.00"), [])
    assert again(invoice).status == InvoiceStatus.DRAFT_MANUAL_APPROVAL_NEEDED


def test_recalculating_writes_nothing_where_nothing_changed(django_assert_num_queries):
    vat(19)
    invoice = again(draft("100.00", "50.00"))
    before = again(invoice).updated_at
    with django_assert_num_queries(6):
        # Lines, discounts, profile, customer, rates, taxes.
        recalculate(invoice=invoice, at=day(2, 5))
    assert again(invoice).updated_at == before


def test_a_profile_that_does_not_tax_has_no_tax():
    vat(19)
    assert draft("100.00", workflow={**SENT, "tax": {"enabled": False, "enforced": False}}).total == 100
    BillingProfile.objects.update(is_taxing=False)
    assert draft("100.00").total == 100


def test_taxes_are_fixed_once_it_is_issued():
    vat(19)
    invoice = issued("100.00")
    with pytest.raises(InvalidMove, match="are fixed"):
        recalculate_taxes(invoice_id=invoice.pk, at=day(2, 2))
    for change in (
        lambda: invoice.taxes.update(amount=1),
        lambda: invoice.taxes.all().delete(),
        lambda: factories.InvoiceTaxFactory(invoice=invoice, position=1),
        lambda: invoice.lines.update(tax=None),
    ):
        with pytest.raises(DatabaseError, match="frozen"), transaction.atomic():
            change()
    assert taxes(invoice) == [(19, "exclusive", Decimal(100), Decimal(19))]


def rate(percentage="19", valid_from=START, **kwargs):
    return create_tax_rate(
        name="VAT", country="DE", percentage=Decimal(percentage), valid_from=valid_from, at=day(1, 1), **kwargs
    )


def test_two_rates_never_hold_at_once():
    first, code = rate(valid_to=day(3, 1)), create_tax_code(key="books", name="Books", at=day(1, 1))
    with pytest.raises(TaxRateOverlaps, match=r"End the rate VAT 19 % in DE of 2026-01-01 first"):
        rate(valid_from=day(2, 1))
    with pytest.raises(IntegrityError, match="one_tax_rate_at_a_time"), transaction.atomic():
        vat(19, valid_from=day(2, 1))
    rate("7", code_id=code.pk)
    rate("16", valid_from=day(3, 1))
    with pytest.raises(TaxRateOverlaps, match="End it by 2026-03-01"):
        end_tax_rate(rate_id=first.pk, valid_to=day(4, 1), at=day(1, 2))
    assert TaxRate.objects.count() == 3


def test_it_refuses_rates_and_codes_that_cannot_be():
    with pytest.raises(InvalidTaxRate, match="from 0 to 100"):
        rate("100.1")
    with pytest.raises(InvalidTaxRate, match="after 2026-01-01"):
        rate(valid_to=datetime(2025, 1, 1, tzinfo=UTC))
    create_tax_code(key="books", name="Books", at=day(1, 1))
    with pytest.raises(TaxCodeExists):
        create_tax_code(key="books", name="Others", at=day(1, 1))
    assert not TaxRate.objects.exists()


def test_a_buyer_who_moved_since_the_draft_is_taxed_where_the_invoice_says():
    vat(19)
    vat(20, country="FR")
    invoice = draft("100.00")
    Customer.objects.filter(pk=invoice.customer_id).update(billing_address={"country": "FR"})
    invoice = walk(invoice=hold_invoice(invoice.pk), at=day(2, 3), trigger=Trigger.APPROVE)
    assert (invoice.buyer["address"], invoice.total) == ({"country": "FR"}, Decimal("120.00"))
    assert InvoiceTax.objects.get().country == "FR"


def test_enforced_tax_without_a_rate_stops_the_issue_until_the_rate_is_there():
    known = vat(19)
    invoice = draft("100.00", workflow=ENFORCED)
    known.delete()
    invoice = walk(invoice=hold_invoice(invoice.pk), at=day(2, 3), trigger=Trigger.APPROVE)
    assert (invoice.status, invoice.number) == (InvoiceStatus.ISSUING_LINE_FINALIZATION_FAILED, None)
    vat(20)
    invoice = walk(invoice=hold_invoice(invoice.pk), at=day(2, 4), trigger=Trigger.RETRY)
    assert (invoice.status, invoice.total) == (InvoiceStatus.PAYMENT_PENDING, Decimal("120.00"))
