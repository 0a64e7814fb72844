"""Checks of invoicing's data on the live database, one module for each kind."""

from invoicing.audit import amounts, numbers, payments, periods

CHECKS = (*periods.CHECKS, *amounts.CHECKS, *payments.CHECKS, *numbers.CHECKS)
