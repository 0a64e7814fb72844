"""An invoice or a credit note as its page shows it: what a credit note gives back is above zero."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import QuerySet

from invoicing.document import Settlement
from invoicing.lifecycle import InvoiceStatus
from invoicing.models import Invoice, InvoiceLine, InvoiceType, Payment
from invoicing.queries.documents import discounts_of, is_charged, settlements_of, taxes_of
from metering.models import Customer
from portal.templatetags.money import money, quantity

# Nobody is asked to pay these, and what they hold is on the open bill or on other invoices.
_HIDDEN = [InvoiceStatus.GATHERING, *(status for status in InvoiceStatus if status.startswith("delete"))]


@dataclass(frozen=True)
class Sum:
    """A step on the way from the lines to the total."""

    name: str
    amount: Decimal


@dataclass(frozen=True)
class BillOfInvoice:
    """What is on an invoice; `sign` turns the amounts of a credit note above zero."""

    sign: int
    is_credit_note: bool
    lines: Sequence[InvoiceLine]
    sums: tuple[Sum, ...]
    total: Decimal
    settlements: tuple[Settlement, ...]
    due: Decimal
    is_charged: bool
    payments: Sequence[Payment]
    credit_notes: Sequence[Invoice]

    @property
    def settled_sign(self) -> int:
        """What pays an invoice is taken off its total; what a credit note was used for is shown as it is."""
        return 1 if self.is_credit_note else -1

    @property
    def has_usage(self) -> bool:
        return any(line.meter_version_id for line in self.lines)


def shown_invoices(customer: Customer) -> QuerySet[Invoice]:
    """Return the invoices and credit notes that a customer may look at, newest first."""
    shown = customer.invoices.exclude(status__in=_HIDDEN)
    return shown.select_related("corrects", "profile").order_by("-billed_at", "-pk")


def read_bill(invoice: Invoice, *, at: datetime) -> BillOfInvoice:
    """Return what an invoice says, with what was settled up to a time."""
    is_credit_note = invoice.type == InvoiceType.CREDIT_NOTE
    sign = -1 if is_credit_note else 1
    return BillOfInvoice(
        sign=sign,
        is_credit_note=is_credit_note,
        lines=list(invoice.lines.shown().prefetch_related("detailed_lines").order_by("position", "pk")),
        sums=tuple(_sums(invoice, sign)),
        total=sign * invoice.total,
        settlements=tuple(settlements_of(invoice, at)),
        due=sign * invoice.due,
        is_charged=is_charged(invoice),
        payments=list(invoice.payments.order_by("attempt")),
        credit_notes=list(invoice.credit_notes.issued().order_by("issued_at", "pk")),
    )


def _sums(invoice: Invoice, sign: int) -> list[Sum]:
    taken_off = [Sum(discount.name, -discount.amount) for discount in discounts_of(invoice, sign)]
    taxes = list(taxes_of(invoice, sign))
    added = [
        Sum(
            f"{'Includes ' if tax.is_inclusive else ''}{tax.name} {quantity(tax.percentage)} % on "
            f"{money(tax.taxable, invoice.currency)}",
            tax.amount,
        )
        for tax in taxes
    ]
    differs = taken_off or any(not tax.is_inclusive for tax in taxes)
    return [*([Sum("Subtotal", sign * invoice.amount)] if differs else []), *taken_off, *added]
