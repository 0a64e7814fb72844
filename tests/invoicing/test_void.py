"""Voiding takes back an issued invoice exactly, by a numbered note."""

from decimal import Decimal

import pytest

from invoicing.lifecycle import InvalidMove
from invoicing.models import BalanceEntry, BillingProfile, Invoice, InvoiceStatus, InvoiceType, LineCause
from invoicing.queries.explain import recompute_line
from invoicing.queries.states import actions_of
from invoicing.services.billing_run import run_billing
from invoicing.services.cancellations import InvoiceContinued
from invoicing.services.draft_edits import add_discount, edit_line, remove_line
from invoicing.services.invoices import approve_invoice, void_invoice
from invoicing.services.manual_lines import LineTerms
from invoicing.services.pending_lines import add_pending_lines
from metering.periods import Period
from tests.factories import CustomerFactory, TaxRateFactory
from tests.invoicing.billed import audited, billed
from tests.invoicing.contracts import day, subscribe, use

pytestmark = pytest.mark.django_db
SETUP = {"type": "flat", "amount": "5.00"}
REASON = "Sent to the wrong address"


@pytest.fixture
def invoice():
    """February's fee and January's usage, sent and not paid."""
    BillingProfile.objects.filter(is_default=True).update(collection_method="send_invoice")
    subscription = subscribe()
    use(subscription.customer, 150, day(1, 10))
    run_billing(now=day(2, 1, hour=1))
    found = subscription.customer.invoices.latest("pk")
    # 20.00 + 100 x 0.10 + 50 x 0.05
    assert (found.status, found.total) == (InvoiceStatus.PAYMENT_PENDING, Decimal("32.50"))
    return found


def charged(customer):
    return sum(document.total for document in customer.invoices.issued())


def test_a_note_takes_back_each_line_exactly(invoice):
    note = void_invoice(invoice_id=invoice.pk, reason=REASON, at=day(2, 5))
    invoice.refresh_from_db()
    note.refresh_from_db()
    assert (invoice.status, invoice.voided_at, invoice.due) == (InvoiceStatus.VOIDED, day(2, 5), 0)
    assert (note.type, note.number, note.status) == (InvoiceType.CREDIT_NOTE, "CN-000001", InvoiceStatus.PAID)
    assert (note.corrects, note.reason, note.total, note.issued_at) == (invoice, REASON, -invoice.total, day(2, 5))
    for line, back in zip(invoice.lines.order_by("position"), note.lines.order_by("position"), strict=True):
        assert (back.corrects, back.cause, back.amount) == (line, LineCause.CANCELLATION, -line.amount)
        assert (back.before, back.now, back.sequence) == (line.now, line.before, line.sequence + 1)
        assert recompute_line(back).differences == ()


def test_what_was_voided_is_billed_anew_once_with_usage_as_it_is_then(invoice):
    void_invoice(invoice_id=invoice.pk, reason=REASON, at=day(2, 5))
    use(invoice.customer, 50, day(1, 20))
    run_billing(now=day(2, 6))
    again = invoice.customer.invoices.latest("pk")
    # 20.00 + 100 x 0.10 + 100 x 0.05
    assert (again.status, again.total) == (InvoiceStatus.PAYMENT_PENDING, Decimal("35.00"))
    # 20.00 for January + 32.50 - 32.50 + 35.00
    assert charged(invoice.customer) == Decimal("55.00")
    run_billing(now=day(2, 7))
    assert charged(invoice.customer) == Decimal("55.00")
    assert audited(day(2, 8)) == []


def test_without_billing_anew_it_stays_billed_at_nothing(invoice):
    note = void_invoice(invoice_id=invoice.pk, reason=REASON, rebill=False, at=day(2, 5))
    for back in note.lines.all():
        assert back.before == back.now
        assert back.detailed_lines.get().name == REASON
        assert recompute_line(back).differences == ()
    run_billing(now=day(2, 7))
    assert charged(invoice.customer) == Decimal("20.00")
    assert audited(day(2, 8)) == []


def test_what_was_paid_of_it_goes_to_the_balance(invoice):
    Invoice.objects.filter(pk=invoice.pk).update(settled=Decimal("12.50"))
    note = void_invoice(invoice_id=invoice.pk, reason=REASON, at=day(2, 5))
    entry = BalanceEntry.objects.get()
    # 20.00 was due and is due no more; the rest is to the customer's credit.
    assert (entry.amount, entry.credit_note, note.settled) == (Decimal("12.50"), note, Decimal("-20.00"))
    assert (note.status, actions_of(note, day(2, 5))) == (InvoiceStatus.ISSUED, {})
    with pytest.raises(InvalidMove, match="a credit note is not taken back"):
        void_invoice(invoice_id=note.pk, reason=REASON, at=day(2, 5))


