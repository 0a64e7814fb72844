"""Drafts and issued invoices with lines by hand, for tests of totals, credit notes and payments."""

from decimal import Decimal

from django.db import transaction

from invoicing.lifecycle import InvoiceStatus, Trigger
from invoicing.models import BillingProfile, Invoice, ManagedBy
from invoicing.services.payments import hold_invoice
from invoicing.services.totals import recalculate
from invoicing.services.walks import walk
from tests import factories
from tests.invoicing.contracts import day

SENT = {"payment": {"collectionMethod": "send_invoice"}}
GERMAN = {"country": "DE"}


def customer(**kwargs):
    return factories.CustomerFactory(**{"billing_address": GERMAN, **kwargs})


def draft(*amounts, discounts=(), tax_configs=(), workflow=SENT, **kwargs):
    """A draft of January 2026 that is open for changes, with a line by hand for each amount, totalled."""
    kwargs.setdefault("profile", BillingProfile.objects.get(is_default=True))
    invoice = factories.InvoiceFactory(
        status=InvoiceStatus.DRAFT_WAITING_AUTO_APPROVAL,
        total=Decimal(0),
        workflow=workflow,
        **{"customer": kwargs.pop("customer", None) or customer(), **kwargs},
    )
    for position, amount in enumerate(amounts):
        config = tax_configs[position] if tax_configs else None
        line = factories.InvoiceLineFactory(
            invoice=invoice,
            position=position,
            subscription_item=None,
            managed_by=ManagedBy.MANUAL,
            name=f"Line {position}",
            type="flat_fee",
            price={"type": "flat", "amount": str(amount), "paymentTerm": "in_arrears"},
            tax_config=config,
            now=None,
            amount=Decimal(amount),
        )
        factories.DetailedLineFactory(line=line, unit_amount=line.amount, amount=line.amount)
    for position, terms in enumerate(discounts):
        factories.InvoiceDiscountFactory(invoice=invoice, position=position, **terms)
    recalculate(invoice=invoice, at=day(2, 1))
    return invoice


def issued(*amounts, at=None, **kwargs):
    """An issued invoice that waits for the customer's money."""
    with transaction.atomic():
        invoice = hold_invoice(draft(*amounts, **kwargs).pk)
        return walk(invoice=invoice, at=at or day(2, 1), trigger=Trigger.APPROVE)


def again(invoice):
    return Invoice.objects.get(pk=invoice.pk)


def vat(percentage, code=None, country="DE", **kwargs):
    return factories.TaxRateFactory(percentage=Decimal(percentage), code=code, country=country, **kwargs)
