"""Invoices: read-only, with their lines, payments and document."""

from collections.abc import Collection
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import content_disposition_header
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateTimeFilter
from unfold.decorators import action, display

from invoicing.admin import invoice_panels
from invoicing.admin.credit_notes import CreditActs
from invoicing.admin.draft_edits import DraftActs
from invoicing.admin.invoice_acts import InvoiceActs
from invoicing.csv_export import csv_response, invoice_rows, line_rows
from invoicing.html_document import html_response
from invoicing.lifecycle import FAILED
from invoicing.models import Invoice, InvoiceDocument, InvoiceLine, InvoiceStatus, InvoiceType, Payment
from invoicing.services.documents import document_bytes
from invoicing.usage_csv import usage_rows
from metering import clock
from metering.admin.base import ReadOnlyAdmin
from metering.admin.display import (
    NOTHING,
    Number,
    Panel,
    day,
    days,
    figure,
    hex_of,
    json_of,
    link,
    link_to,
    list_url,
    moment,
    span,
)
from metering.admin.pages import find_row
from pricing.admin.display import money

_SHOWN = 10
_LINES_READ_AT_ONCE = 500
STATUS_LABELS = {
    **{status.label: "danger" for status in FAILED},
    InvoiceStatus.ISSUED.label: "info",
    InvoiceStatus.PAYMENT_PENDING.label: "warning",
    InvoiceStatus.OVERDUE.label: "danger",
    InvoiceStatus.PAID.label: "success",
}


@admin.register(Invoice)
class InvoiceAdmin(CreditActs, DraftActs, InvoiceActs, ReadOnlyAdmin):
    list_display = (
        "number_shown",
        "customer_link",
        "status_shown",
        "total_shown",
        "due_shown",
        "period_days",
        "issued",
        "due",
    )
    list_select_related = ("customer",)
    list_filter = (
        "status",
        "type",
        "currency",
        ("issued_at", RangeDateTimeFilter),
        ("customer", AutocompleteSelectFilter),
    )
    search_fields = ("number", "draft_number", "ulid", "customer__name", "customer__key")
    search_help_text = "Number, id, or name or key of the customer"
    ordering = ("-pk",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("customer", "type"),
                    ("status_shown", "period"),
                    ("total_shown", "due_shown"),
                    ("issued_at", "due_at"),
                    ("collection_at", "draft_until"),
                    ("corrects", "reason"),
                )
            },
        ),
        (
            "More",
            {
                "fields": (
                    ("number", "draft_number"),
                    ("profile", "public_id"),
                    ("billed_at", "supplement"),
                    ("created_at", "quantities_read_at"),
                    ("paid_at", "voided_at"),
                    ("spend_threshold", "external_number"),
                    ("external_invoicing_id", "external_payment_id"),
                    ("supplier_shown", "buyer_shown"),
                    "workflow_shown",
                ),
                "classes": ("collapse",),
            },
        ),
    )
    customer_link = link_to("customer", "customer")
    supplier_shown = json_of("supplier", "seller")
    buyer_shown = json_of("buyer")
    workflow_shown = json_of("workflow", "way of working")
    actions = ["export_invoices", "export_lines", "export_usage"]
    actions_detail = [
        "pdf_action",
        "html_action",
        "advance_action",
        "approve_action",
        "retry_action",
        "snapshot_action",
        "add_line_action",
        "add_discount_action",
        "taxes_action",
        "credit_action",
        "void_action",
        "delete_draft_action",
    ]

    @display(description="number", ordering="pk")
    def number_shown(self, row: Invoice) -> str:
        return str(row)

    @display(description="state", ordering="status", label=STATUS_LABELS)
    def status_shown(self, row: Invoice) -> str:
        return row.get_status_display()

    @display(description="total", ordering="total")
    def total_shown(self, row: Invoice) -> str:
        return money(row.total, row.currency)

    @display(description="open")
    def due_shown(self, row: Invoice) -> str:
        return money(row.due, row.currency) if row.number else NOTHING

    @display(description="period", ordering="period_start")
    def period(self, row: Invoice) -> str:
        return span(row.period_start, row.period_end, row.zone)

    @display(description="period", ordering="period_start")
    def period_days(self, row: Invoice) -> str:
        return days(row.period_start, row.period_end, row.zone)

    @display(description="issued", ordering="issued_at")
    def issued(self, row: Invoice) -> str:
        return day(row.issued_at, row.zone)

    @display(description="due", ordering="due_at")
    def due(self, row: Invoice) -> str:
        return day(row.due_at, row.zone)

    def hidden_actions(self, row: Invoice) -> Collection[str]:
        hidden = {*self.hidden_acts(row), *self.hidden_edits(row)}
        if row.number is None:
            hidden |= {"pdf", "html", "credit"}
        if row.type == InvoiceType.CREDIT_NOTE:
            hidden.add("credit")
        return hidden

    def panels(self, request: HttpRequest, row: Invoice) -> list[Panel]:
        return [
            *invoice_panels.issues(row),
            lines_panel(row),
            invoice_panels.sums(row),
            *invoice_panels.credit_notes(row),
            *invoice_panels.settlement(row),
            payments_panel(row),
            _document_panel(row),
        ]

    @action(description="PDF", url_path="pdf", icon="picture_as_pdf", permissions=["view"])
    def pdf_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = find_row(self, request, object_id)
        content = document_bytes(invoice_id=row.pk, at=clock.now(row.customer))
        headers = {"Content-Disposition": content_disposition_header(as_attachment=False, filename=f"{row}.pdf")}
        return HttpResponse(content, content_type="application/pdf", headers=headers)

    @action(description="View", url_path="html", icon="article", permissions=["view"])
    def html_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = find_row(self, request, object_id)
        return html_response(row, at=clock.now(row.customer))

    @admin.action(description="Export invoices as CSV", permissions=["view"])
    def export_invoices(self, request: HttpRequest, queryset: QuerySet[Invoice]) -> HttpResponseBase:
        return csv_response("invoices.csv", invoice_rows(queryset))

    @admin.action(description="Export their lines as CSV", permissions=["view"])
    def export_lines(self, request: HttpRequest, queryset: QuerySet[Invoice]) -> HttpResponseBase:
        lines = InvoiceLine.objects.filter(invoice__in=queryset.order_by())
        return csv_response("invoice-lines.csv", line_rows(lines))

    @admin.action(description="Export their usage by day as CSV", permissions=["view"])
    def export_usage(self, request: HttpRequest, queryset: QuerySet[Invoice]) -> HttpResponseBase:
        lines = InvoiceLine.objects.filter(invoice__in=queryset.order_by(), meter_version__isnull=False)
        related = lines.select_related("invoice", "feature", "meter_version__meter")
        ordered = related.order_by("invoice_id", "position", "pk")
        return csv_response("invoice-usage.csv", usage_rows(ordered.iterator(chunk_size=_LINES_READ_AT_ONCE)))


