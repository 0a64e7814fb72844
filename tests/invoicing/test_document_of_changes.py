"""Documents of real bills: usage pages, what changed since, credit notes; the same bytes whatever happens later."""

from decimal import Decimal

import pytest

from invoicing.models import BillingProfile, Invoice, InvoiceType
from invoicing.pdf import render_pdf
from invoicing.queries.documents import invoice_document
from invoicing.services.bank_transfers import record_bank_transfer
from invoicing.services.billing_run import run_billing
from invoicing.services.invoices import void_invoice
from tests.invoicing.contracts import day, subscribe, use

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer():
    """95 tokens of January are billed, to be paid by hand; 25 came late, and are billed with February's."""
    BillingProfile.objects.update(collection_method="send_invoice")
    customer = subscribe(fee=None).customer
    use(customer, 95, day(1, 10))
    run_billing(now=day(2, 2))
    use(customer, 25, day(1, 20))
    use(customer, 10, day(2, 20))
    run_billing(now=day(3, 2))
    return customer


def document_of(customer, month, type_=InvoiceType.STANDARD):
    return invoice_document(customer.invoices.get(billed_at__month=month, type=type_, number__isnull=False))


def test_each_metered_line_has_its_usage_by_day(customer):
    (page,) = document_of(customer, 2).usage
    assert (page.name, page.total, page.adds_up, page.amount) == ("Tokens", Decimal(95), True, Decimal("9.50"))
    assert [(day.day, quantity) for day, quantity in page.days if quantity] == [(10, Decimal(95))]
    assert len(page.days) == 31
    assert page.steps == (("Tier 1: 95 units from 0 to 95 at 0.1 each = 9.50", Decimal("9.50")),)


def test_a_change_says_what_was_billed_before(customer):
    document = document_of(customer, 3)
    (change,) = [page for page in document.usage if page.change]
    # 100 x 0.10 + 20 x 0.05 = 11.00, less 9.50
    assert change.change == "Until now 95 units = 9.50; now 120 units = 11.00; difference 1.50"
    assert sum(quantity for _, quantity in change.days) == change.total == Decimal(120)
    first = customer.invoices.get(billed_at__month=2)
    assert [line.note for line in document.lines if line.amount == Decimal("1.50")] == [f"Changes what {first} billed"]


def test_a_voided_invoice_comes_back_as_a_note_of_the_same_amounts_without_usage(customer):
    last = customer.invoices.get(billed_at__month=3, number__isnull=False)
    note = void_invoice(invoice_id=last.pk, reason="Wrong address", at=day(3, 3))
    billed, given = invoice_document(last), invoice_document(note)
    assert (given.is_credit_note, given.corrects.number, given.total) == (True, last.number, billed.total)
    assert [line.amount for line in given.lines] == [line.amount for line in billed.lines]
    assert (given.usage, given.payment_note) == ((), f"This credit note gives you back ${billed.total}.")
    run_billing(now=day(3, 4))
    again = invoice_document(customer.invoices.latest("pk"))
    assert (again.total, [line.note for line in again.lines if line.note]) == (
        billed.total,
        [f"Bills again what {note} gave back"],
    )


def test_what_is_paid_later_changes_the_page_and_not_the_file(customer):
    invoice = customer.invoices.get(billed_at__month=2)
    before = render_pdf(invoice_document(invoice))
    record_bank_transfer(
        amount=Decimal("4.00"), currency="USD", received_at=day(2, 9), at=day(2, 9), invoice_id=invoice.pk
    )
    use(customer, 1000, day(1, 11))
    invoice = Invoice.objects.get(pk=invoice.pk)
    assert render_pdf(invoice_document(invoice)) == before
    shown = invoice_document(invoice, at=day(2, 10))
    assert [(settled.name, settled.amount) for settled in shown.settlements] == [
        ("Paid by bank transfer", Decimal("4.00"))
    ]
    assert shown.due == Decimal("5.50")
