"""The totals of a draft: its discounts, its taxes, and what it comes to."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Model

from invoicing.models import Invoice, InvoiceDiscount, InvoiceLine, InvoiceTax, InvoiceType
from invoicing.queries.credits import billed_lines
from invoicing.queries.taxes import Taxation, taxation_of
from invoicing.taxes import EXCLUSIVE, INCLUSIVE
from invoicing.totals import BilledLine, DiscountTerms, Item, LineAmount, TaxTotal, Totals, give_back, total_up
from invoicing.validation import Issue, replaced
from metering.errors import DomainError

TAX = "tax"
_LINE_FIELDS = ["discount", "tax_id", "tax_inclusive", "tax_exclusive"]
_TAX_FIELDS = ["position", "name", "country", "code", "percentage", "behavior", "taxable", "amount"]
_SUMS = ["amount", "discount", "tax_inclusive", "tax_exclusive", "total"]


class TaxRateUnknown(DomainError):
    """Tax is enforced, and no rate is known."""

    status = 409
    code = "tax_rate_unknown"


def recalculate(*, invoice: Invoice, at: datetime) -> None:
    """
    Compute discounts, taxes and totals of a draft that the caller's transaction holds, and write what changed.

    A line of a credit note that corrects another is taxed, and its discount given back, as that one was. Tax that is
    enforced but has no known rate is noted as a critical validation issue.
    """
    lines = list(invoice.lines.select_related("tax", "corrects").order_by("position", "pk"))
    discounts = list(invoice.invoice_discounts.order_by("position", "pk"))
    seen = [_content(line, _LINE_FIELDS) for line in lines]
    worths = [discount.amount for discount in discounts]
    issues, sums = invoice.validation_issues, _content(invoice, _SUMS)
    taxed = any(line.tax_id for line in lines)
    invoice.updated_at = at
    taxes = foot(invoice=invoice, lines=lines, discounts=discounts)
    if worths != [discount.amount for discount in discounts]:
        InvoiceDiscount.objects.bulk_update(discounts, ["amount"])
    if taxed or taxes:
        _replace_taxes(invoice, lines, taxes)
    changed = [line for line, content in zip(lines, seen, strict=True) if _content(line, _LINE_FIELDS) != content]
    if changed:
        _write_lines(changed, at)
    if sums != _content(invoice, _SUMS) or issues != invoice.validation_issues:
        invoice.save(update_fields=[*_SUMS, "validation_issues", "updated_at"])


def refresh_taxes(*, invoice: Invoice, at: datetime) -> None:
    """
    Total a draft anew where its taxes may have changed since it was drafted, as the buyer's country or rates may have.

    The caller's transaction holds the draft. Nothing is read where neither the buyer has a country nor the draft a tax.

    :raises TaxRateUnknown: if tax is enforced and no rate is known.
    """
    has_tax = bool(invoice.tax_exclusive or invoice.tax_inclusive)
    if not (has_tax or has_tax_issue(invoice) or _address(invoice).get("country")):
        return
    recalculate(invoice=invoice, at=at)
    missing = [issue["message"] for issue in invoice.validation_issues if issue["component"] == TAX]
    if missing:
        raise TaxRateUnknown(missing[0])


def foot(
    *, invoice: Invoice, lines: Sequence[InvoiceLine], discounts: Sequence[InvoiceDiscount] = ()
) -> list[InvoiceTax]:
    """
    Set the totals of a draft, of its lines and of its discounts in memory; return its taxes, not written yet.

    For a draft that is about to be written: write the invoice, then the taxes, then the lines, which point to them.
    Reads the invoice's customer and profile, and rates only where its buyer has a country.
    """
    taxation = _taxation(invoice)
    totals = _totals(invoice, lines, discounts, taxation)
    rows = set_totals(invoice, lines, totals)
    for discount, worth in zip(discounts, totals.discounts, strict=True):
        discount.amount = worth
    _note_missing_rates(invoice, lines, taxation)
    return rows


def has_tax_issue(invoice: Invoice) -> bool:
    """Tell whether a draft is known to lack a tax rate."""
    return any(issue["component"] == TAX for issue in invoice.validation_issues)


def _taxation(invoice: Invoice) -> Taxation:
    return taxation_of(profile=invoice.profile, address=_address(invoice), workflow=invoice.workflow)


def _address(invoice: Invoice) -> Mapping[str, Any]:
    """Return the buyer's address, as somebody wrote it on the draft, else as the customer's record says."""
    return invoice.buyer.get("address", invoice.customer.billing_address) or {}


def set_totals(invoice: Invoice, lines: Sequence[InvoiceLine], totals: Totals) -> list[InvoiceTax]:
    """Set computed totals on a document and its lines, in memory; return its taxes, not written yet."""
    rows = {total.rule: _tax_row(invoice, position, total) for position, total in enumerate(totals.taxes)}
    for line, footed in zip(lines, totals.lines, strict=True):
        line.discount = footed.discount
        line.tax_inclusive, line.tax_exclusive = footed.tax_inclusive, footed.tax_exclusive
        line.tax = rows[footed.rule] if footed.rule else None
    for name in _SUMS:
        setattr(invoice, name, getattr(totals, name))
    return list(rows.values())


def _tax_row(invoice: Invoice, position: int, total: TaxTotal) -> InvoiceTax:
    return InvoiceTax(
        invoice=invoice,
        position=position,
        name=total.rule.name,
        country=total.rule.country,
        code=total.rule.code,
        percentage=total.rule.percentage,
        behavior=INCLUSIVE if total.rule.is_inclusive else EXCLUSIVE,
        taxable=total.taxable,
        amount=total.amount,
    )


def _totals(
    invoice: Invoice, lines: Sequence[InvoiceLine], discounts: Sequence[InvoiceDiscount], taxation: Taxation
) -> Totals:
    back = _given_back(invoice, lines)
    if invoice.type == InvoiceType.CREDIT_NOTE and all(_is_of(invoice.corrects_id, line) for line in lines):
        return _credited(invoice, lines)
    terms = [DiscountTerms(discount.percentage, discount.fixed_amount) for discount in discounts]
    amounts = [_amount(line, back.get(place), taxation) for place, line in enumerate(lines)]
    return total_up(amounts, currency=invoice.currency, discounts=terms)


def _is_of(invoice_id: int | None, line: InvoiceLine) -> bool:
    return line.corrects is not None and line.corrects.invoice_id == invoice_id


def _given_back(invoice: Invoice, lines: Sequence[InvoiceLine]) -> dict[int, BilledLine]:
    """Return, by place, the issued lines that lines of a document give back some of."""
    corrected = {line.corrects_id for line in lines if line.corrects_id and line.amount < 0}
    if not corrected:
        return {}
    issued = InvoiceLine.objects.filter(pk__in=corrected, invoice__number__isnull=False).select_related("tax")
    found = billed_lines(issued, without=invoice.pk)
    return {
        place: found[line.corrects_id]
        for place, line in enumerate(lines)
        if line.amount < 0 and line.corrects_id in found
    }


def _amount(line: InvoiceLine, back: BilledLine | None, taxation: Taxation) -> LineAmount:
    """Return a line as it charges; one that gives back some of an issued line has the tax and the discount of that."""
    if back is None:
        return LineAmount(line.amount, taxation.rule(line.tax_config, until=line.period_end))
    return LineAmount(line.amount, back.billed.rule, -back.discount_back(-line.amount, line.currency))


def _credited(invoice: Invoice, lines: Sequence[InvoiceLine]) -> Totals:
    whole = InvoiceLine.objects.filter(invoice=invoice.corrects_id).select_related("tax").order_by("position", "pk")
    billed = billed_lines(whole, without=invoice.pk)
    places = {pk: place for place, pk in enumerate(billed)}
    items = [Item(places[line.corrects_id], -line.amount) for line in lines if line.corrects_id]
    return give_back(list(billed.values()), items, currency=invoice.currency)


def _note_missing_rates(invoice: Invoice, lines: Sequence[InvoiceLine], taxation: Taxation) -> None:
    found = []
    if taxation.is_enforced and any(line.tax is None for line in lines):
        found = [Issue(TaxRateUnknown.code, _missing(lines, taxation), TAX, field="customer.billingAddress")]
    known = [issue["message"] for issue in invoice.validation_issues if issue["component"] == TAX]
    if known != [issue.message for issue in found]:
        stored, at = invoice.validation_issues, invoice.updated_at
        invoice.validation_issues = replaced(stored, component=TAX, found=found, at=at)


def _missing(lines: Sequence[InvoiceLine], taxation: Taxation) -> str:
    if not taxation.country:
        return "Give the customer a billing address with a country: this profile issues nothing without tax."
    name = next(line.name for line in lines if line.tax is None)
    return f"Add the tax rate of {taxation.country} for {name}: this profile issues nothing without tax."


def _replace_taxes(invoice: Invoice, lines: Sequence[InvoiceLine], taxes: list[InvoiceTax]) -> None:
    """Keep the rows that stayed as they are, so that their lines need not be written."""
    old = {row.position: row for row in invoice.taxes.all()}
    if [_content(row, _TAX_FIELDS) for row in taxes] == [_content(old[place], _TAX_FIELDS) for place in sorted(old)]:
        for row in taxes:
            row.pk = old[row.position].pk
    else:
        invoice.taxes.all().delete()
        InvoiceTax.objects.bulk_create(taxes)
    for line in lines:
        # Reads the key that the row has by now.
        line.tax = line.tax


def _write_lines(lines: Sequence[InvoiceLine], at: datetime) -> None:
    for line in lines:
        line.updated_at = at
    InvoiceLine.objects.bulk_update(lines, ["discount", "tax", "tax_inclusive", "tax_exclusive", "updated_at"])


def _content(row: Model, fields: Sequence[str]) -> list[object]:
    return [getattr(row, field) for field in fields]
