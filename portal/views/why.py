"""Why a line of an invoice costs what it costs."""

from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_safe

from invoicing.csv_export import csv_response
from invoicing.models import InvoiceLine
from invoicing.queries import events_gone, explain_line, line_events, recompute_line
from invoicing.usage_csv import event_rows, usage_rows
from portal.access import CustomerRequest, customer_required
from portal.queries import line_usage
from portal.shortcuts import render_page
from portal.usage_chart import usage_chart

_EVENTS_A_PAGE = 25
_MOST_GONE = 100
_CSV_CHUNK = 2000


@require_safe
@customer_required
def why(request: CustomerRequest, invoice: str, line: str) -> HttpResponse:
    """Show the sums, the usage by day and the events behind a line; to htmx only the events."""
    found = _line(request, invoice, line)
    explanation = explain_line(found)
    context = {
        "section": "invoices",
        "invoice": found.invoice,
        "line": found,
        "corrects_url": found.corrects
        and reverse("portal_why", args=[found.corrects.invoice.ulid, found.corrects.ulid]),
        "explanation": explanation,
        "usage": (usage := line_usage(found, explanation)),
        "chart": usage and usage_chart(usage),
        "events": _EventPaginator(found, explanation.event_count).get_page(request.GET.get("page")),
        "gone": events_gone(found)[:_MOST_GONE],
        "zone": found.invoice.zone,
    }
    return render_page(request, "portal/why.html", "portal/_events.html", context)


@require_safe
@customer_required
def recompute(request: CustomerRequest, invoice: str, line: str) -> HttpResponse:
    """Compute a line again from raw events, and show both results."""
    found = _line(request, invoice, line)
    context = {"section": "invoices", "invoice": found.invoice, "line": found, "again": recompute_line(found)}
    return render_page(request, "portal/recompute.html", "portal/_recomputed.html", context)


@require_safe
@customer_required
def events_csv(request: CustomerRequest, invoice: str, line: str) -> HttpResponseBase:
    """Send every event that a line counted."""
    found = _line(request, invoice, line)
    events = line_events(found).iterator(chunk_size=_CSV_CHUNK)
    return csv_response(f"{found.invoice}-line-{found.position + 1}-events.csv", event_rows(events))


@require_safe
@customer_required
def usage_csv(request: CustomerRequest, invoice: str, line: str) -> HttpResponseBase:
    """Send the usage by day that a line counted."""
    found = _line(request, invoice, line)
    return csv_response(f"{found.invoice}-line-{found.position + 1}-usage.csv", usage_rows([found]))


def _line(request: CustomerRequest, invoice: str, line: str) -> InvoiceLine:
    mine = InvoiceLine.objects.filter(invoice__customer=request.customer, invoice__ulid=invoice)
    related = mine.select_related("invoice", "feature", "meter_version__meter", "corrects__invoice")
    return get_object_or_404(related, ulid=line)


def _why_url(line: InvoiceLine | None) -> str:
    return reverse("portal_why", args=[line.invoice.ulid, line.ulid]) if line else ""


class _EventPaginator(Paginator):
    """Pages of events whose number is known from the buckets, so that nobody waits for a count of them all."""

    def __init__(self, line: InvoiceLine, count: int) -> None:
        super().__init__(line_events(line), _EVENTS_A_PAGE)
        self.count = count
