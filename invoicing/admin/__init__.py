"""The operator's pages of invoicing; importing the modules registers them."""

from invoicing.admin import (
    app_data,
    balances,
    changed_usage,
    customers,
    discounts,
    event_bills,
    invoices,
    lines,
    parked,
    payments,
    profiles,
    runs,
    taxes,
)

__all__ = [
    "app_data",
    "balances",
    "changed_usage",
    "customers",
    "discounts",
    "event_bills",
    "invoices",
    "lines",
    "parked",
    "payments",
    "profiles",
    "runs",
    "taxes",
]
