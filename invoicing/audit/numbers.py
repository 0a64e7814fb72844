"""Invoice numbers: none missing, none that the series does not know."""

from collections.abc import Iterator

from metering.audit import Check, Finding, Scope, stream


def numbers_have_no_gap(scope: Scope) -> Iterator[Finding]:
    """Yield the numbers that a seller's series passed over, up to the last one it gave."""
    scope.progress("looking for gaps in invoice numbers")
    for profile, first, last in stream(_GAPS):
        missing = f"number {first}" if first == last else f"numbers {first} to {last}"
        yield Finding(8, f"{missing} of the series belong to no invoice", f"profile {profile}", "an invoice", "none")


def series_know_their_last_number(scope: Scope) -> Iterator[Finding]:
    """Yield sellers whose series stands elsewhere than at their last invoice."""
    scope.progress("comparing the series of every seller with the last number")
    for profile, expected, actual in stream(_SERIES):
        yield Finding(
            8,
            "its series stands elsewhere than at its last invoice",
            f"profile {profile}",
            str(expected),
            "no series" if actual is None else str(actual),
        )


def numbers_show_their_count(scope: Scope) -> Iterator[Finding]:
    """Yield issued invoices whose number does not end in their count in the series."""
    scope.progress("reading invoice numbers")
    for offender, expected, number in stream(_TEXTS):
        yield Finding(8, "its number does not end in its count", f"invoice {offender}", expected, number or "no number")


_GAPS = """
    SELECT profile.name, gap.first, gap.last FROM (
        SELECT profile_id, coalesce(lag(count) OVER series, 0) + 1 AS first, count - 1 AS last FROM (
            SELECT profile_id, type, sequence_number AS count FROM invoicing_invoice WHERE sequence_number IS NOT NULL
            UNION ALL
            SELECT profile_id, type, 1 + greatest(last_number, (
                SELECT max(sequence_number) FROM invoicing_invoice
                WHERE profile_id = sequence.profile_id AND type = sequence.type
            )) FROM invoicing_invoicesequence sequence
        ) counts
        WINDOW series AS (PARTITION BY profile_id, type ORDER BY count)
    ) gap JOIN invoicing_billingprofile profile ON profile.id = gap.profile_id
    WHERE gap.first <= gap.last
    ORDER BY profile.id, gap.first
"""
_SERIES = """
    SELECT profile.name, coalesce(invoice.last, 0), sequence.last_number
    FROM invoicing_invoicesequence sequence
    FULL JOIN (
        SELECT profile_id, type, max(sequence_number) AS last FROM invoicing_invoice
        WHERE sequence_number IS NOT NULL GROUP BY profile_id, type
    ) invoice ON invoice.profile_id = sequence.profile_id AND invoice.type = sequence.type
    JOIN invoicing_billingprofile profile ON profile.id = coalesce(sequence.profile_id, invoice.profile_id)
    WHERE coalesce(invoice.last, 0) <> coalesce(sequence.last_number, 0)
    ORDER BY profile.id
"""
_TEXTS = """
    SELECT coalesce(number, draft_number), '...' || digits, number
    FROM (
        SELECT id, number, draft_number,
               lpad(sequence_number::text, greatest(6, length(sequence_number::text)), '0') AS digits
        FROM invoicing_invoice WHERE number IS NOT NULL OR sequence_number IS NOT NULL
    ) invoice
    WHERE number IS NULL OR digits IS NULL OR number NOT LIKE '%' || digits
    ORDER BY id
"""

CHECKS = (
    Check(8, "Invoice numbers have no gap", numbers_have_no_gap),
    Check(8, "Every series stands at its last number", series_know_their_last_number),
    Check(8, "Every number shows its count", numbers_show_their_count),
)
