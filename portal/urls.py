"""The pages of the portal."""

from django.urls import URLPattern, URLResolver, path

from portal.views import access, invoices, plan, usage, why

_LINE = "invoices/<str:invoice>/lines/<str:line>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", usage.usage, name="portal_usage"),
    path("bill/", usage.bill, name="portal_bill"),
    path("invoices/", invoices.invoices, name="portal_invoices"),
    path("invoices.csv", invoices.invoices_csv, name="portal_invoices_csv"),
    path("invoice-lines.csv", invoices.lines_csv, name="portal_lines_csv"),
    path("invoices/<str:ulid>/", invoices.invoice, name="portal_invoice"),
    path("invoices/<str:ulid>/html/", invoices.invoice_html, name="portal_invoice_html"),
    path("invoices/<str:ulid>/pdf/", invoices.invoice_pdf, name="portal_invoice_pdf"),
    path("invoices/<str:ulid>/usage.csv", invoices.invoice_usage, name="portal_invoice_usage"),
    path(_LINE, why.why, name="portal_why"),
    path(f"{_LINE}recompute/", why.recompute, name="portal_recompute"),
    path(f"{_LINE}events.csv", why.events_csv, name="portal_line_events"),
    path(f"{_LINE}usage.csv", why.usage_csv, name="portal_line_usage"),
    path("plan/", plan.plan, name="portal_plan"),
    path("customers/", access.customers, name="portal_customers"),
]