def test_a_paid_invoice_is_not_voided(invoice):
    Invoice.objects.filter(pk=invoice.pk).update(status=InvoiceStatus.PAID)
    with pytest.raises(InvalidMove, match=f"Give a credit note over {invoice} instead"):
        void_invoice(invoice_id=invoice.pk, reason=REASON, at=day(2, 5))
    assert not Invoice.objects.filter(type=InvoiceType.CREDIT_NOTE).exists()


def test_what_a_later_invoice_continues_is_voided_after_it(invoice):
    use(invoice.customer, 300, day(1, 31))
    run_billing(now=day(3, 1, hour=1))
    later = invoice.customer.invoices.latest("pk")
    # 300 x 0.05 more for January, beside the fee of March
    assert later.total == Decimal("35.00")
    with pytest.raises(InvoiceContinued, match=f"Void {later} first: {later} continues what {invoice} billed"):
        void_invoice(invoice_id=invoice.pk, reason=REASON, at=day(3, 2))
    assert not Invoice.objects.filter(type=InvoiceType.CREDIT_NOTE).exists()
    void_invoice(invoice_id=later.pk, reason=REASON, at=day(3, 2))
    void_invoice(invoice_id=invoice.pk, reason=REASON, at=day(3, 2))
    run_billing(now=day(3, 3))
    # 20.00 for January, February and March each, 100 x 0.10 + 350 x 0.05
    assert charged(invoice.customer) == Decimal("87.50")
    assert audited(day(3, 4)) == []


@pytest.mark.parametrize(("rebill", "charges"), [(True, "5.00"), (False, "0.00")])
def test_a_line_by_hand_is_written_again_where_all_is_billed_anew(rebill, charges):
    BillingProfile.objects.filter(is_default=True).update(collection_method="send_invoice")
    customer = CustomerFactory(currency="USD")
    setup = LineTerms(name="Setup", period=Period(day(1, 1), day(1, 2)), invoice_at=day(1, 2), price=SETUP)
    add_pending_lines(customer_id=customer.pk, currency="USD", lines=[setup], at=day(1, 1))
    run_billing(now=day(1, 3))
    note = void_invoice(invoice_id=customer.invoices.issued().get().pk, reason=REASON, rebill=rebill, at=day(1, 4))
    assert [line.amount for line in note.lines.all()] == [Decimal("-5.00")]
    run_billing(now=day(1, 5))
    run_billing(now=day(1, 6))
    # 5.00 - 5.00, and 5.00 where it is billed anew
    assert charged(customer) == Decimal(charges)
    assert audited(day(1, 7)) == []


def test_discounts_and_taxes_of_edited_lines_are_taken_back_too():
    TaxRateFactory(country="DE", percentage=Decimal(19))
    draft = billed(day(2, 1, hour=1), collection_method="send_invoice", is_auto_advancing=False, country="DE")
    fee, usage = draft.lines.order_by("position")
    edit_line(line_id=fee.pk, price={"type": "flat", "amount": "30.00", "paymentTerm": "in_advance"}, at=day(2, 2))
    add_discount(invoice_id=draft.pk, name="Goodwill", percentage=Decimal(10), at=day(2, 2))
    remove_line(line_id=usage.pk, reason="Not our fault", at=day(2, 2))
    invoice = approve_invoice(invoice_id=draft.pk, at=day(2, 3))
    # 30.00 less 10 % is 27.00, and 19 % of it is 5.13
    assert (invoice.total, invoice.discount, invoice.tax_exclusive) == (Decimal("32.13"), 3, Decimal("5.13"))
    note = void_invoice(invoice_id=invoice.pk, reason=REASON, at=day(2, 4))
    assert (note.total, note.discount, note.tax_exclusive) == (Decimal("-32.13"), -3, Decimal("-5.13"))
    assert [tax.amount for tax in note.taxes.all()] == [Decimal("-5.13")]
    for back in note.lines.all():
        assert recompute_line(back).differences == ()
    run_billing(now=day(2, 5))
    again = approve_invoice(invoice_id=invoice.customer.invoices.latest("pk").pk, at=day(2, 6))
    # As agreed and used: 32.50 and 19 %, 6.175, rounded 6.18
    assert again.total == Decimal("38.68")
    assert audited(day(2, 8)) == []
