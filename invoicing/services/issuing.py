"""Issuing: a number that has no gap before it, and what an invoice keeps from then on."""

from datetime import datetime, timedelta

from django.db import connection
from django_q.tasks import async_task

from invoicing.models import BillingProfile, Invoice, InvoiceSequence, InvoiceType
from invoicing.numbering import invoice_number
from invoicing.workflow import parse_wait
from metering.models import Customer


def issue(*, invoice: Invoice, at: datetime) -> None:
    """
    Give an invoice or credit note the next number, freeze seller and buyer with it, and queue its document.

    The caller's transaction holds the row and saves it. Numbers have no gap, because the series' row stays locked until
    that transaction ends; so let nothing fail after this.
    """
    profile = invoice.profile
    is_note = invoice.type == InvoiceType.CREDIT_NOTE
    # What somebody wrote on the draft stays.
    invoice.supplier = _supplier(profile) | invoice.supplier
    invoice.buyer = _buyer(invoice.customer) | invoice.buyer
    invoice.issued_at = at
    invoice.due_at = None if is_note else at + _due_after(invoice)
    async_task("invoicing.tasks.store_document", invoice_id=invoice.pk)
    # Last, because from here on everybody else who issues waits.
    invoice.sequence_number = _next_number(profile, invoice.type)
    prefix = profile.credit_note_prefix if is_note else profile.number_prefix
    invoice.number = invoice_number(prefix, invoice.sequence_number)


def next_invoice_id() -> int:
    """Draw the id of an invoice before the row exists, because a draft is named after it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('invoicing_invoice', 'id'))")
        return cursor.fetchone()[0]


def _next_number(profile: BillingProfile, type: str) -> int:
    """Count on, and keep the series' row locked until the transaction ends."""
    table = InvoiceSequence._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET last_number = last_number + 1 WHERE profile_id = %s AND type = %s "  # noqa: S608
            "RETURNING last_number",
            [profile.pk, type],
        )
        return cursor.fetchone()[0]


def _due_after(invoice: Invoice) -> timedelta:
    stored = invoice.workflow.get("invoicing", {}).get("dueAfter")
    return parse_wait(stored) if stored else invoice.profile.due_after


def _supplier(profile: BillingProfile) -> dict[str, object]:
    return {"name": profile.supplier_name, "tax_id": profile.supplier_tax_id, "address": profile.supplier_address}


def _buyer(customer: Customer) -> dict[str, object]:
    return {
        "name": customer.name,
        "key": customer.key,
        "email": customer.primary_email,
        "address": customer.billing_address,
    }
