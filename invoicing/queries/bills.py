"""What should be billed: the bills of every billing time that no invoice holds yet, and what they cost."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from invoicing.collection import collected_at
from invoicing.models import BillingProfile, Corrections, Invoice, InvoiceLine, LineCause
from invoicing.queries.contracts import OpenContract
from invoicing.queries.due_lines import CannotPrice, DueLine, due_lines, unbilled_lines
from invoicing.queries.priced_lines import PricedLine, Readings, price_line, price_lines
from metering.models import Customer
from metering.spans import Span

__all__ = [
    "Bill",
    "CannotPrice",
    "DueLine",
    "PricedLine",
    "Readings",
    "bills_of",
    "due_lines",
    "price_bill",
    "price_line",
]

# Further ahead than any billing period.
_FAR = timedelta(days=367)


@dataclass(frozen=True)
class Bill:
    """
    What comes due for a customer in one currency at one billing time; it becomes one invoice.

    `pending` are lines that were written by hand and waited for it. A bill that `corrects` becomes a credit note.
    """

    customer: Customer
    currency: str
    billed_at: datetime
    lines: tuple[DueLine, ...]
    pending: tuple[InvoiceLine, ...] = ()
    spend_threshold: Decimal | None = None
    corrects: Invoice | None = None

    def collection_at(self, collection_interval: timedelta) -> datetime | None:
        """Return until when late usage joins, None where nothing depends on usage; its fees wait with it."""
        times = [line.service.bill_at for line in self.lines if line.waits]
        times += [line.invoice_at for line in self.pending if line.meter_version_id]
        # What is billed before its time waits from then on.
        return min(max(times), self.billed_at) + collection_interval if times else None

    def due_at(self, collection_interval: timedelta) -> datetime:
        """Return when all that is on it is known."""
        # Late usage may be in before an anchored profile collects it.
        return max(self.collection_at(collection_interval) or self.billed_at, self.billed_at)


def bills_of(
    customer: Customer,
    contracts: Sequence[OpenContract],
    *,
    until: datetime,
    profile: BillingProfile | None = None,
    pending: Iterable[InvoiceLine] = (),
    changes: Iterable[DueLine] = (),
) -> list[Bill]:
    """
    Return the bills of a customer up to a billing time, oldest first.

    They hold what is not billed of the periods of `contracts`, `pending` lines whose time has come, and `changes` of
    what was billed, as the profile routes them: to the next bill, at once if none will come, or as credit notes. A free
    flat fee has no line, as nothing can come of it.

    :raises CannotPrice: if an item has a price that cannot be read, or is billed by usage that no meter measures.
    """
    drawer = _Drawer(customer, until, profile.workflow.collection_anchor if profile else None)
    for contract in contracts:
        for due in due_lines(contract, until=until):
            drawer.add(due)
    for line in pending:
        drawer.add_pending(line)
    known = {(due.item.pk, due.service.period.start) for lines in drawer.lines.values() for due in lines}
    changed = [due for due in changes if (due.item.pk, due.service.period.start) not in known]
    policy = profile.corrections if profile else Corrections.NEXT_INVOICE
    for due in changed:
        if due.cause != LineCause.CHANGE:
            drawer.add(due)
    notes = _route(drawer, [due for due in changed if due.cause == LineCause.CHANGE], policy, contracts)
    return [*notes, *drawer.bills()]


@dataclass
class _Drawer:
    """What is to be billed, by billing time and currency."""

    customer: Customer
    until: datetime
    anchor: Mapping[str, str] | None
    lines: dict[tuple[datetime, str], list[DueLine]] = field(default_factory=lambda: defaultdict(list))
    pending: dict[tuple[datetime, str], list[InvoiceLine]] = field(default_factory=lambda: defaultdict(list))

    def add(self, due: DueLine) -> None:
        """Add a line at its billing time, if that has come."""
        time = self._time(due.service.bill_at)
        if time <= self.until:
            self.lines[time, due.item.subscription.currency].append(due)

    def add_pending(self, line: InvoiceLine) -> None:
        """Add a line by hand at its time; one that was carried over joins the first bill there is."""
        time = self._time(line.invoice_at)
        if line.subscription_item_id is not None:
            found = self.first(line.currency)
            time = found if found is not None else self.until + _FAR
        if time <= self.until:
            self.pending[time, line.currency].append(line)

    def _time(self, at: datetime) -> datetime:
        return collected_at(self.anchor, self.customer.zone, at)

    def first(self, currency: str) -> datetime | None:
        """Return the first billing time that has come, None where nothing is to be billed."""
        return min((time for time, of in (*self.lines, *self.pending) if of == currency), default=None)

    def bills(self) -> list[Bill]:
        """Return what was added, oldest first."""
        places = sorted({*self.lines, *self.pending})
        return [
            Bill(
                self.customer,
                currency,
                time,
                tuple(self.lines.get((time, currency), ())),
                tuple(self.pending.get((time, currency), ())),
            )
            for time, currency in places
        ]


def _route(
    drawer: _Drawer, changes: Sequence[DueLine], policy: str, contracts: Sequence[OpenContract]
) -> Iterator[Bill]:
    """Add changes of what was billed to the next bill; yield credit notes for what is given back at once."""
    credited: dict[int, list[DueLine]] = defaultdict(list)
    for due in changes:
        if policy == Corrections.CREDIT_NOTE and _gives_back(due):
            credited[due.line_before.invoice_id if due.line_before else 0].append(due)
            continue
        if policy == Corrections.WRITE_OFF and due.version is not None:
            due = replace(due, is_written_off=True)
        currency = due.item.subscription.currency
        time = drawer.first(currency)
        if time is None and not _goes_on(contracts, currency, drawer.until):
            time = drawer.until
        if time is not None:
            drawer.lines[time, currency].append(due)
    for lines in credited.values():
        invoice = lines[0].line_before.invoice if lines[0].line_before else None
        yield Bill(drawer.customer, lines[0].item.subscription.currency, drawer.until, tuple(lines), corrects=invoice)


def _gives_back(due: DueLine) -> bool:
    line, is_known = due.line_before, due.state is not None or due.is_given_back
    # What a minimum comes to is known once the lines that it counts are.
    return line is not None and line.invoice.number is not None and is_known and price_line(due, due.state).amount < 0


def _goes_on(contracts: Sequence[OpenContract], currency: str, until: datetime) -> bool:
    """Tell whether another bill will come by itself."""
    return any(
        True
        for contract in contracts
        if contract.subscription.currency == currency
        for opened in contract.items
        for _ in unbilled_lines(opened, until=until + _FAR)
    )


def price_bill(
    bill: Bill,
    *,
    spans: Iterable[Span],
    bound: int | None,
    readings: Readings | None = None,
    earlier: Sequence[PricedLine] = (),
) -> list[PricedLine]:
    """
    Read the usage of a bill's lines up to batch `bound` (None: all there is) and rate each, less what was billed.

    The invoice and the open bill both come from here; see `price_lines`.
    """
    return price_lines(bill.lines, spans=spans, bound=bound, readings=readings, earlier=earlier)
