"""What is due for many customers, read without locks in a few queries, and how to tell that it still holds."""

import json
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from django.db import connection
from django.db.models import Q

from invoicing.lifecycle import DRAFT, FAILED, InvoiceStatus
from invoicing.lines import Reading, spans_within
from invoicing.models import BillingProfile, Invoice, InvoiceLine, InvoiceType
from invoicing.queries.bills import Bill, DueLine, bills_of
from invoicing.queries.changes import changes_of, noted_changes
from invoicing.queries.contracts import OpenContract, open_contracts
from invoicing.queries.due_lines import stored_lines
from invoicing.queries.measuring import reading_of
from invoicing.queries.profiles import profiles_of
from invoicing.queries.states import is_collected
from metering.models import Aggregation, Customer, SubjectLink
from metering.periods import Period
from metering.queries.usage import query_usage
from metering.spans import Span
from pricing.prices import Charge

logger = logging.getLogger(__name__)

# So many subjects are read in one query.
_MOST_SPANS = 2_000

# What goes on by itself as soon as its wait is over.
_MOVING = {
    status
    for status in InvoiceStatus
    if status in DRAFT or status.startswith("issuing.") or status == InvoiceStatus.ISSUED
} - {*FAILED, InvoiceStatus.DRAFT_MANUAL_APPROVAL_NEEDED}
# By subscription item and period.
Readings = dict[tuple[int, Period], Reading]


@dataclass(frozen=True)
class Draft:
    """A draft that goes on by itself now; `lines` are those whose usage has to be read again before."""

    invoice_id: int
    lines: tuple[DueLine, ...] = ()


@dataclass(frozen=True)
class Outlook:
    """
    What one customer is to be billed at a time. `seal` changes with everything that this was read from.

    `noted` is the change of usage that was noted of them, where all that came of it is on the bills.
    """

    customer: Customer
    at: datetime
    profile: BillingProfile
    seal: str
    spans: tuple[Span, ...] = ()
    bills: tuple[Bill, ...] = ()
    drafts: tuple[Draft, ...] = ()
    noted: str | None = None
    error: Exception | None = None


@dataclass(frozen=True)
class _Open:
    """What is not billed yet of one customer."""

    contracts: Sequence[OpenContract] = ()
    pending: Sequence[InvoiceLine] = ()
    changes: Sequence[DueLine] = ()
    noted: str | None = None
    drafts: Sequence[Invoice] = ()


_Metered = tuple[DueLine, Outlook]
_Alike = tuple[int, str, tuple[str, ...], Period]


def outlooks(customer_ids: Sequence[int], *, now: datetime, bound: int) -> list[Outlook]:
    """
    Return what is due for those who owe anything, up to `now` or to the time of a customer's test clock.

    Who cannot be billed is among them, with the error. Some fifteen queries, however many customers and however long
    they have paid.
    """
    # Before anything else is read, so that whatever changes from here on breaks the seal.
    seals = seal_of(customer_ids)
    found = _open(customer_ids, now, bound)
    customers = Customer.objects.select_related("test_clock").in_bulk(list(found))
    profiles, spans = profiles_of(found), spans_of(found, bound)
    outlooks = (
        _outlook(customers[pk], found[pk], Outlook(customers[pk], now, profiles[pk], seals[pk], spans[pk]))
        for pk in sorted(found)
    )
    return [outlook for outlook in outlooks if outlook.bills or outlook.drafts or outlook.noted or outlook.error]


def seal_of(customer_ids: Sequence[int]) -> dict[int, str]:
    """Return for each customer a text that changes when they, a contract of theirs, or what was billed for it does."""
    with connection.cursor() as cursor:
        cursor.execute(_SEALS, {"customers": list(customer_ids)})
        return dict(cursor.fetchall())


