"""Invoices: written as drafts, then issued with a number that has no gap before it."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction
from django_q.tasks import async_task

from invoicing.lifecycle import Trigger
from invoicing.models import (
    BillingProfile,
    DetailedLine,
    Invoice,
    InvoiceLine,
    InvoiceSequence,
    InvoiceStatus,
    InvoiceType,
)
from invoicing.numbering import draft_name, invoice_number
from invoicing.queries.bills import Bill, PricedLine
from metering.errors import DomainError
from metering.models import Customer
from pricing.money import zero
from pricing.rating import to_json


class BillOutOfBounds(DomainError):
    """A bill that must not go out; a person has to look at it."""

    status = 409
    code = "invoice_out_of_bounds"


def draft_invoice(
    *, bill: Bill, priced: Sequence[PricedLine], customer: Customer, profile: BillingProfile, at: datetime
) -> Invoice:
    """
    Write the invoice of a billing time with its lines, in the caller's transaction, which holds the customer's row.

    The total is the sum of the lines, each of them the sum of its rounded detailed lines. What was agreed after its
    billing time was invoiced gets an invoice of its own.

    :raises BillOutOfBounds: if the total is negative.
    """
    total = sum((line.rated.amount for line in priced), zero(bill.subscription.currency))
    _check_total(total, bill)
    invoice = _draft(bill, priced, total, customer, profile, at)
    # Its usage is read already.
    invoice.move(Trigger.NEXT)
    invoice.move(Trigger.NEXT)
    invoice.save(force_insert=True)
    lines = [_line(invoice, position, line, at) for position, line in enumerate(priced)]
    InvoiceLine.objects.bulk_create(lines)
    DetailedLine.objects.bulk_create(
        part for line, source in zip(lines, priced, strict=True) for part in _detailed_lines(line, source)
    )
    return invoice


@transaction.atomic
def issue_invoice(*, invoice_id: int, at: datetime) -> Invoice:
    """
    Give a draft the next number, freeze seller and buyer with it, and queue its document; payment is due from here on.

    Numbers have no gap, because the series' row stays locked until this transaction ends.

    :raises InvalidMove: if the invoice is not a draft whose usage is collected.
    """
    invoice = Invoice.objects.locked().select_related("customer", "profile").get(pk=invoice_id)
    return issue_draft(invoice=invoice, at=at)


def issue_draft(*, invoice: Invoice, at: datetime) -> Invoice:
    """
    Do the same with a draft that the caller's transaction holds already.

    :raises InvalidMove: if the invoice is not a draft whose usage is collected.
    """
    while invoice.status != InvoiceStatus.ISSUED:
        invoice.move(Trigger.NEXT)
    invoice.sequence_number = _next_number(invoice.profile, invoice.type)
    invoice.number = invoice_number(invoice.profile.number_prefix, invoice.sequence_number)
    invoice.supplier = _supplier(invoice.profile)
    invoice.buyer = _buyer(invoice.customer)
    invoice.issued_at = at
    invoice.due_at = at + invoice.profile.due_after
    invoice.updated_at = at
    invoice.move(Trigger.NEXT)
    invoice.save(
        update_fields=["status", "number", "sequence_number", "supplier", "buyer", "issued_at", "due_at", "updated_at"]
    )
    async_task("invoicing.tasks.store_document", invoice_id=invoice.pk)
    return invoice


def _check_total(total: Decimal, bill: Bill) -> None:
    if total < 0:
        raise BillOutOfBounds(
            f"Check the usage and prices of {bill.subscription.name}: "
            f"its bill of {bill.billed_at.isoformat()} is negative, {total:f} {bill.subscription.currency}."
        )


def _draft(
    bill: Bill, priced: Sequence[PricedLine], total: Decimal, customer: Customer, profile: BillingProfile, at: datetime
) -> Invoice:
    pk = _next_id()
    return Invoice(
        pk=pk,
        customer=customer,
        profile=profile,
        draft_number=draft_name(customer.name, pk),
        currency=bill.subscription.currency,
        status=InvoiceStatus.DRAFT_CREATED,
        billed_at=bill.billed_at,
        supplement=Invoice.objects.filter(
            customer=customer, currency=bill.subscription.currency, billed_at=bill.billed_at, type=InvoiceType.STANDARD
        ).count(),
        period_start=min(line.state.period.start for line in priced),
        period_end=max(line.state.period.end for line in priced),
        time_zone=bill.subscription.time_zone,
        amount=total,
        total=total,
        created_at=at,
        updated_at=at,
    )


def _next_id() -> int:
    """Draw the id before the row exists, because a draft is named after it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('invoicing_invoice', 'id'))")
        return cursor.fetchone()[0]


def _line(invoice: Invoice, position: int, priced: PricedLine, at: datetime) -> InvoiceLine:
    item, state = priced.due.item, priced.state
    return InvoiceLine(
        invoice=invoice,
        position=position,
        subscription_item=item,
        name=item.name,
        type=item.type,
        feature=item.feature,
        meter_version=priced.due.version,
        filters=priced.due.filters,
        price=item.price,
        discounts=item.discounts,
        unit_config=item.unit_config,
        prorate_commitments=item.prorate_commitments,
        tax_config=item.tax_config,
        currency=invoice.currency,
        period_start=state.period.start,
        period_end=state.period.end,
        invoice_at=invoice.billed_at,
        now=state.to_json(),
        quantity=state.quantity,
        usage_discount=priced.rated.usage_discount,
        amount=priced.rated.amount,
        trace=to_json(priced.rated)["steps"],
        created_at=at,
        updated_at=at,
    )


def _detailed_lines(line: InvoiceLine, priced: PricedLine) -> list[DetailedLine]:
    return [
        DetailedLine(
            line=line,
            position=position,
            key=part.key,
            name=part.name,
            category=part.category,
            of=part.of,
            quantity=part.quantity,
            unit_amount=part.unit_amount,
            amount=part.amount,
        )
        for position, part in enumerate(priced.rated.lines)
    ]


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


def _supplier(profile: BillingProfile) -> dict[str, object]:
    return {"name": profile.supplier_name, "tax_id": profile.supplier_tax_id, "address": profile.supplier_address}


def _buyer(customer: Customer) -> dict[str, object]:
    return {
        "name": customer.name,
        "key": customer.key,
        "email": customer.primary_email,
        "address": customer.billing_address,
    }
