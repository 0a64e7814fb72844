"""Locks, always taken in one order: a customer, their contracts, invoices by pk, the number series."""

from django.db import connection

_CUSTOMER = "SELECT FROM metering_customer WHERE id = %s FOR NO KEY UPDATE"
_CONTRACTS = "SELECT FROM pricing_subscription WHERE customer_id = %s ORDER BY id FOR NO KEY UPDATE"


def lock_customer(customer_id: int) -> None:
    """
    Lock a customer, then their contracts, until the caller's transaction ends.

    The weaker kind of lock lets rows that point to them be written meanwhile.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CUSTOMER, [customer_id])
        cursor.execute(_CONTRACTS, [customer_id])
