"""The pages of customers and subscriptions once more, with what invoicing knows of them."""

from collections.abc import Collection
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import action

from invoicing.admin.invoices import invoices_panel
from invoicing.models import BalanceEntry, Invoice
from invoicing.queries import upcoming_invoice
from invoicing.services.billing_run import advance_to_period_end
from metering import clock
from metering.admin.customers import CustomerAdmin
from metering.admin.display import Number, Panel, change_url, figure, link, list_url, moment, span
from metering.admin.pages import find_row, run_action
from metering.errors import DomainError
from metering.models import Customer
from pricing.admin.display import money
from pricing.admin.subscriptions import SubscriptionAdmin
from pricing.models import Subscription
from pricing.queries import current_period

admin.site.unregister([Customer, Subscription])


@admin.register(Customer)
class BilledCustomerAdmin(CustomerAdmin):
    """A customer with subscriptions and invoices."""

    actions_detail = ["to_month_end_action", *CustomerAdmin.actions_detail]

    def hidden_actions(self, row: Customer) -> Collection[str]:
        hidden = set(super().hidden_actions(row))
        return hidden if row.test_clock_id and not row.deleted_at else hidden | {"to-month-end"}

    def panels(self, request: HttpRequest, row: Customer) -> list[Panel]:
        return [
            _subscriptions_panel(row),
            _open_bill_panel(row),
            invoices_panel(row.invoices, list_url(Invoice, customer__id__exact=row.pk)),
            *_balance_panels(row),
            *super().panels(request, row),
        ]

    @action(description="To month end", url_path="to-month-end", icon="fast_forward", permissions=["operate"])
    def to_month_end_action(self, request: HttpRequest, object_id: str) -> HttpResponse:
        customer = find_row(self, request, object_id)

        def run(data: dict[str, Any]) -> SafeString:
            known = set(customer.invoices.values_list("pk", flat=True))
            advance_to_period_end(customer_id=customer.pk, at=clock.now())
            customer.test_clock.refresh_from_db()
            return _what_appeared(customer, known)

        return run_action(
            self,
            request,
            row=customer,
            title="To month end",
            explanation=f"Moves the test clock {customer.test_clock} to when the current billing period is invoiced, "
            "and bills every customer on that clock.",
            submit="Move and bill",
            run=run,
        )


def _what_appeared(customer: Customer, known: set[int]) -> SafeString:
    made = customer.invoices.exclude(pk__in=known).order_by("pk")
    invoices = format_html_join(", ", '<a href="{}" class="text-link">{}</a>', ((change_url(row), row) for row in made))
    now = moment(clock.now(customer))
    if not invoices:
        return format_html("The clock says {}. No invoice fell due for {}.", now, customer.name)
    return format_html("The clock says {}. Invoiced: {}.", now, invoices)


def _subscriptions_panel(customer: Customer) -> Panel:
    at = clock.now(customer)
    rows = [
        (
            link(subscription, subscription.name),
            link(subscription.plan),
            subscription.status(at).label,
            moment(subscription.active_from),
            moment(subscription.active_to) if subscription.active_to else "open",
            moment(current_period(subscription, at).end),
        )
        for subscription in customer.subscriptions.select_related("plan").order_by("-active_from")[:10]
    ]
    return Panel(
        title="Subscriptions",
        headers=("Name", "Plan", "State", "From", "To", "Period ends"),
        rows=rows,
        empty="None: nothing is billed.",
        links=[
            ("Start one", f"{reverse('admin:pricing_subscription_add')}?customer={customer.pk}"),
            ("All subscriptions", list_url(Subscription, customer__id__exact=customer.pk)),
        ],
    )


def _balance_panels(customer: Customer) -> list[Panel]:
    """Show what a customer has to their credit, if they ever had anything."""
    entries = customer.balance_entries.order_by("-pk")[:5]
    rows = [
        (
            link(entry, moment(entry.created_at)),
            entry.reason,
            Number(money(entry.amount, entry.currency)),
            Number(money(entry.balance, entry.currency)),
        )
        for entry in entries
    ]
    if not rows:
        return []
    return [
        Panel(
            title="Credit balance",
            headers=("At", "Why", Number("Movement"), Number("Balance")),
            rows=rows,
            empty="",
            links=[("All movements", list_url(BalanceEntry, customer__id__exact=customer.pk))],
        )
    ]


def _open_bill_panel(customer: Customer) -> Panel:
    headers = ("Line", "Period", Number("Quantity"), Number("Amount"))
    try:
        bill = upcoming_invoice(customer=customer, at=clock.now(customer))
    except DomainError as refusal:
        return Panel(title="Open bill", headers=headers, rows=[], empty=refusal.message)
    if bill is None:
        return Panel(title="Open bill", headers=headers, rows=[], empty="None: there is no running subscription.")
    lines = [
        (
            line.name,
            span(line.period.start, line.period.end, customer.zone),
            figure(line.quantity),
            money(line.amount, bill.currency),
        )
        for line in bill.lines
    ]
    lines += [
        (f"{tax.rule.name} {tax.rule.percentage:f} %", "", Number(""), money(tax.amount, bill.currency))
        for tax in bill.taxes
    ]
    total = (format_html("<strong>{}</strong>", "So far"), "", "", money(bill.total, bill.currency))
    return Panel(
        title=f"Open bill, due {moment(bill.bills_at)}", headers=headers, rows=[*lines, total], empty="Nothing yet."
    )


@admin.register(Subscription)
class BilledSubscriptionAdmin(SubscriptionAdmin):
    """A subscription with its invoices."""

    def panels(self, request: HttpRequest, row: Subscription) -> list[Panel]:
        invoices = invoices_panel(
            Invoice.objects.filter(lines__subscription_item__subscription=row).distinct(),
            list_url(Invoice, customer__id__exact=row.customer_id),
        )
        return [*super().panels(request, row), invoices]
