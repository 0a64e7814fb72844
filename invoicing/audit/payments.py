"""What was paid: what settles an invoice against what it says is settled, its status, and where money went."""

from collections.abc import Iterator

from metering.audit import Check, Finding, Scope, stream


def allocations_sum_to_what_is_settled(scope: Scope) -> Iterator[Finding]:
    """Yield invoices and credit notes that say that another amount is settled, or used, than was."""
    scope.progress("adding up what settles every invoice")
    for offender, currency, expected, actual in stream(_SETTLED):
        text = "it says that another amount of it is settled than was"
        yield Finding(6, text, offender, f"{expected:f} {currency}", f"{actual:f} {currency}")


def status_agrees_with_what_is_settled(scope: Scope) -> Iterator[Finding]:
    """Yield documents that are paid with something still due, and others of which nothing is due."""
    scope.progress("comparing the status of every invoice with what is due of it")
    for invoice, currency, status, total, settled in stream(_STATUS):
        offender, found = f"invoice {invoice}, {status}", f"{settled:f} {currency}"
        if settled != total:
            text = "it is paid with another amount than its total"
            yield Finding(6, text, offender, f"{total:f} {currency}", found)
        else:
            text = "nothing of it is due, but it is not paid"
            yield Finding(6, text, offender, f"less than {total:f} {currency}", found)


def payments_are_placed_at_most_once(scope: Scope) -> Iterator[Finding]:
    """Yield payments of which more was placed than came in, or which an app collected for an invoice it did not pay."""
    scope.progress("comparing payments with where they went")
    for offender, text, expected, actual in stream(_PLACED):
        yield Finding(6, text, offender, f"{expected:f}", f"{actual:f}")


def attempts_are_complete(scope: Scope) -> Iterator[Finding]:
    """Yield attempts to collect a draft, attempts before which one is missing, and failures that no attempt shows."""
    scope.progress("counting the attempts to collect every invoice")
    for offender, text, expected, actual in stream(_ATTEMPTS):
        yield Finding(6, text, offender, expected, actual)


# Of a credit note, what of its part of the balance was used: the oldest credit is used first.
_SETTLED = """
    WITH credit AS (
        SELECT credit_note_id, amount, customer_id, currency,
               sum(amount) OVER (PARTITION BY customer_id, currency ORDER BY sequence) - amount AS start
        FROM invoicing_balanceentry WHERE amount > 0
    ), spent AS (
        SELECT customer_id, currency, -sum(amount) AS amount
        FROM invoicing_balanceentry WHERE amount < 0 GROUP BY customer_id, currency
    ), used AS (
        SELECT credit.credit_note_id, sum(greatest(least(spent.amount - credit.start, credit.amount), 0)) AS amount
        FROM credit JOIN spent USING (customer_id, currency)
        WHERE credit.credit_note_id IS NOT NULL GROUP BY credit.credit_note_id
    ), paid AS (
        SELECT invoice_id, sum(amount) AS amount FROM invoicing_allocation GROUP BY invoice_id
    ), offset_by AS (
        SELECT credit_note_id, sum(amount) AS amount FROM invoicing_allocation
        WHERE credit_note_id IS NOT NULL GROUP BY credit_note_id
    )
    SELECT format('invoice %s', coalesce(number, draft_number)), currency, expected, settled FROM (
        SELECT invoice.*, CASE invoice.type WHEN 'standard' THEN coalesce(paid.amount, 0)
                          ELSE coalesce(paid.amount, 0) - coalesce(offset_by.amount, 0) - coalesce(used.amount, 0) END
                          AS expected
        FROM invoicing_invoice invoice
        LEFT JOIN paid ON paid.invoice_id = invoice.id
        LEFT JOIN offset_by ON offset_by.credit_note_id = invoice.id
        LEFT JOIN used ON used.credit_note_id = invoice.id
    ) invoice
    WHERE expected <> settled
    ORDER BY id
"""
_STATUS = """
    SELECT coalesce(number, draft_number), currency, status, total, settled FROM invoicing_invoice
    WHERE CASE
        WHEN status = 'paid' THEN settled <> total
        WHEN number IS NULL THEN settled <> 0
        WHEN status = 'voided' OR status LIKE '%.booking_%' THEN false
        ELSE settled = total
    END
    ORDER BY id
"""
_PLACED = """
    SELECT format('payment %s of %s', payment.id, coalesce(invoice.number, payment.reference)), each.*
    FROM invoicing_payment payment
    LEFT JOIN invoicing_invoice invoice ON invoice.id = payment.invoice_id
    CROSS JOIN LATERAL (
        SELECT coalesce((SELECT sum(amount) FROM invoicing_allocation WHERE payment_id = payment.id), 0)
               + coalesce((SELECT sum(amount) FROM invoicing_balanceentry WHERE payment_id = payment.id), 0) AS amount,
               CASE payment.status WHEN 'succeeded' THEN payment.amount ELSE 0 END AS came_in
    ) placed
    CROSS JOIN LATERAL (VALUES
        ('more of it was placed than came in', placed.came_in, greatest(placed.amount, placed.came_in)),
        ('it was collected for an invoice that it does not settle',
         CASE WHEN invoice.id IS NULL THEN placed.amount ELSE placed.came_in END, placed.amount)
    ) AS each (text, expected, actual)
    WHERE each.expected <> each.actual
    ORDER BY payment.id
"""
_ATTEMPTS = """
    SELECT format('payment %s of invoice %s', id, invoice), each.* FROM (
        SELECT payment.id, coalesce(invoice.number, invoice.draft_number) AS invoice,
               invoice.number IS NOT NULL AS is_issued, payment.attempt, row_number() OVER attempts AS place
        FROM invoicing_payment payment JOIN invoicing_invoice invoice ON invoice.id = payment.invoice_id
        WINDOW attempts AS (PARTITION BY payment.invoice_id ORDER BY payment.attempt)
    ) payment
    CROSS JOIN LATERAL (VALUES
        ('its invoice was not issued', 'an issued invoice',
         CASE WHEN is_issued THEN 'an issued invoice' ELSE 'a draft' END),
        ('an attempt before it is missing', format('attempt %s', place), format('attempt %s', attempt))
    ) AS each (text, expected, actual)
    WHERE each.expected <> each.actual
    UNION ALL
    SELECT format('invoice %s, %s', invoice.number, invoice.status), 'no attempt shows that collecting it failed',
           'a failed payment at the end', format('%s payment', coalesce(last.status, 'no'))
    FROM invoicing_invoice invoice
    LEFT JOIN LATERAL (
        SELECT status FROM invoicing_payment WHERE invoice_id = invoice.id ORDER BY attempt DESC LIMIT 1
    ) last ON true
    WHERE invoice.status = 'payment_processing.failed' AND last.status IS DISTINCT FROM 'failed'
    ORDER BY 1
"""

CHECKS = (
    Check(6, "What settles an invoice sums to what it says is settled", allocations_sum_to_what_is_settled),
    Check(6, "Status agrees with what is settled", status_agrees_with_what_is_settled),
    Check(6, "No money is placed twice", payments_are_placed_at_most_once),
    Check(6, "Attempts to collect are complete", attempts_are_complete),
)
