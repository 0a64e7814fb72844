"""Pure: what is unusual about a bill, seen against the customer's earlier ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

# Of fewer bills nobody can tell what is usual.
_ENOUGH = 3
_SIGMAS = 3


class Anomaly(StrEnum):
    """Why somebody may want to look at a bill before it goes out."""

    FIRST = "first_invoice"
    JUMP = "jump"
    NO_USAGE = "no_usage"
    NEGATIVE = "negative"


WORDS = {
    Anomaly.FIRST: "first invoice",
    Anomaly.JUMP: "far from the usual",
    Anomaly.NO_USAGE: "no usage",
    Anomaly.NEGATIVE: "below zero",
}


@dataclass(frozen=True)
class BillFacts:
    """A bill's total, whether it is for usage and holds any, and the totals before it."""

    total: Decimal
    is_metered: bool
    has_usage: bool
    earlier: Sequence[Decimal]


def anomalies_of(bill: BillFacts) -> tuple[Anomaly, ...]:
    """
    Return what is unusual about a bill.

    A jump lies over three standard deviations from the mean of at least three earlier totals; where those are all the
    same, every other total does.

    >>> before = [Decimal(20), Decimal(22), Decimal(21)]
    >>> [str(one) for one in anomalies_of(BillFacts(Decimal(90), True, True, before))]
    ['jump']
    """
    found = []
    if not bill.earlier:
        found.append(Anomaly.FIRST)
    if _is_jump(bill.total, bill.earlier):
        found.append(Anomaly.JUMP)
    if bill.is_metered and not bill.has_usage:
        found.append(Anomaly.NO_USAGE)
    if bill.total < 0:
        found.append(Anomaly.NEGATIVE)
    return tuple(found)


def _is_jump(total: Decimal, earlier: Sequence[Decimal]) -> bool:
    count = len(earlier)
    if count < _ENOUGH:
        return False
    # Squared and multiplied by the count, so that nothing is rounded: (n x - sum)^2 > 9 n^2 variance.
    away = count * total - sum(earlier)
    spread = count * sum(value * value for value in earlier) - sum(earlier) ** 2
    return away * away > _SIGMAS**2 * spread
