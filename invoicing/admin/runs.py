"""Billing runs: what each did, and starting one by hand."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from invoicing.anomalies import WORDS
from invoicing.models import BillingRun
from invoicing.queries.anomalies import NotableBill, notable_bills
from invoicing.services.billing_run import preview_billing, run_billing
from metering import clock
from metering.admin.base import ReadOnlyAdmin
from metering.admin.display import NOTHING, Number, Panel, change_url, figure, link, moment
from metering.admin.pages import render_page, run_action
from metering.models import Customer
from pricing.admin.display import money

# So many are listed; of more, somebody looks at the invoices themselves.
_MOST_SHOWN = 200


@admin.register(BillingRun)
class BillingRunAdmin(ReadOnlyAdmin):
    is_tracked = False
    list_display = ("as_of_shown", "state", "customers", "invoices", "failure_count", "started", "finished")
    list_filter = (("finished_at", admin.EmptyFieldListFilter),)
    search_fields = ("ulid",)
    search_help_text = "Id"
    ordering = ("-pk",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("as_of", "bound_shown"),
                    ("started_at", "finished_at"),
                    ("customers", "done"),
                    ("invoices", "totals_shown"),
                    ("failure_count", "public_id"),
                )
            },
        ),
    )
    actions_list = ["preview_action", "run_action"]

    @display(description="billed up to", ordering="as_of")
    def as_of_shown(self, row: BillingRun) -> str:
        return moment(row.as_of)

    @display(description="state", label={"Done": "success", "With failures": "danger", "Running": "info"})
    def state(self, row: BillingRun) -> str:
        if row.finished_at is None:
            return "Running"
        return "With failures" if row.failures else "Done"

    @display(description="failures")
    def failure_count(self, row: BillingRun) -> int:
        return len(row.failures)

    @display(description="issued")
    def totals_shown(self, row: BillingRun) -> str:
        return ", ".join(money(Decimal(total), currency) for currency, total in row.totals.items()) or NOTHING

    @display(description="last batch that counts")
    def bound_shown(self, row: BillingRun) -> str:
        return figure(row.bound)

    @display(description="started", ordering="started_at")
    def started(self, row: BillingRun) -> str:
        return moment(row.started_at)

    @display(description="finished", ordering="finished_at")
    def finished(self, row: BillingRun) -> str:
        return moment(row.finished_at)

    def panels(self, request: HttpRequest, row: BillingRun) -> list[Panel]:
        customers = Customer.objects.in_bulk([failure["customer_id"] for failure in row.failures])
        return [
            Panel(
                title="Customers that could not be billed",
                headers=("Customer", "Reason"),
                rows=[(link(customers.get(failure["customer_id"])), failure["reason"]) for failure in row.failures],
                empty="None: everything that was due is invoiced.",
            ),
            unusual(notable_bills(row)),
        ]

    @action(description="What would be billed", url_path="preview", icon="visibility", permissions=["view"])
    def preview_action(self, request: HttpRequest) -> HttpResponse:
        preview = preview_billing(now=clock.now())
        totals = [(currency, Number(money(total, currency))) for currency, total in preview.totals.items()]
        return render_page(
            self,
            request,
            "admin/console/run_preview.html",
            row=None,
            title="What would be billed",
            customers=preview.customers,
            invoices=len(preview.bills),
            panels=[
                Panel("Before tax", ("Currency", Number("Total")), totals, "Nothing is due."),
                unusual(preview.notable),
                Panel(
                    "Customers that cannot be billed",
                    ("Customer", "Reason"),
                    [(link(customer), reason) for customer, reason in preview.failures],
                    "None.",
                ),
            ],
        )

    @action(description="Run billing now", url_path="run", icon="play_circle", permissions=["operate"])
    def run_action(self, request: HttpRequest) -> HttpResponse:
        def run(data: dict[str, Any]) -> SafeString:
            done = run_billing(now=clock.now())
            return format_html(
                '<a href="{}" class="text-link">{}</a>: {} invoices, {} failures.',
                change_url(done), done, done.invoices, len(done.failures),
            )  # fmt: skip

        return run_action(
            self,
            request,
            row=None,
            title="Run billing now",
            explanation="Invoices everything that has come due and asks for payment. What is invoiced already stays as "
            "it is, so running it again changes nothing.",
            submit="Run billing",
            run=run,
        )


def unusual(bills: Sequence[NotableBill]) -> Panel:
    """Show bills that somebody may want to look at, and why."""
    title = "What is unusual"
    if len(bills) > _MOST_SHOWN:
        title += f": the first {_MOST_SHOWN} of {len(bills)}"
    rows = [
        (
            link(bill.customer),
            link(bill.invoice) if bill.invoice else moment(bill.billed_at),
            Number(money(bill.total, bill.currency)),
            ", ".join(WORDS[anomaly] for anomaly in bill.anomalies),
        )
        for bill in bills[:_MOST_SHOWN]
    ]
    return Panel(title, ("Customer", "Invoice", Number("Total"), "Why"), rows, "Nothing.")
