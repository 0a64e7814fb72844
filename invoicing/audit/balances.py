"""What customers have to their credit: entries that sum to the balance, never below zero, each with its cause."""

from collections.abc import Iterator

from metering.audit import Check, Finding, Scope, stream


def entries_sum_to_the_balance(scope: Scope) -> Iterator[Finding]:
    """Yield movements whose balance is not the sum up to them, is below zero, or before which one is missing."""
    scope.progress("adding up the balance of every customer")
    for offender, text, expected, actual in stream(_SUMS):
        yield Finding(5, text, offender, f"{expected:f}", f"{actual:f}")


def entries_have_a_cause(scope: Scope) -> Iterator[Finding]:
    """Yield credits from nowhere, and uses of a balance that settle no invoice of the customer."""
    scope.progress("looking for the cause of every movement of a balance")
    for offender, text, expected, actual in stream(_CAUSES):
        yield Finding(5, text, offender, f"{expected:f}", f"{actual:f}")


def credit_notes_are_disposed_of(scope: Scope) -> Iterator[Finding]:
    """Yield issued credit notes that were neither used for what was due nor put on the balance, or more than once."""
    scope.progress("looking where every credit note went")
    for note, currency, expected, actual in stream(_NOTES):
        text = "another amount went to invoices and to the balance than it gives back"
        yield Finding(5, text, f"credit note {note}", f"{expected:f} {currency}", f"{actual:f} {currency}")


_SUMS = """
    SELECT format('movement %s of %s in %s', entry.sequence, customer.name, entry.currency),
           each.text, each.expected, each.actual
    FROM (
        SELECT *, row_number() OVER ledger AS place, sum(amount) OVER ledger AS whole
        FROM invoicing_balanceentry
        WINDOW ledger AS (PARTITION BY customer_id, currency ORDER BY sequence)
    ) entry JOIN metering_customer customer ON customer.id = entry.customer_id
    CROSS JOIN LATERAL (VALUES
        ('a movement before it is missing', entry.place, entry.sequence),
        ('the balance is not the sum of its movements', entry.whole, entry.balance),
        ('the balance is below zero', greatest(entry.balance, 0), entry.balance)
    ) AS each (text, expected, actual)
    WHERE each.expected <> each.actual
    ORDER BY entry.id
"""
_CAUSES = """
    SELECT format('movement %s of %s in %s', entry.sequence, customer.name, entry.currency),
           CASE WHEN entry.amount > 0 THEN 'neither a payment nor a credit note of the customer is behind it'
                ELSE 'it settles no invoice of the customer' END,
           abs(entry.amount), coalesce(cause.amount, 0)
    FROM invoicing_balanceentry entry
    JOIN metering_customer customer ON customer.id = entry.customer_id
    LEFT JOIN LATERAL (
        SELECT entry.amount FROM invoicing_payment payment
        WHERE entry.amount > 0 AND payment.id = entry.payment_id AND payment.currency = entry.currency
        UNION ALL
        SELECT entry.amount FROM invoicing_invoice note
        WHERE entry.amount > 0 AND note.id = entry.credit_note_id AND note.customer_id = entry.customer_id
              AND note.currency = entry.currency
        UNION ALL
        SELECT allocation.amount FROM invoicing_allocation allocation
        JOIN invoicing_invoice invoice ON invoice.id = allocation.invoice_id
        WHERE entry.amount < 0 AND allocation.balance_entry_id = entry.id
              AND invoice.customer_id = entry.customer_id
    ) cause ON true
    WHERE abs(entry.amount) <> coalesce(cause.amount, 0)
    ORDER BY entry.id
"""
_NOTES = """
    SELECT coalesce(note.number, note.draft_number), note.currency, -note.total, went.amount
    FROM invoicing_invoice note
    CROSS JOIN LATERAL (
        SELECT coalesce((SELECT sum(amount) FROM invoicing_allocation WHERE credit_note_id = note.id), 0)
               + coalesce((SELECT sum(amount) FROM invoicing_balanceentry WHERE credit_note_id = note.id), 0) AS amount
    ) went
    WHERE note.type = 'credit_note' AND went.amount <> CASE WHEN note.number IS NULL THEN 0 ELSE -note.total END
    ORDER BY note.id
"""

CHECKS = (
    Check(5, "Movements sum to the balance, never below zero", entries_sum_to_the_balance),
    Check(5, "Every movement of a balance has its cause", entries_have_a_cause),
    Check(5, "Every credit note is used or on the balance", credit_notes_are_disposed_of),
)
