"""A second, plain computation of what customers owe, from what was done alone: no code of the product."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

COLLECTION = timedelta(hours=1)
# A monthly fee in advance, free units, and tiers by their upper bound (None: no end) and the price of a unit.
PLANS = {
    "small": (Decimal("30.00"), Decimal(0), ((Decimal(100), Decimal("1.00")), (None, Decimal("0.50")))),
    "large": (Decimal("90.00"), Decimal(25), ((None, Decimal("0.37")),)),
}


@dataclass
class Used:
    """One event: its own time, whose subject, how much, and whether it counts."""

    key: str
    subject: str
    at: datetime
    amount: Decimal
    is_void: bool = False


@dataclass
class Term:
    """A customer on a plan, from a time on."""

    plan: str
    start: datetime
    end: datetime | None = None


@dataclass
class Books:
    """Everything that was done. `owners` lists for each subject from when on it is whose, the latest word last."""

    events: list[Used] = field(default_factory=list)
    owners: dict[str, list[tuple[datetime, str]]] = field(default_factory=dict)
    terms: dict[str, list[Term]] = field(default_factory=dict)
    given: dict[str, Decimal] = field(default_factory=dict)

    def owner(self, subject: str, at: datetime) -> str:
        found = ""
        for since, customer in self.owners[subject]:
            if since <= at:
                found = customer
        return found

    def owed(self, customer: str, at: datetime) -> Decimal:
        """Return all that is charged to a customer by a time, less what was given by hand."""
        terms = self.terms.get(customer, [])
        total = -self.given.get(customer, Decimal(0))
        for term in terms:
            total += sum(_fee(term, month) for month in _months(term.start, at) if month[0] <= at)
        for month in _months(min((term.start for term in terms), default=at), at):
            total += self._usage(customer, month, at)
        return total

    def _usage(self, customer: str, month: tuple[datetime, datetime], at: datetime) -> Decimal:
        used = total = Decimal(0)
        for term in self.terms.get(customer, []):
            start, end = max(term.start, month[0]), min(term.end or month[1], month[1])
            if start >= end:
                continue
            quantity = self._quantity(customer, start, end)
            if end + COLLECTION <= at:
                total += _charge(term.plan, used, used + quantity)
            used += quantity
        return total

    def _quantity(self, customer: str, start: datetime, end: datetime) -> Decimal:
        counted = [event for event in self.events if not event.is_void and start <= event.at < end]
        return sum((event.amount for event in counted if self.owner(event.subject, event.at) == customer), Decimal(0))


def _fee(term: Term, month: tuple[datetime, datetime]) -> Decimal:
    start, end = max(term.start, month[0]), min(term.end or month[1], month[1])
    if start >= end:
        return Decimal(0)
    return _rounded(Fraction(PLANS[term.plan][0]) * Fraction((end - start) / timedelta(seconds=1)) / _seconds(month))


def _charge(plan: str, before: Decimal, now: Decimal) -> Decimal:
    _, free, tiers = PLANS[plan]
    start, end = max(before - free, Decimal(0)), max(now - free, Decimal(0))
    total, floor = Decimal(0), Decimal(0)
    for bound, price in tiers:
        top = end if bound is None else min(end, bound)
        total += _rounded(Fraction(max(top - max(start, floor), Decimal(0)) * price))
        floor = bound or floor
    return total


def _rounded(amount: Fraction) -> Decimal:
    exact = Decimal(amount.numerator) / Decimal(amount.denominator)
    return exact.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _seconds(month: tuple[datetime, datetime]) -> Fraction:
    return Fraction((month[1] - month[0]) / timedelta(seconds=1))


def _months(start: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    """Return the calendar months (UTC) that begin by a time, from the one that holds the start on."""
    months, first = [], datetime(start.year, start.month, 1, tzinfo=UTC)
    while first <= until:
        after = datetime(first.year + first.month // 12, first.month % 12 + 1, 1, tzinfo=UTC)
        months.append((first, after))
        first = after
    return months
