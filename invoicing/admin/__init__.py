"""The operator's pages of invoicing; importing the modules registers them."""

from invoicing.admin import customers, invoices, lines, payments, profiles, runs

__all__ = ["customers", "invoices", "lines", "payments", "profiles", "runs"]