@admin.register(InvoiceDocument)
class InvoiceDocumentAdmin(ReadOnlyAdmin):
    is_tracked = False
    list_display = ("invoice_link", "size", "created", "file")
    list_display_links = None
    list_select_related = ("invoice",)
    search_fields = ("invoice__number",)
    search_help_text = "Number of the invoice"
    ordering = ("-pk",)
    fieldsets = ((None, {"fields": (("invoice", "created_at"), ("size", "file"), "sha256_shown")}),)
    invoice_link = link_to("invoice", "invoice")
    sha256_shown = hex_of("sha256", "SHA-256")

    @display(description="rendered", ordering="pk")
    def created(self, row: InvoiceDocument) -> str:
        return moment(row.created_at)

    @display(description="bytes")
    def size(self, row: InvoiceDocument) -> str:
        return figure(len(row.content))

    @display(description="file")
    def file(self, row: InvoiceDocument) -> SafeString:
        return format_html('<a href="{}" class="text-link">PDF</a>', _pdf_url(row.invoice))


def why_link(line: InvoiceLine) -> SafeString:
    """Link to what explains a line."""
    return format_html(
        '<a href="{}" class="text-link">Why?</a>', reverse("admin:invoicing_invoiceline_why", args=(line.pk,))
    )


def invoices_panel(invoices: Any, all_url: str) -> Panel:
    """Show the newest invoices of a customer or a subscription."""
    return Panel(
        title="Invoices",
        headers=("Number", "State", Number("Total"), "Period", "Issued"),
        rows=[
            (
                link(row),
                row.get_status_display(),
                money(row.total, row.currency),
                days(row.period_start, row.period_end, row.zone),
                moment(row.issued_at),
            )
            for row in invoices.order_by("-pk")[:_SHOWN]
        ],
        empty="None yet: the billing run makes one when a period ends.",
        links=[("All invoices", all_url)],
    )


def lines_panel(invoice: Invoice) -> Panel:
    """Show what an invoice charges, each line with its Why."""
    lines = invoice.lines.shown().order_by("position", "pk")[:100]
    return Panel(
        title="Lines",
        headers=("Line", "Why it is here", "Period", Number("Quantity"), Number("Amount"), ""),
        rows=[
            (
                link(line, line.name),
                line.get_cause_display(),
                span(line.period_start, line.period_end, invoice.zone),
                figure(line.quantity),
                money(line.amount, line.currency),
                why_link(line),
            )
            for line in lines
        ],
        empty="None.",
        links=[("All lines", list_url(InvoiceLine, invoice__id__exact=invoice.pk))],
    )


def payments_panel(invoice: Invoice) -> Panel:
    """Show how collecting an invoice went."""
    return Panel(
        title="Payments",
        headers=("Attempt", "State", Number("Amount"), "Reason", "At"),
        rows=[
            (
                link(payment, f"#{payment.attempt} by {payment.provider}"),
                payment.get_status_display(),
                money(payment.amount, payment.currency),
                payment.reason or NOTHING,
                moment(payment.created_at),
            )
            for payment in invoice.payments.order_by("-attempt")[:_SHOWN]
        ],
        empty="None yet.",
        links=[("All payments", list_url(Payment, invoice__id__exact=invoice.pk))],
    )


def _document_panel(invoice: Invoice) -> Panel:
    document = InvoiceDocument.objects.filter(invoice=invoice).first()
    return Panel(
        title="Document",
        headers=("File", "Rendered", "SHA-256"),
        rows=[(link(document), moment(document.created_at), bytes(document.sha256).hex())] if document else [],
        empty="Not rendered yet: a job does that right after the invoice is issued.",
    )


def _pdf_url(invoice: Invoice) -> str:
    return reverse("admin:invoicing_invoice_pdf_action", args=(invoice.pk,))
