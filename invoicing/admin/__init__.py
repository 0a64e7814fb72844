"""The operator's pages of invoicing; importing the modules registers them."""

from invoicing.admin import (
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
