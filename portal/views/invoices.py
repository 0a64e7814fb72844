"""Invoices: the list, one invoice, and their files."""

from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from invoicing.csv_export import csv_response, invoice_rows, line_rows
from invoicing.document import party
from invoicing.html_document import html_response
from invoicing.models import InvoiceLine
from invoicing.queries.balances import balances_of
from invoicing.services.documents import document_bytes
from invoicing.usage_csv import usage_rows
from metering import clock
from portal.access import CustomerRequest, customer_required
from portal.bills import read_bill, shown_invoices
from portal.downloads import pdf_response
from portal.invoice_words import status_in_words

_A_PAGE = 24


@require_safe
@customer_required
def invoices(request: CustomerRequest) -> HttpResponse:
    """List the customer's invoices and credit notes, newest first."""
    at, zone = clock.now(request.customer), request.customer.zone
    page = Paginator(shown_invoices(request.customer), _A_PAGE).get_page(request.GET.get("page"))
    rows = [(invoice, abs(invoice.total), status_in_words(invoice, at=at, zone=zone)) for invoice in page]
    credit = balances_of([request.customer.pk]).get(request.customer.pk, {})
    context = {"section": "invoices", "page": page, "rows": rows, "zone": zone, "credit": sorted(credit.items())}
    return render(request, "portal/invoices.html", context)


@require_safe
@customer_required
def invoice(request: CustomerRequest, ulid: str) -> HttpResponse:
    """Show one invoice or credit note with its lines, and what became of it."""
    found = get_object_or_404(shown_invoices(request.customer), ulid=ulid)
    at = clock.now(request.customer)
    context = {
        "section": "invoices",
        "invoice": found,
        "seller": party(found.supplier),
        "buyer": party(found.buyer),
        "status": status_in_words(found, at=at, zone=found.zone),
        "bill": read_bill(found, at=at),
        "zone": found.zone,
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
def invoice_html(request: CustomerRequest, ulid: str) -> HttpResponse:
    """Show the document of an issued invoice as a page of its own, with what is settled by now."""
    found = get_object_or_404(request.customer.invoices.issued(), ulid=ulid)
    return html_response(found, at=clock.now(request.customer))


@require_safe
@customer_required
def invoice_usage(request: CustomerRequest, ulid: str) -> HttpResponseBase:
    """Send the usage by day behind all lines of an invoice."""
    found = get_object_or_404(shown_invoices(request.customer), ulid=ulid)
    lines = found.lines.select_related("invoice", "feature", "meter_version__meter").order_by("position", "pk")
    return csv_response(f"{found}-usage.csv", usage_rows(lines))


@require_safe
@customer_required
def invoices_csv(request: CustomerRequest) -> HttpResponseBase:
    """Send the customer's issued invoices and credit notes, one row each."""
    return csv_response("invoices.csv", invoice_rows(request.customer.invoices.issued()))


@require_safe
@customer_required
def lines_csv(request: CustomerRequest) -> HttpResponseBase:
    """Send the lines of the customer's issued invoices and credit notes, one row each."""
    lines = InvoiceLine.objects.filter(invoice__in=request.customer.invoices.issued())
    return csv_response("invoice-lines.csv", line_rows(lines))
