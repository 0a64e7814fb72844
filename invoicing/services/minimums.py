"""A plan's minimum on a draft fills up what the lines that it counts come to; when they are edited, so is it."""

from datetime import datetime

from invoicing.lines import LineState
from invoicing.models import DetailedLineCategory, Invoice, InvoiceLine
from invoicing.queries.explain import measured_again
from invoicing.services.adjustments import waive_lines
from invoicing.services.line_edits import is_removed, rate_again
from invoicing.services.manual_lines import write_rated


def recount_minimums(*, invoice: Invoice, at: datetime) -> None:
    """
    Rate the minimums of a held draft again whose lines came to something else since; the caller adds up the draft.

    One that was taken off stays at nothing, for the reason that was given.
    """
    for line in invoice.lines.filter(price__type="minimum", now__isnull=False).order_by("position", "pk"):
        state = LineState.from_json(line.now or {})
        again = measured_again(line, state)
        if again == state:
            continue
        reason = _reason_of_removal(line)
        line.now = again.to_json()
        line.save(update_fields=["now"])
        write_rated([line], [rate_again(line)], at=at)
        if reason is not None:
            waive_lines(lines=[line], reason=reason, at=at)


def _reason_of_removal(line: InvoiceLine) -> str | None:
    if not is_removed(line):
        return None
    return line.detailed_lines.filter(category=DetailedLineCategory.ADJUSTMENT).latest("pk").name
