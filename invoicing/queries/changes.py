"""What is due because something changed after it was billed: usage, terms, or an invoice that was voided."""

from collections.abc import Sequence
from datetime import datetime

from invoicing.queries.bills import DueLine


def changes_of(customer_ids: Sequence[int], *, bound: int, at: datetime) -> dict[int, list[DueLine]]:
    """
    Return for each customer the lines that continue what was billed, as usage up to batch `bound` and terms are now.

    Each has its `state` read already, and says what was billed as `before`. `at` is now; a test clock has its own time.
    Without what reads the same as before. Lines of a voided invoice have the cause `period`: they are billed anew, at
    their `service.bill_at`; the others are corrections, with the cause `change`.
    """
    return {}
