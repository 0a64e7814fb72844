"""What is taken off lines by hand: amounts change, and what the lines billed stays known, so it is not billed again."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Max, Sum

from invoicing.models import DetailedLine, DetailedLineCategory, Invoice, InvoiceLine

ADJUSTMENT = "adjustment"
_CHARGED = ["amount", "discount", "tax", "tax_inclusive", "tax_exclusive", "updated_at"]


@transaction.atomic
def waive_invoice(*, invoice: Invoice, reason: str, at: datetime) -> None:
    """Let a draft that the caller holds and saves charge nothing: its lines come to 0, those by hand go."""
    waive_lines(lines=list(invoice.lines.select_related("invoice")), reason=reason, at=at)
    invoice.invoice_discounts.all().delete()
    invoice.taxes.all().delete()
    invoice.amount = invoice.discount = invoice.total = Decimal(0)
    invoice.tax_inclusive = invoice.tax_exclusive = Decimal(0)


@transaction.atomic
def waive_lines(*, lines: Sequence[InvoiceLine], reason: str, at: datetime) -> None:
    """
    Let lines of a draft charge nothing, by an adjustment that says why; lines without an item are deleted.

    The lines stay links of their chains, so that the usage on them counts as billed. The caller adds up the draft.
    """
    by_hand = [line.pk for line in lines if line.subscription_item_id is None]
    DetailedLine.objects.filter(line__in=by_hand).delete()
    InvoiceLine.objects.filter(pk__in=by_hand).delete()
    kept = {line.pk: line for line in lines if line.subscription_item_id is not None}
    DetailedLine.objects.filter(line__in=kept, key=ADJUSTMENT).delete()
    charged = DetailedLine.objects.filter(line__in=kept).values_list("line").annotate(Sum("amount"), Max("position"))
    DetailedLine.objects.bulk_create(
        adjustment(line=kept[pk], position=last + 1, amount=-amount, reason=reason)
        for pk, amount, last in charged.order_by("line")
        if amount
    )
    for line in kept.values():
        line.amount = line.discount = line.tax_inclusive = line.tax_exclusive = Decimal(0)
        line.tax, line.updated_at = None, at
    InvoiceLine.objects.bulk_update(kept.values(), _CHARGED)


def adjustment(*, line: InvoiceLine, position: int, amount: Decimal, reason: str) -> DetailedLine:
    """Return the part of a line that somebody gave or took by hand, not written yet."""
    return DetailedLine(
        line=line,
        position=position,
        key=ADJUSTMENT,
        name=reason,
        category=DetailedLineCategory.ADJUSTMENT,
        quantity=Decimal(1),
        unit_amount=amount,
        amount=amount,
    )
