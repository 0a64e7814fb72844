"""The detailed lines of a line, from what rating says."""

from collections.abc import Iterator

from invoicing.models import DetailedLine, InvoiceLine
from pricing.rating import Rated


def parts_of(line: InvoiceLine, rated: Rated) -> Iterator[DetailedLine]:
    """Yield the parts of a line, not written yet."""
    for position, part in enumerate(rated.lines):
        yield DetailedLine(
            line=line,
            position=position,
            key=part.key,
            name=part.name,
            category=part.category,
            of=part.of,
            quantity=part.quantity,
            unit_amount=part.unit_amount,
            amount=part.amount,
        )
