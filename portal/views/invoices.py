"""Invoices: the list, one invoice, and their files."""

from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from invoicing.csv_export import csv_response, invoice_rows, line_rows
from invoicing.document import party
from invoicing.models import InvoiceLine
from invoicing.services.documents import document_bytes
from metering import clock
from portal.access import CustomerRequest, customer_required
from portal.downloads import pdf_response
from portal.invoice_words import status_in_words

_A_PAGE = 24


@require_safe
@customer_required
def invoices(request: CustomerRequest) -> HttpResponse:
    """List the customer's invoices, newest first."""
    at, zone = clock.now(request.customer), request.customer.zone
    mine = request.customer.invoices.order_by("-billed_at", "-pk")
    page = Paginator(mine, _A_PAGE).get_page(request.GET.get("page"))
    rows = [(invoice, status_in_words(invoice, at=at, zone=zone)) for invoice in page]
    return render(request, "portal/invoices.html", {"section": "invoices", "page": page, "rows": rows, "zone": zone})


@require_safe
@customer_required
def invoice(request: CustomerRequest, ulid: str) -> HttpResponse:
    """Show one invoice with its lines and payments."""
    found = get_object_or_404(request.customer.invoices, ulid=ulid)
    zone = found.zone
    context = {
        "section": "invoices",
        "invoice": found,
        "seller": party(found.supplier),
        "buyer": party(found.buyer),
        "status": status_in_words(found, at=clock.now(request.customer), zone=zone),
        "lines": found.lines.shown().prefetch_related("detailed_lines").order_by("position"),
        "payments": found.payments.order_by("attempt"),
        "zone": zone,
    }
    return render(request, "portal/invoice.html", context)


@require_safe
@customer_required
def invoice_pdf(request: CustomerRequest, ulid: str) -> HttpResponseBase:
    """Send the document of an issued invoice."""
    found = get_object_or_404(request.customer.invoices.issued(), ulid=ulid)
    content = document_bytes(invoice_id=found.pk, at=clock.now(request.customer))
    return pdf_response(f"{found}.pdf", content)


@require_safe
@customer_required
def invoices_csv(request: CustomerRequest) -> HttpResponseBase:
    """Send the customer's issued invoices, one row each."""
    return csv_response("invoices.csv", invoice_rows(request.customer.invoices.issued()))


@require_safe
@customer_required
def lines_csv(request: CustomerRequest) -> HttpResponseBase:
    """Send the lines of the customer's issued invoices, one row each."""
    lines = InvoiceLine.objects.filter(invoice__in=request.customer.invoices.issued())
    return csv_response("invoice-lines.csv", line_rows(lines))
