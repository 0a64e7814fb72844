"""Invoice lines, and why each costs what it costs."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import action, display

from invoicing.admin.draft_edits import LineActs
from invoicing.csv_export import csv_response
from invoicing.lines import LineState
from invoicing.models import DetailedLine, InvoiceLine
from invoicing.queries import LineExplanation, Recomputed, events_gone, explain_line, line_events, recompute_line
from invoicing.usage_csv import event_rows, usage_rows
from metering.admin.base import ReadOnlyAdmin
from metering.admin.display import NOTHING, Number, Panel, days, figure, json_of, link, link_to, moment, span
from metering.admin.pages import find_row, render_page
from metering.admin.usage import DayOfUsage, days_of_usage
from metering.models import Event
from pricing.admin.display import money, price_block
from pricing.rating import Step

_EVENTS_A_PAGE = 25
_MOST_GONE = 100
_CSV_CHUNK = 2000
_EVENT_HEADERS = ("Time (UTC)", "Subject", "Id", "Data")
_INSTANT = timedelta(microseconds=1)
_STEPS = ("Sum", Number("Exactly"), Number("Rounded"))


@admin.register(InvoiceLine)
class InvoiceLineAdmin(LineActs, ReadOnlyAdmin):
    list_display = (
        *("name", "invoice_link", "customer_link", "type", "cause"),
        *("period_days", "quantity_shown", "amount_shown"),
    )
    list_select_related = ("invoice__customer",)
    list_filter = (
        "type",
        "cause",
        "managed_by",
        "currency",
        ("invoice", AutocompleteSelectFilter),
        ("feature", AutocompleteSelectFilter),
    )
    search_fields = ("name", "ulid", "invoice__number", "invoice__customer__name", "invoice__customer__key")
    search_help_text = "Name, id, number of the invoice, or name or key of the customer"
    ordering = ("-pk",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("invoice", "customer_link"),
                    ("quantity_shown", "amount_shown"),
                    ("discount_shown", "total_shown"),
                    ("tax_inclusive_shown", "tax_exclusive_shown"),
                    "period",
                    ("cause", "corrects"),
                    ("feature", "meter_version"),
                    "price_shown",
                    ("discounts_shown", "unit_config_shown"),
                )
            },
        ),
        (
            "More",
            {
                "fields": (
                    ("subscription_item", "sequence"),
                    ("managed_by", "invoice_at"),
                    ("before_shown", "now_shown"),
                    ("filters_shown", "public_id"),
                ),
                "classes": ("collapse",),
            },
        ),
    )
    invoice_link = link_to("invoice", "invoice")
    customer_link = link_to("invoice.customer", "customer")
    before_shown = json_of("before")
    now_shown = json_of("now")
    filters_shown = json_of("filters")
    discounts_shown = json_of("discounts")
    unit_config_shown = json_of("unit_config", "unit conversion")
    actions_detail = ["why", "edit_action", "remove_action"]

    def hidden_actions(self, row: InvoiceLine) -> Collection[str]:
        return self.hidden_edits(row)

    @display(description="period", ordering="period_start")
    def period(self, row: InvoiceLine) -> str:
        return span(row.period_start, row.period_end, row.invoice.zone)

    @display(description="period", ordering="period_start")
    def period_days(self, row: InvoiceLine) -> str:
        return days(row.period_start, row.period_end, row.invoice.zone)

    @display(description="quantity", ordering="quantity")
    def quantity_shown(self, row: InvoiceLine) -> str:
        return figure(row.quantity)

    @display(description="amount", ordering="amount")
    def amount_shown(self, row: InvoiceLine) -> str:
        return money(row.amount, row.currency)

    @display(description="share of discounts")
    def discount_shown(self, row: InvoiceLine) -> str:
        return money(row.discount, row.currency)

    @display(description="tax within the price")
    def tax_inclusive_shown(self, row: InvoiceLine) -> str:
        return money(row.tax_inclusive, row.currency)

    @display(description="tax on top")
    def tax_exclusive_shown(self, row: InvoiceLine) -> str:
        return money(row.tax_exclusive, row.currency)

    @display(description="total")
    def total_shown(self, row: InvoiceLine) -> str:
        return money(row.total, row.currency)

    @display(description="price")
    def price_shown(self, row: InvoiceLine) -> Any:
        return price_block(row.price, row.currency)

    def panels(self, request: HttpRequest, row: InvoiceLine) -> list[Panel]:
        return [_parts_panel(row)]

    @action(description="Why?", url_path="why", icon="help", permissions=["view"])
    def why(self, request: HttpRequest, object_id: str) -> HttpResponse:
        line = _line(self, request, object_id)
        explanation = explain_line(line)
        return render_page(
            self,
            request,
            "admin/console/why.html",
            row=line,
            title=f"Why {line.name} costs {money(line.amount, line.currency)}",
            line=line,
            facts=_facts(line, explanation),
            explanation=explanation,
            corrects_url=line.corrects and reverse("admin:invoicing_invoiceline_why", args=(line.corrects.pk,)),
            days=_days(line, explanation),
            events=_events_page(request, line, explanation),
            gone=[_event_row(event) for event in events_gone(line)[:_MOST_GONE]],
            event_headers=_EVENT_HEADERS,
            recompute_url="../recompute/",
            events_csv_url="../events.csv",
            usage_csv_url="../usage.csv",
        )

    def get_urls(self) -> list[Any]:
        own = [
            path(
                f"<path:object_id>/{tail}",
                self.admin_site.admin_view(view),
                name=f"invoicing_invoiceline_{name}",
            )
            for tail, view, name in (
                ("recompute/", self.recompute, "recompute"),
                ("events.csv", self.events_csv, "events_csv"),
                ("usage.csv", self.usage_csv, "usage_csv"),
            )
        ]
        return [*own, *super().get_urls()]

    def events_csv(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Send every event that a line counted."""
        line = _viewable_line(self, request, object_id)
        events = line_events(line).iterator(chunk_size=_CSV_CHUNK)
        return csv_response(f"{line.invoice}-line-{line.position + 1}-events.csv", event_rows(events))

    def usage_csv(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Send the usage by day that a line counted."""
        line = _viewable_line(self, request, object_id)
        return csv_response(f"{line.invoice}-line-{line.position + 1}-usage.csv", usage_rows([line]))

    def recompute(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Compute a line again from raw events and show both results beside each other."""
        line = _viewable_line(self, request, object_id)
        again = recompute_line(line)
        return render_page(
            self,
            request,
            "admin/console/recompute.html",
            row=line,
            title=f"{line.name}, computed again",
            line=line,
            again=again,
            comparison=_comparison(line, again),
            comparison_headers=("", Number("On the invoice"), Number("Computed again from raw events")),
            steps=_step_rows(again.steps, line.currency),
            step_headers=_STEPS,
            why_url="../why/",
        )


class _EventPaginator(Paginator):
    """Pages of events whose number is known from the buckets, so that nothing counts the events themselves."""

    def __init__(self, line: InvoiceLine, count: int) -> None:
        super().__init__(line_events(line), _EVENTS_A_PAGE)
        self.count = count


def _viewable_line(admin_page: InvoiceLineAdmin, request: HttpRequest, object_id: str) -> InvoiceLine:
    if not admin_page.has_view_permission(request):
        raise PermissionDenied
    return _line(admin_page, request, object_id)


def _line(admin_page: InvoiceLineAdmin, request: HttpRequest, object_id: str) -> InvoiceLine:
    line = find_row(admin_page, request, object_id)
    related = InvoiceLine.objects.select_related(
        "invoice__customer", "feature", "meter_version__meter", "corrects__invoice"
    )
    return related.get(pk=line.pk)


def _facts(line: InvoiceLine, explanation: LineExplanation) -> list[tuple[str, object]]:
    facts: list[tuple[str, object]] = [
        ("Invoice", link(line.invoice)),
        ("Customer", link(line.invoice.customer)),
        ("Amount", money(line.amount, line.currency)),
        ("Quantity", figure(line.quantity)),
        ("Period", span(line.period_start, line.period_end, line.invoice.zone)),
        ("Price", price_block(line.price, line.currency)),
    ]
    counted = explanation.counted
    if line.meter_version is not None and counted is not None:
        facts += [
            ("Meter", link(line.meter_version)),
            ("Events counted", figure(explanation.event_count)),
            ("Up to batch", figure(counted.bound)),
        ]
    if line.usage_discount:
        facts.append(("Of these, free", figure(line.usage_discount)))
    if counted is not None and counted.stretches:
        facts.append(("Used before", _carried_text(line, counted)))
    if counted is not None and counted.billed is not None:
        lines = len(counted.counted)
        facts.append(("Lines counted", f"{figure(lines)}, {money(counted.billed, line.currency)} in all"))
    return facts


def _carried_text(line: InvoiceLine, state: LineState) -> str:
    zone = line.invoice.zone
    times = ", ".join(span(stretch.start, stretch.end, zone) for stretch in state.stretches)
    return f"{figure(state.carried)} under an earlier price, {times}"


def _step_rows(steps: tuple[Step, ...], currency: str) -> list[tuple[object, ...]]:
    return [
        (step.text, *((money(step.exact, currency), money(step.rounded, currency)) if step.key else (NOTHING, NOTHING)))
        for step in steps
    ]


def _days(line: InvoiceLine, explanation: LineExplanation) -> list[DayOfUsage]:
    zone, counted = line.invoice.zone, explanation.counted
    if counted is None:
        return []
    first = counted.period.start.astimezone(zone).date()
    last = (counted.period.end - _INSTANT).astimezone(zone).date()
    return list(days_of_usage(dict(explanation.usage_by_day), first, last))


def _events_page(request: HttpRequest, line: InvoiceLine, explanation: LineExplanation) -> dict[str, Any]:
    page = _EventPaginator(line, explanation.event_count).get_page(request.GET.get("page"))
    return {
        "page": page,
        "headers": (*_EVENT_HEADERS, ""),
        "rows": [(*_event_row(event), _new_text(event, explanation)) for event in page.object_list],
    }


def _new_text(event: Event, explanation: LineExplanation) -> str:
    """Mark what came after the line before was billed."""
    before, now = explanation.before, explanation.now
    is_new = before is not None and now is not None and event.batch_id > (before.bound or 0)
    return "New since it was billed" if is_new else ""


def _event_row(event: Event) -> tuple[object, ...]:
    return link(event, moment(event.time)), event.subject, event.event_id, _data_text(event.data)


def _data_text(data: object) -> str:
    if not isinstance(data, dict):
        return "" if data is None else str(data)
    return ", ".join(f"{name}: {value}" for name, value in data.items())


def _comparison(line: InvoiceLine, again: Recomputed) -> list[tuple[object, ...]]:
    return [
        ("Quantity", figure(line.quantity), figure(again.quantity)),
        ("Amount", money(line.amount, line.currency), money(again.amount, line.currency)),
    ]


def _parts_panel(line: InvoiceLine) -> Panel:
    return Panel(
        title="Detailed lines",
        headers=("Part", "Kind", Number("Quantity"), Number("Each"), Number("Amount")),
        rows=[
            (
                link(part, part.name),
                part.get_category_display(),
                figure(part.quantity),
                money(part.unit_amount, line.currency),
                money(part.amount, line.currency),
            )
            for part in line.detailed_lines.order_by("position")
        ],
        empty="None: the line costs nothing.",
    )


@admin.register(DetailedLine)
class DetailedLineAdmin(ReadOnlyAdmin):
    is_tracked = False
    list_display = ("name", "line_link", "category", "quantity_shown", "each", "amount_shown")
    list_select_related = ("line__invoice",)
    list_filter = ("category",)
    search_fields = ("name", "line__name", "line__invoice__number")
    search_help_text = "Name of the part or the line, or number of the invoice"
    ordering = ("-pk",)
    fieldsets = (
        (None, {"fields": ("line", ("name", "key"), ("quantity_shown", "each", "amount_shown"), ("category", "of"))}),
    )
    line_link = link_to("line", "line")

    @display(description="quantity", ordering="quantity")
    def quantity_shown(self, row: DetailedLine) -> str:
        return figure(row.quantity)

    @display(description="each", ordering="unit_amount")
    def each(self, row: DetailedLine) -> str:
        return money(row.unit_amount, row.line.currency)

    @display(description="amount", ordering="amount")
    def amount_shown(self, row: DetailedLine) -> str:
        return money(row.amount, row.line.currency)
