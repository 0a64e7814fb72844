"""Checks of invoicing's data on the live database, one module for each kind."""

from invoicing.audit import amounts, balances, numbers, payments, periods

CHECKS = (*periods.CHECKS, *amounts.CHECKS, *payments.CHECKS, *balances.CHECKS, *numbers.CHECKS)
