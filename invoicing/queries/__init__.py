"""What invoicing knows, for `from invoicing.queries import …`."""

from invoicing.queries.explain import (
    LineExplanation,
    Recomputed,
    events_gone,
    explain_line,
    line_events,
    recompute_line,
)
from invoicing.queries.totals import CurrencyTotal, MonthRevenue, failed_payments, open_amounts, revenue_by_month
from invoicing.queries.upcoming import UpcomingInvoice, UpcomingLine, closing_invoices, upcoming_invoice

__all__ = [
    "CurrencyTotal",
    "LineExplanation",
    "MonthRevenue",
    "Recomputed",
    "UpcomingInvoice",
    "UpcomingLine",
    "closing_invoices",
    "events_gone",
    "explain_line",
    "failed_payments",
    "line_events",
    "open_amounts",
    "recompute_line",
    "revenue_by_month",
    "upcoming_invoice",
]
