"""Invoices with all that the API shows of them, read in a few queries for a whole page."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Prefetch, QuerySet, Sum
from rest_framework.request import Request

from invoicing.lifecycle import InvoiceStatus
from invoicing.models import DetailedLine, Invoice, InvoiceLine
from invoicing.serializers.invoices import ShownLine, invoice_output
from invoicing.services.gathering import gather
from invoicing.services.line_edits import is_removed
from metering import clock
from metering.api.customers import with_subjects
from metering.models import Customer

_Sums = Mapping[int, Mapping[str, Decimal]]


def loaded(invoices: QuerySet[Invoice]) -> QuerySet[Invoice]:
    """Return invoices as `outputs` needs them."""
    return invoices.select_related("profile__app", "corrects").prefetch_related(
        Prefetch("customer", queryset=with_subjects(Customer.objects.all()))
    )


def outputs(
    invoices: Sequence[Invoice], *, request: Request, expand: Sequence[str] = (), include_removed: bool = False
) -> list[dict[str, Any]]:
    """Return invoices as the API shows them, each at the time of its customer; lines where `expand` asks for them."""
    stored = [invoice.pk for invoice in invoices if invoice.status != InvoiceStatus.GATHERING]
    sums = _sums(stored)
    lines = _lines(stored) if "lines" in expand else {}
    gathered = _gathered([invoice for invoice in invoices if invoice.status == InvoiceStatus.GATHERING])
    return [_output(invoice, request, expand, sums, lines, gathered, include_removed) for invoice in invoices]


def _output(
    invoice: Invoice,
    request: Request,
    expand: Sequence[str],
    sums: _Sums,
    lines: Mapping[int, Sequence[InvoiceLine]],
    gathered: Mapping[int, Sequence[ShownLine]],
    include_removed: bool,
) -> dict[str, Any]:
    at, customer = clock.now(invoice.customer), invoice.customer
    if invoice.status == InvoiceStatus.GATHERING:
        shown = list(gathered[invoice.pk])
        invoice.collection_at = min((one.line.invoice_at for one in shown), default=None)
        own: Mapping[str, Decimal] = _sums_of(shown)
    else:
        shown = [_shown(line, invoice) for line in lines.get(invoice.pk, ())]
        shown = [one for one in shown if include_removed or not one.is_removed]
        own = sums.get(invoice.pk, {})
    links = customer.current_links  # type: ignore[attr-defined]
    return invoice_output(
        invoice,
        at=at,
        subject_keys=customer.named_subjects(link.subject.key for link in links),
        sums=own,
        lines=shown if "lines" in expand else None,
        expand=expand,
        has_pending=bool(shown),
        url=_url(invoice, request),
    )


def _gathered(invoices: Sequence[Invoice]) -> Mapping[int, Sequence[ShownLine]]:
    times = {invoice.customer_id: clock.now(invoice.customer) for invoice in invoices}
    found = gather(invoices=invoices, at=times)
    return {
        invoice.pk: [ShownLine(line, parts) for line, parts in one.lines]
        for invoice, one in zip(invoices, found, strict=True)
    }


def _sums(invoice_ids: Sequence[int]) -> _Sums:
    parts = DetailedLine.objects.filter(line__invoice__in=invoice_ids).values("line__invoice", "category")
    sums: dict[int, dict[str, Decimal]] = defaultdict(dict)
    for invoice, category, amount in parts.annotate(sum=Sum("amount")).values_list("line__invoice", "category", "sum"):
        sums[invoice][category] = amount
    return sums


def _sums_of(shown: Sequence[ShownLine]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for part in (part for one in shown for part in one.parts):
        sums[part.category] += part.amount
    return sums


def _lines(invoice_ids: Sequence[int]) -> Mapping[int, Sequence[InvoiceLine]]:
    parts = Prefetch("detailed_lines", queryset=DetailedLine.objects.order_by("position", "pk"))
    related = ("feature", "tax", "subscription_item__subscription", "subscription_item__phase")
    rows = InvoiceLine.objects.shown().filter(invoice__in=invoice_ids).select_related(*related).prefetch_related(parts)
    lines: dict[int, list[InvoiceLine]] = defaultdict(list)
    for line in rows.order_by("position", "pk"):
        lines[line.invoice_id].append(line)
    return lines


def _shown(line: InvoiceLine, invoice: Invoice) -> ShownLine:
    line.invoice = invoice
    return ShownLine(line, list(line.detailed_lines.all()), is_removed(line))


def _url(invoice: Invoice, request: Request) -> str:
    original = invoice.corrects
    return request.build_absolute_uri(f"/api/v1/billing/invoices/{original.ulid}") if original else ""
