"""Issuing numbers an invoice and freezes it, whatever code comes along."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django_q.models import OrmQ

from invoicing.lifecycle import InvalidMove
from invoicing.models import DetailedLine, Invoice, InvoiceLine, InvoiceSequence, InvoiceStatus
from invoicing.services.invoices import advance_invoice
from tests import factories
from tests.invoicing.contracts import day

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft():
    customer = factories.CustomerFactory(
        key="acme", name="Acme", primary_email="billing@acme.example", billing_address={"country": "DE"}
    )
    profile = factories.BillingProfileFactory(
        supplier_name="Tokens Ltd", supplier_tax_id="DE1", supplier_address={"country": "FR"}, number_prefix="INV-"
    )
    factories.InvoiceSequenceFactory(profile=profile)
    invoice = factories.InvoiceFactory(customer=customer, profile=profile)
    factories.DetailedLineFactory(line__invoice=invoice)
    return invoice


@pytest.fixture
def issued(draft):
    return advance_invoice(invoice_id=draft.pk, at=day(2, 1, hour=1))


def test_it_takes_a_number_and_the_times(draft):
    issued = advance_invoice(invoice_id=draft.pk, at=day(2, 1, hour=1))
    issued.refresh_from_db()
    assert (issued.number, issued.status) == ("INV-000001", InvoiceStatus.PAID)
    assert (issued.issued_at, issued.due_at) == (day(2, 1, hour=1), day(2, 1, hour=1) + timedelta(days=30))


def test_it_copies_seller_and_buyer(issued):
    assert issued.supplier == {"name": "Tokens Ltd", "tax_id": "DE1", "address": {"country": "FR"}}
    assert issued.buyer == {
        "name": "Acme",
        "key": "acme",
        "email": "billing@acme.example",
        "address": {"country": "DE"},
    }


def test_it_queues_the_document_with_the_transaction(draft):
    advance_invoice(invoice_id=draft.pk, at=day(2, 1))
    (job,) = OrmQ.objects.all()
    assert job.func() == "invoicing.tasks.store_document"
    assert job.task["kwargs"] == {"invoice_id": draft.pk}


def test_it_refuses_an_invoice_that_has_a_number_and_takes_none(issued):
    with pytest.raises(InvalidMove):
        advance_invoice(invoice_id=issued.pk, at=day(2, 2))
    series = InvoiceSequence.objects.get(profile=issued.profile, type="standard")
    assert series.last_number == 1


def refused(sql, *values):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)
    return True


@pytest.mark.parametrize(
    "change",
    [
        "total = 1",
        "number = 'INV-9'",
        "number = NULL, issued_at = NULL, status = 'draft.created'",
        "sequence_number = 9",
        "supplier = '{}'",
        "buyer = '{}'",
        "currency = 'EUR'",
        "issued_at = now()",
        "due_at = now()",
        "period_end = now()",
        "billed_at = now()",
        "ulid = '01'",
        "status = 'paid', total = 1",
    ],
)
def test_the_database_refuses_to_change_an_issued_invoice(issued, change):
    before = Invoice.objects.values().get()
    assert refused(f"UPDATE invoicing_invoice SET {change}")
    assert Invoice.objects.values().get() == before


@pytest.mark.parametrize("table", ["detailedline", "invoiceline", "invoice"])
def test_the_database_refuses_to_delete_what_was_issued(issued, table):
    assert refused(f"DELETE FROM invoicing_{table}")


@pytest.mark.parametrize("change", ["amount = 1", "quantity = 2", "trace = '[]'", "name = 'x'", "now = '{\"a\": 1}'"])
def test_the_database_refuses_to_change_the_lines_of_an_issued_invoice(issued, change):
    assert refused(f"UPDATE invoicing_invoiceline SET {change}")


def test_the_database_refuses_to_change_detailed_lines_of_an_issued_invoice(issued):
    assert refused("UPDATE invoicing_detailedline SET amount = 1")


def test_the_database_refuses_lines_that_join_or_leave_an_issued_invoice(issued):
    line = issued.lines.get()
    other = factories.DetailedLineFactory()
    assert refused("UPDATE invoicing_invoiceline SET invoice_id = %s WHERE id = %s", other.line.invoice_id, line.pk)
    assert refused("UPDATE invoicing_invoiceline SET invoice_id = %s WHERE id = %s", issued.pk, other.line_id)
    assert refused("UPDATE invoicing_detailedline SET line_id = %s WHERE id = %s", line.pk, other.pk)
    with pytest.raises(DatabaseError), transaction.atomic():
        factories.InvoiceLineFactory(invoice=issued)
    with pytest.raises(DatabaseError), transaction.atomic():
        factories.DetailedLineFactory(line=line, key="another")
    assert (issued.lines.count(), line.detailed_lines.count()) == (1, 1)


def test_status_and_payment_time_of_an_issued_invoice_may_move(issued):
    Invoice.objects.filter(pk=issued.pk).update(status=InvoiceStatus.PAID, paid_at=day(2, 2))
    issued.refresh_from_db()
    assert (issued.status, issued.paid_at) == (InvoiceStatus.PAID, day(2, 2))


def test_drafts_and_their_lines_may_change_and_go(draft):
    InvoiceLine.objects.update(amount=Decimal(1))
    DetailedLine.objects.all().delete()
    InvoiceLine.objects.all().delete()
    Invoice.objects.filter(pk=draft.pk).update(amount=1, total=1)
    draft.delete()
    assert not Invoice.objects.exists()


@pytest.mark.parametrize("statement", ["UPDATE invoicing_payment SET amount = 1", "DELETE FROM invoicing_payment"])
def test_payments_are_only_added(statement):
    factories.PaymentFactory()
    assert refused(statement)


@pytest.mark.parametrize(
    "statement", ["UPDATE invoicing_invoicedocument SET content = ''", "DELETE FROM invoicing_invoicedocument"]
)
def test_documents_are_only_added(statement):
    factories.InvoiceDocumentFactory()
    assert refused(statement)


@pytest.mark.parametrize("change", ["last_number + 2", "last_number - 1", "0"])
def test_a_series_counts_by_one(issued, change):
    assert refused(f"UPDATE invoicing_invoicesequence SET last_number = {change}")
