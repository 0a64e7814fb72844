"""The operator's pages of invoicing; importing the modules registers them."""

from invoicing.admin import payments, profiles, runs

__all__ = ["payments", "profiles", "runs"]
