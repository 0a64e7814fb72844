"""What was given back of issued invoices so far."""

from collections.abc import Iterable
from decimal import Decimal

from django.db.models import Q, Sum

from invoicing.models import Invoice, InvoiceLine, InvoiceStatus, InvoiceTax, InvoiceType
from invoicing.taxes import INCLUSIVE, TaxRule
from invoicing.totals import BilledLine, LineTotals

_NOTHING = (Decimal(0), Decimal(0), Decimal(0))


def billed_lines(lines: Iterable[InvoiceLine], *, without: int | None = None) -> dict[int, BilledLine]:
    """
    Return what issued lines charge and what was given back of each, by the line's pk, in one query.

    Drafts that give something back count as well; the document `without` does not. The lines are read with their tax.
    """
    lines = list(lines)
    back = (
        InvoiceLine.objects.filter(corrects__in=[line.pk for line in lines], amount__lt=0)
        .exclude(Q(invoice__status__in=[InvoiceStatus.DELETED, InvoiceStatus.VOIDED]) | Q(invoice=without))
        .values("corrects")
        .annotate(amounts=Sum("amount"), discounts=Sum("discount"), taxes=Sum("tax_inclusive") + Sum("tax_exclusive"))
        .values_list("corrects", "amounts", "discounts", "taxes")
    )
    given = {line: tuple(-part for part in parts) for line, *parts in back}
    return {line.pk: BilledLine(line_totals(line), *given.get(line.pk, _NOTHING)) for line in lines}


def line_totals(line: InvoiceLine) -> LineTotals:
    """Return a line's stored totals; it is read with its tax."""
    rule = rule_of(line.tax) if line.tax else None
    return LineTotals(line.amount, line.discount, rule, line.tax_inclusive + line.tax_exclusive)


def rule_of(tax: InvoiceTax) -> TaxRule:
    """Return the rate that stands on an invoice."""
    return TaxRule(tax.name, tax.country, tax.code, tax.percentage, tax.behavior == INCLUSIVE)


def left_to_credit(invoice: Invoice) -> Decimal:
    """Return how much of an issued invoice, tax included, no credit note gave back yet."""
    notes = Invoice.objects.filter(corrects=invoice, type=InvoiceType.CREDIT_NOTE)
    given = notes.exclude(status=InvoiceStatus.DELETED).aggregate(total=Sum("total"))["total"]
    return invoice.total + (given or 0)
