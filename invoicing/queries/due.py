"""What is due for many customers, read without locks in a few queries, and how to tell that it still holds."""

import json
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import connection
from django.db.models import Q

from invoicing.lines import Reading, spans_within
from invoicing.queries.bills import Bill, DueLine, bills_of
from invoicing.queries.contracts import OpenContract, open_contracts
from invoicing.queries.measuring import reading_of
from metering.models import Aggregation, Customer, SubjectLink
from metering.periods import Period
from metering.queries.usage import query_usage
from metering.spans import Span
from pricing.prices import Charge

logger = logging.getLogger(__name__)

# So many subjects are read in one query.
_MOST_SPANS = 2_000

# By subscription item and period.
Readings = dict[tuple[int, Period], Reading]


@dataclass(frozen=True)
class Outlook:
    """What one customer is to be billed at a time. `seal` changes with everything that this was read from."""

    customer: Customer
    at: datetime
    seal: str
    spans: tuple[Span, ...] = ()
    bills: tuple[Bill, ...] = ()
    error: Exception | None = None


_Metered = tuple[DueLine, Outlook]
_Alike = tuple[int, str, tuple[str, ...], Period]


def outlooks(customer_ids: Sequence[int], *, now: datetime, wait: timedelta, bound: int) -> list[Outlook]:
    """
    Return what is due, a collection interval of `wait` after its billing time, for those who owe anything.

    Time is `now` or a customer's test clock. Who cannot be billed is among them, with the error. Some eight queries,
    however many customers and however long they have paid.
    """
    # Before anything else is read, so that whatever changes from here on breaks the seal.
    seals = seal_of(customer_ids)
    contracts: dict[int, list[OpenContract]] = defaultdict(list)
    for contract in open_contracts(Q(customer__in=customer_ids)):
        contracts[contract.subscription.customer_id].append(contract)
    spans = _spans_of(contracts, bound)
    found = (_outlook(group, seals[pk], spans[pk], now, wait) for pk, group in contracts.items())
    return [outlook for outlook in found if outlook.bills or outlook.error]


def seal_of(customer_ids: Sequence[int]) -> dict[int, str]:
    """Return for each customer a text that changes when they, a contract of theirs, or what was billed for it does."""
    with connection.cursor() as cursor:
        cursor.execute(_SEALS, {"customers": list(customer_ids)})
        return dict(cursor.fetchall())


def read_usage(outlooks: Iterable[Outlook], *, bound: int) -> Readings:
    """
    Measure what can be measured for many customers at once: the same meter, filter, groups and period.

    The rest is left out and has to be read by itself: what cannot be added up or measured at all, and the usage of
    customers with a subject that changed hands within the period.
    """
    groups: dict[_Alike, list[_Metered]] = defaultdict(list)
    for outlook in outlooks:
        for due in (due for bill in outlook.bills for due in bill.lines if due.version):
            groups[_measured_alike(due)].append((due, outlook))
    readings: Readings = {}
    for group in groups.values():
        for part in _parts(group):
            readings |= _read(part, bound)
    return readings


def _outlook(
    contracts: Sequence[OpenContract],
    seal: str,
    spans: tuple[Span, ...],
    now: datetime,
    wait: timedelta,
) -> Outlook:
    customer = contracts[0].subscription.customer
    at = customer.test_clock.now_at if customer.test_clock else now
    try:
        bills = [bill for contract in contracts for bill in bills_of(contract, until=at)]
        due = sorted((bill for bill in bills if bill.due_at(wait) <= at), key=lambda bill: bill.billed_at)
    except Exception as error:
        return Outlook(customer, at, seal, error=error)
    return Outlook(customer, at, seal, spans, tuple(due))


def _spans_of(customer_ids: Iterable[int], bound: int) -> Mapping[int, tuple[Span, ...]]:
    links = SubjectLink.objects.known_at(bound).filter(customer__in=customer_ids).order_by("pk")
    spans: dict[int, tuple[Span, ...]] = defaultdict(tuple)
    for customer, subject, start, end in links.values_list("customer", "subject__key", "from_at", "to_at"):
        spans[customer] += (Span(subject, start, end),)
    return spans


def _measured_alike(due: DueLine) -> _Alike:
    assert due.version is not None
    return due.version.pk, json.dumps(due.filters, sort_keys=True), _groups(due), due.service.period


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
    period = first.service.period
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
        (SELECT string_agg(line.id::text, ',' ORDER BY item.id)
         FROM pricing_subscriptionitem item CROSS JOIN LATERAL (
             SELECT id FROM invoicing_invoiceline WHERE subscription_item_id = item.id
             ORDER BY period_start DESC, sequence DESC LIMIT 1
         ) line WHERE item.customer_id = customer.id))
    FROM metering_customer customer WHERE customer.id = ANY(%(customers)s)
"""