def pending_lines(customer_ids: Iterable[int]) -> dict[int, list[InvoiceLine]]:
    """Return for each customer the lines that wait on their gathering invoices."""
    lines = InvoiceLine.objects.filter(
        invoice__status=InvoiceStatus.GATHERING, invoice__customer__in=list(customer_ids)
    ).select_related("invoice", "feature", "meter_version__meter")
    found: dict[int, list[InvoiceLine]] = defaultdict(list)
    for line in lines.order_by("position", "pk"):
        found[line.invoice.customer_id].append(line)
    return found


def spans_of(customer_ids: Iterable[int], bound: int | None) -> Mapping[int, tuple[Span, ...]]:
    """Return for each customer the subjects whose usage is theirs, as was known at batch `bound` (None: now)."""
    links = SubjectLink.objects.known_at(bound).filter(customer__in=list(customer_ids)).order_by("pk")
    spans: dict[int, tuple[Span, ...]] = defaultdict(tuple)
    for customer, subject, start, end in links.values_list("customer", "subject__key", "from_at", "to_at"):
        spans[customer] += (Span(subject, start, end),)
    return spans


def time_of(customer: Customer, now: datetime) -> datetime:
    """Return the time that holds for a customer: that of their test clock, else `now`."""
    return customer.test_clock.now_at if customer.test_clock else now


def read_usage(outlooks: Iterable[Outlook], *, bound: int) -> Readings:
    """
    Measure what can be measured for many customers at once: the same meter, filter, groups and period.

    The rest is left out and has to be read by itself: what cannot be added up or measured at all, and the usage of
    customers with a subject that changed hands within the period.
    """
    groups: dict[_Alike, list[_Metered]] = defaultdict(list)
    for outlook in outlooks:
        for due in _unread(outlook):
            groups[_measured_alike(due)].append((due, outlook))
    readings: Readings = {}
    for group in groups.values():
        for part in _parts(group):
            readings |= _read(part, bound)
    return readings


def _unread(outlook: Outlook) -> Iterator[DueLine]:
    lines = [*(bill.lines for bill in outlook.bills), *(draft.lines for draft in outlook.drafts)]
    yield from (due for of in lines for due in of if due.version and due.state is None)


def _open(customer_ids: Sequence[int], now: datetime, bound: int) -> dict[int, _Open]:
    contracts: dict[int, list[OpenContract]] = defaultdict(list)
    for contract in open_contracts(Q(customer__in=customer_ids)):
        contracts[contract.subscription.customer_id].append(contract)
    pending, noted = pending_lines(customer_ids), noted_changes(customer_ids)
    changes = changes_of(customer_ids, bound=bound, at=now)
    drafts = _moving_drafts(customer_ids)
    return {
        pk: _Open(contracts.get(pk, ()), pending.get(pk, ()), changes.get(pk, ()), noted.get(pk), drafts.get(pk, ()))
        for pk in {*contracts, *pending, *changes, *noted, *drafts}
    }


def _moving_drafts(customer_ids: Iterable[int]) -> dict[int, list[Invoice]]:
    moving = Invoice.objects.filter(customer__in=list(customer_ids), status__in=sorted(_MOVING))
    moving = moving.exclude(status=InvoiceStatus.ISSUED, type=InvoiceType.CREDIT_NOTE)
    found: dict[int, list[Invoice]] = defaultdict(list)
    for invoice in moving.order_by("billed_at", "pk"):
        found[invoice.customer_id].append(invoice)
    return found


def _outlook(customer: Customer, found: _Open, outlook: Outlook) -> Outlook:
    at = time_of(customer, outlook.at)
    moving = [draft for draft in found.drafts if _is_over(draft, at)]
    outlook = replace(outlook, at=at, drafts=tuple(Draft(draft.pk, _uncollected(draft)) for draft in moving))
    try:
        bills = bills_of(
            customer,
            found.contracts,
            until=at,
            profile=outlook.profile,
            pending=found.pending,
            changes=found.changes,
        )
    except Exception as error:
        return replace(outlook, error=error)
    return replace(outlook, bills=tuple(bills), noted=found.noted if _holds(bills, found.changes) else None)


