"""What was paid: the status of an invoice against its payments."""

from collections.abc import Iterator

from metering.audit import Check, Finding, Scope, stream


def status_agrees_with_payments(scope: Scope) -> Iterator[Finding]:
    """Yield paid invoices without the money, and others that have it."""
    scope.progress("comparing the status of every invoice with its payments")
    for invoice, currency, status, total, paid, last in stream(_PAID):
        offender = f"invoice {invoice}, {status}"
        if status == "paid" and paid != total:
            yield Finding(
                6,
                "it is paid with another amount than its total",
                offender,
                f"{total:f} {currency}",
                f"{paid:f} {currency}",
            )
        if status != "paid" and paid:
            yield Finding(6, "it is not paid, but has money", offender, f"0 {currency}", f"{paid:f} {currency}")
        if (status == "payment_processing.failed") != (last == "failed"):
            yield Finding(
                6,
                "its last payment ended otherwise than its status says",
                offender,
                "a failed payment" if status == "payment_processing.failed" else "no failed payment at the end",
                f"{last or 'no'} payment",
            )


def payments_are_attempts_at_the_total(scope: Scope) -> Iterator[Finding]:
    """Yield payments of drafts, of another amount than the invoice's total, and attempts that are missing."""
    scope.progress("comparing payments with what they pay")
    for payment, invoice, is_issued, attempt, place, total, amount in stream(_ATTEMPTS):
        offender = f"payment {payment} of invoice {invoice}"
        if not is_issued:
            yield Finding(6, "its invoice was not issued", offender, "an issued invoice", "a draft")
        if attempt != place:
            yield Finding(6, "an attempt before it is missing", offender, f"attempt {place}", f"attempt {attempt}")
        if amount != total:
            yield Finding(6, "it is not of the total of its invoice", offender, f"{total:f}", f"{amount:f}")


_PAID = """
    SELECT * FROM (
        SELECT coalesce(invoice.number, invoice.draft_number), invoice.currency, invoice.status, invoice.total,
               coalesce(sum(payment.amount) FILTER (WHERE payment.status = 'succeeded'), 0) AS paid,
               (array_agg(payment.status ORDER BY payment.attempt DESC))[1] AS last
        FROM invoicing_invoice invoice LEFT JOIN invoicing_payment payment ON payment.invoice_id = invoice.id
        GROUP BY invoice.id
    ) invoice
    WHERE CASE WHEN status = 'paid' THEN paid <> total ELSE paid <> 0 END
          OR (status = 'payment_processing.failed') <> (coalesce(last, '') = 'failed')
    ORDER BY 1
"""
_ATTEMPTS = """
    SELECT * FROM (
        SELECT payment.id, coalesce(invoice.number, invoice.draft_number), invoice.number IS NOT NULL AS is_issued,
               payment.attempt, row_number() OVER attempts AS place, invoice.total, payment.amount
        FROM invoicing_payment payment JOIN invoicing_invoice invoice ON invoice.id = payment.invoice_id
        WINDOW attempts AS (PARTITION BY payment.invoice_id ORDER BY payment.attempt)
    ) payment
    WHERE NOT is_issued OR attempt <> place OR amount <> total
    ORDER BY 1
"""

CHECKS = (
    Check(6, "Payments agree with the status of their invoice", status_agrees_with_payments),
    Check(6, "Payments are attempts at the total of an issued invoice", payments_are_attempts_at_the_total),
)
