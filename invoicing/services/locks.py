"""Locks, always taken in one order: a customer, their contracts, invoices by pk, the number series."""

from django.db import connection

# The customer comes first, as the contracts are looked up by the row that is held.
_LOCK = """
    WITH held AS MATERIALIZED (SELECT id FROM metering_customer WHERE id = %s FOR NO KEY UPDATE),
    contracts AS MATERIALIZED (
        SELECT id FROM pricing_subscription WHERE customer_id = (SELECT id FROM held) ORDER BY id FOR NO KEY UPDATE
    )
    SELECT (SELECT count(*) FROM held), (SELECT count(*) FROM contracts)
"""


def lock_customer(customer_id: int) -> None:
    """
    Lock a customer, then their contracts, until the caller's transaction ends.

    The weaker kind of lock lets rows that point to them be written meanwhile.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [customer_id])