def _holds(bills: Iterable[Bill], changes: Iterable[DueLine]) -> bool:
    """Tell whether all changes are on one of the bills, and none waits for a later one."""
    billed = {(due.item.pk, due.service.period.start) for bill in bills for due in bill.lines}
    return all((due.item.pk, due.service.period.start) in billed for due in changes)


def _is_over(draft: Invoice, at: datetime) -> bool:
    """Tell whether what a draft waits for has come."""
    wait = {
        InvoiceStatus.DRAFT_WAITING_FOR_COLLECTION: draft.collection_at,
        InvoiceStatus.DRAFT_WAITING_AUTO_APPROVAL: draft.draft_until,
    }.get(InvoiceStatus(draft.status))
    return wait is None or wait <= at


def _uncollected(draft: Invoice) -> tuple[DueLine, ...]:
    return () if is_collected(draft) else stored_lines(draft)


def _measured_alike(due: DueLine) -> _Alike:
    assert due.version is not None
    return due.version.pk, json.dumps(due.filters, sort_keys=True), _groups(due), due.period


def _groups(due: DueLine) -> tuple[str, ...]:
    return due.charge.needs_groups if isinstance(due.charge, Charge) else ()


def _parts(group: Sequence[_Metered]) -> Iterator[list[_Metered]]:
    """Cut a group so that no query has too many subjects."""
    part: list[_Metered] = []
    count = 0
    for metered in group:
        if part and count + len(metered[1].spans) > _MOST_SPANS:
            yield part
            part, count = [], 0
        part.append(metered)
        count += len(metered[1].spans)
    yield part


def _read(group: Sequence[_Metered], bound: int) -> Readings:
    first, version = group[0][0], group[0][0].version
    # What a customer used has to be the sum of what their subjects used.
    if version is None or not Aggregation(version.meter.aggregation).is_additive:
        return {}
    period = first.period
    spans = {outlook.customer.pk: spans_within(outlook.spans, [period]) for _, outlook in group}
    subjects = {pk: {span.subject for span in used} for pk, used in spans.items()}
    owners = Counter(subject for used in subjects.values() for subject in used)
    try:
        rows = query_usage(
            version=version,
            start=period.start,
            end=period.end,
            spans=[span for used in spans.values() for span in used],
            filters=first.filters,
            group_by=_groups(first),
            by_subject=True,
            bound=bound,
        )
    except Exception:
        # Reading one by one will say of each customer what is wrong, but perhaps not what was wrong with all at once.
        logger.exception("Usage of %s could not be read for %d customers at once.", version, len(spans))
        return {}
    values: dict[str | None, list[tuple[dict[str, str], Decimal]]] = defaultdict(list)
    for row in rows:
        values[row.subject].append((row.group, row.value))
    return {
        due.key: reading_of(due.charge, [used for subject in subjects[outlook.customer.pk] for used in values[subject]])
        for due, outlook in group
        if all(owners[subject] == 1 for subject in subjects[outlook.customer.pk])
    }


_SEALS = """
    SELECT customer.id, concat_ws(' ', customer.xmin,
        (SELECT string_agg(contract.id || ':' || contract.xmin, ',' ORDER BY contract.id)
         FROM pricing_subscription contract WHERE contract.customer_id = customer.id),
        (SELECT string_agg(item.id || ':' || item.xmin, ',' ORDER BY item.id)
         FROM pricing_subscriptionitem item WHERE item.customer_id = customer.id),
        (SELECT max(invoice.id) FROM invoicing_invoice invoice WHERE invoice.customer_id = customer.id),
        (SELECT string_agg(line.id || ':' || line.xmin, ',' ORDER BY line.id)
         FROM invoicing_invoice gathering JOIN invoicing_invoiceline line ON line.invoice_id = gathering.id
         WHERE gathering.customer_id = customer.id AND gathering.status = 'gathering'))
    FROM metering_customer customer WHERE customer.id = ANY(%(customers)s)
"""
