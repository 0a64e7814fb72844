"""The invoices that are to come, as the layer that writes them tells; registered at start-up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from metering.periods import Period


@dataclass(frozen=True)
class ComingLine:
    """A line to come, before tax; `key` tells it from other lines, whenever its period ends. A fee has no quantity."""

    key: tuple[object, ...]
    name: str
    period: Period
    quantity: Decimal | None
    amount: Decimal


@dataclass(frozen=True)
class ComingInvoice:
    """What is billed at one time in one currency, before tax; usage counts as far as it is known now."""

    billed_at: datetime
    currency: str
    lines: tuple[ComingLine, ...]

    @property
    def total(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal(0))


@dataclass(frozen=True)
class ChangedInvoice:
    """The invoice of one billing time without an act and with it."""

    billed_at: datetime
    currency: str
    before: ComingInvoice | None
    after: ComingInvoice | None

    @property
    def is_changed(self) -> bool:
        return self.before != self.after

    @property
    def lines(self) -> list[tuple[ComingLine | None, ComingLine | None]]:
        """Every line before and after, in the order of the later invoice, those that go last."""
        before = {line.key: line for line in self.before.lines} if self.before else {}
        after = {line.key: line for line in self.after.lines} if self.after else {}
        return [(before.get(key), after.get(key)) for key in dict.fromkeys([*after, *before])]


# By customer, up to when, and as of when; oldest first.
Forecast = Callable[[int, datetime, datetime], Sequence[ComingInvoice]]
_forecasts: list[Forecast] = []


def register_forecast(forecast: Forecast) -> None:
    """Have a function tell which invoices of a customer come up to a time, those that are due already included."""
    _forecasts.append(forecast)


def coming_invoices(customer_id: int, *, until: datetime, at: datetime) -> list[ComingInvoice]:
    """
    Return the invoices to come up to a time, oldest first, as things stand `at` now in this transaction.

    :raises DomainError: if something of the customer cannot be billed.
    """
    return [invoice for forecast in _forecasts for invoice in forecast(customer_id, until, at)]


def changed_invoices(before: Sequence[ComingInvoice], after: Sequence[ComingInvoice]) -> list[ChangedInvoice]:
    """Pair the invoices of each billing time and currency, oldest first."""
    was = {(one.billed_at, one.currency): one for one in before}
    will = {(one.billed_at, one.currency): one for one in after}
    return [ChangedInvoice(*key, was.get(key), will.get(key)) for key in sorted({*was, *will})]
