"""What a billing run wrote, or would write, that somebody may want to look at."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from invoicing.anomalies import Anomaly, BillFacts, anomalies_of
from invoicing.models import BillingRun, Invoice, InvoiceLine, InvoiceStatus, InvoiceType
from invoicing.queries.bills import Bill, price_bill
from invoicing.queries.due import Outlook, outlooks, read_usage
from invoicing.queries.priced_lines import PricedLine, Readings
from metering.models import Customer
from pricing.money import zero

# How many earlier invoices say what is usual.
_EARLIER = 24
_CHUNK = 200
_Key = tuple[int, str]


@dataclass(frozen=True)
class NotableBill:
    """What a customer is billed in one currency, before tax where it is not written yet, and what is unusual of it."""

    customer: Customer
    currency: str
    billed_at: datetime
    total: Decimal
    anomalies: tuple[Anomaly, ...]
    invoice: Invoice | None = None


@dataclass(frozen=True)
class RunPreview:
    """What a billing run would write: every bill by customer, the oldest first, and who cannot be billed, and why."""

    customers: int
    bills: tuple[NotableBill, ...]
    failures: tuple[tuple[Customer, str], ...]

    @property
    def totals(self) -> dict[str, Decimal]:
        """What all bills come to before tax, by currency."""
        found: dict[str, Decimal] = {}
        for bill in self.bills:
            found[bill.currency] = found.get(bill.currency, Decimal(0)) + bill.total
        return dict(sorted(found.items()))

    @property
    def notable(self) -> tuple[NotableBill, ...]:
        """The bills with something unusual."""
        return tuple(bill for bill in self.bills if bill.anomalies)


def notable_bills(run: BillingRun) -> list[NotableBill]:
    """Return what is unusual of the invoices that a run wrote, in their order, in four queries."""
    written = list(
        run.written.exclude(status=InvoiceStatus.DELETED)
        .annotate(is_metered=Exists(_metered()), has_usage=Exists(_metered().exclude(quantity=0)))
        .select_related("customer")
        .order_by("pk")
    )
    earlier = _earlier_totals({invoice.customer_id for invoice in written}, before_run=run)
    return [bill for invoice in written if (bill := _written_bill(invoice, earlier)).anomalies]


def _written_bill(invoice: Any, earlier: Mapping[_Key, list[Decimal]]) -> NotableBill:
    totals = earlier[invoice.customer_id, str(invoice.currency)]
    found = anomalies_of(BillFacts(invoice.total, invoice.is_metered, invoice.has_usage, tuple(totals)))
    # The next invoice of the run comes after this one.
    totals.append(invoice.total)
    return NotableBill(invoice.customer, str(invoice.currency), invoice.billed_at, invoice.total, found, invoice)


def preview_run(*, now: datetime, bound: int, customer_ids: Sequence[int]) -> RunPreview:
    """
    Return what a billing run at `now` would write for these customers, from the code that bills; nothing is written.

    Spend thresholds are left out, as they are looked at when the rest is billed; so are changes of usage that nobody
    noted yet.
    """
    bills: list[NotableBill] = []
    failures: list[tuple[Customer, str]] = []
    for start in range(0, len(customer_ids), _CHUNK):
        found = outlooks(customer_ids[start : start + _CHUNK], now=now, bound=bound)
        readings = read_usage(found, bound=bound)
        earlier = _earlier_totals(outlook.customer.pk for outlook in found)
        for outlook in found:
            try:
                if outlook.error:
                    raise outlook.error
                bills += _preview(outlook, bound, readings, earlier)
            except Exception as error:
                failures.append((outlook.customer, str(error)))
    return RunPreview(len(customer_ids), tuple(bills), tuple(failures))


def _preview(
    outlook: Outlook, bound: int, readings: Readings, earlier: Mapping[_Key, list[Decimal]]
) -> list[NotableBill]:
    found: list[NotableBill] = []
    known: dict[str, list[Decimal]] = defaultdict(list)
    before: list[PricedLine] = []
    for bill in outlook.bills:
        priced = price_bill(bill, spans=outlook.spans, bound=bound, readings=readings, earlier=before)
        before += priced
        totals = [*earlier[outlook.customer.pk, bill.currency], *known[bill.currency]]
        total = _total(bill, priced)
        known[bill.currency].append(total)
        facts = BillFacts(
            total,
            any(line.due.version for line in priced),
            any(line.due.version and line.state and line.state.quantity for line in priced),
            totals,
        )
        found.append(NotableBill(outlook.customer, bill.currency, bill.billed_at, total, anomalies_of(facts)))
    return found


def _total(bill: Bill, priced: Iterable[PricedLine]) -> Decimal:
    by_hand = sum((line.amount for line in bill.pending), zero(bill.currency))
    return sum((line.amount for line in priced), by_hand)


def _metered() -> QuerySet[InvoiceLine]:
    return InvoiceLine.objects.filter(invoice=OuterRef("pk"), meter_version__isnull=False)


def _earlier_totals(
    customer_ids: Iterable[int], *, before_run: BillingRun | None = None
) -> Mapping[_Key, list[Decimal]]:
    """Return the totals of the last issued invoices of each customer by currency, those that a run wrote left out."""
    issued = Invoice.objects.issued().filter(customer__in=list(customer_ids), type=InvoiceType.STANDARD)
    if before_run is not None:
        issued = issued.filter(Q(run=None) | Q(run__lt=before_run))
    place = Window(RowNumber(), partition_by=["customer", "currency"], order_by=F("pk").desc())
    found: dict[_Key, list[Decimal]] = defaultdict(list)
    for customer, currency, total in (
        issued.annotate(place=place)
        .filter(place__lte=_EARLIER)
        .order_by("pk")
        .values_list("customer", "currency", "total")
    ):
        found[customer, str(currency)].append(total)
    return found
