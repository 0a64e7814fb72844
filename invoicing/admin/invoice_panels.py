"""What stands under an invoice beside its lines and payments."""

from invoicing.models import Allocation, Invoice
from metering.admin.display import NOTHING, Number, Panel, figure, link, list_url, moment
from pricing.admin.display import money


def issues(invoice: Invoice) -> list[Panel]:
    """Show what is wrong with a draft, if anything is."""
    rows = [
        (found.get("severity", ""), found.get("message", ""), found.get("field", ""))
        for found in invoice.validation_issues
    ]
    return [Panel(title="What is wrong", headers=("", "What", "Where"), rows=rows, empty="")] if rows else []


def sums(invoice: Invoice) -> Panel:
    """Show how the lines come to the total."""
    rows: list[tuple[object, ...]] = [("Lines", Number(money(invoice.amount, invoice.currency)))]
    for discount in invoice.invoice_discounts.order_by("position"):
        rows.append((link(discount, discount.name), Number(money(-discount.amount, invoice.currency))))
    for tax in invoice.taxes.order_by("position"):
        kind = "on top of" if tax.behavior == "exclusive" else "within"
        text = f"{tax.name} {figure(tax.percentage)} % {kind} {money(tax.taxable, invoice.currency)}"
        rows.append((link(tax, text), Number(money(tax.amount, invoice.currency))))
    rows.append(("Total", Number(money(invoice.total, invoice.currency))))
    return Panel(title="Sum", headers=("", Number("Amount")), rows=rows, empty="")


def credit_notes(invoice: Invoice) -> list[Panel]:
    """Show what was given back of an invoice, if anything was."""
    notes = invoice.credit_notes.order_by("pk")
    rows = [
        (link(note), note.reason or NOTHING, Number(money(note.total, note.currency)), moment(note.issued_at))
        for note in notes
    ]
    if not rows:
        return []
    return [
        Panel(title="Credit notes", headers=("Number", "Reason", Number("Total"), "Issued"), rows=rows, empty=""),
    ]


def settlement(invoice: Invoice) -> list[Panel]:
    """Show what settled an invoice, or where a credit note went; nothing of a draft."""
    if invoice.number is None:
        return []
    return [
        Panel(
            title="Settled by",
            headers=("What", Number("Amount"), "At"),
            rows=[
                (_source(row), Number(money(row.amount, invoice.currency)), moment(row.created_at))
                for row in _allocations(invoice)
            ],
            empty="Nothing yet.",
            links=[("All of it", list_url(Allocation, invoice__id__exact=invoice.pk))],
        )
    ]


def _allocations(invoice: Invoice) -> list[Allocation]:
    found = Allocation.objects.filter(credit_note=invoice) if invoice.total < 0 else invoice.allocations.all()
    return list(found.select_related("invoice", "payment__invoice", "credit_note", "balance_entry").order_by("pk"))


def _source(row: Allocation) -> object:
    if row.payment is not None:
        return link(row.payment)
    if row.balance_entry is not None:
        return link(row.balance_entry, "Credit balance")
    return link(row.credit_note)
