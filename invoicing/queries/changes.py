"""What is due because something changed after it was billed: usage, terms, or lines that a minimum counted."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

from django.db.models import Exists, F, Func, Q, QuerySet, TextField

from invoicing.lifecycle import DRAFT
from invoicing.lines import LineState, spans_within
from invoicing.models import InvoiceLine, LineCause, ManagedBy, UsageChange
from invoicing.queries.contracts import later_lines
from invoicing.queries.due_lines import DueLine
from invoicing.queries.explain import charge_of_line
from invoicing.queries.measuring import measured
from invoicing.queries.states import is_collected
from metering.models import Customer, SubjectLink
from metering.periods import Period
from metering.spans import Span
from pricing.models import SubscriptionItem
from pricing.prices import Charge, FlatPrice
from pricing.proration import share
from pricing.queries import ServicePeriod

# No service period is longer, so no fee that reaches past the end of its item starts earlier before it.
_LONGEST_PERIOD = timedelta(days=367)
_NOTED = "subscription_item__customer__usage_change"
_RELATED = (
    "invoice",
    "meter_version__meter",
    "subscription_item__feature",
    "subscription_item__phase",
    "subscription_item__subscription__customer",
)


class _Version(Func):
    """The transaction that wrote the row as it is: another one whenever it changed."""

    template = "invoicing_usagechange.xmin::text"
    arity = 0
    output_field = TextField()


def changes_of(
    customer_ids: Sequence[int], *, bound: int | None, at: datetime, by: datetime | None = None
) -> dict[int, list[DueLine]]:
    """
    Return what changed of what customers were billed: usage up to batch `bound` (None: all there is), and terms.

    Each line continues the last one of its item and period, with its `state` read already, but for minimums, which
    count the others. Usage is looked at where a change of it was noted, or one that was billed was cancelled; what
    reads the same as it was billed is left out. A fee in advance is given back from the end of its item on, once that
    has come; `at` is now, a test clock has its own time, and `by` looks ahead of both. What was voided, or billed
    before its period ended, is no change: it is billed on from there.
    """
    found: dict[int, list[DueLine]] = defaultdict(list)
    lines = _used_lines(customer_ids)
    spans = _spans_of({_customer(line) for line in lines}, bound)
    for line in lines:
        if not _is_read_again(line) and (due := _usage_change(line, spans[_customer(line)], bound)) is not None:
            found[_customer(line)].append(due)
    for line in _cut_fees(customer_ids, at, by):
        if (due := _fee_change(line)) is not None:
            found[_customer(line)].append(due)
    changed = [due.line_before for lines in found.values() for due in lines if due.line_before]
    for line in _uncounted_minimums(customer_ids, changed):
        found[_customer(line)].append(_continued(line, LineState.from_json(line.now or {})))
    return dict(found)


def noted_changes(customer_ids: Sequence[int]) -> dict[int, str]:
    """
    Return for each customer with a noted change of usage what tells the row's version, for `settle_changes`.

    Those of whom a draft is still to be read again are left out: their rows stay until it was. Call it before
    `changes_of`, so that what is noted later is not taken for seen.
    """
    rows = UsageChange.objects.filter(customer__in=customer_ids).annotate(version=_Version())
    noted = dict(rows.values_list("customer", "version"))
    waiting = {_customer(line) for line in _used_lines(list(noted)) if _is_read_again(line)}
    return {pk: version for pk, version in noted.items() if pk not in waiting}


def _spans_of(customer_ids: Iterable[int], bound: int | None) -> Mapping[int, tuple[Span, ...]]:
    links = SubjectLink.objects.known_at(bound).filter(customer__in=customer_ids).order_by("pk")
    spans: dict[int, tuple[Span, ...]] = defaultdict(tuple)
    for customer, subject, start, end in links.values_list("customer", "subject__key", "from_at", "to_at"):
        spans[customer] += (Span(subject, start, end),)
    return spans


def _last_lines() -> QuerySet[InvoiceLine]:
    """Return the last line of each item and period, which says what is billed of it."""
    lines = InvoiceLine.objects.filter(~Exists(later_lines()), subscription_item__isnull=False, now__isnull=False)
    return lines.select_related(*_RELATED).order_by("period_start", "subscription_item")


# --- Usage -----------------------------------------------------------------------------------------------------------


def _used_lines(customer_ids: Sequence[int]) -> list[InvoiceLine]:
    """Return the lines whose usage may have changed, that which fills their tiers included."""
    noted = list(UsageChange.objects.filter(customer__in=customer_ids).values_list("customer", flat=True))
    reached = Q(period_start__lt=F(f"{_NOTED}__to_at")) | Q(now__has_key="carried")
    chosen = [
        # A line that was cancelled leaves what was billed before it, which is older than the change it billed.
        _final_lines(customer_ids).filter(cause=LineCause.CANCELLATION),
        _final_lines(noted).filter(reached, period_end__gt=F(f"{_NOTED}__from_at")),
    ]
    found = {line.pk: line for lines in chosen for line in lines}
    return sorted(found.values(), key=lambda line: (line.period_start, line.pk))


def _final_lines(customer_ids: Sequence[int]) -> QuerySet[InvoiceLine]:
    lines = _last_lines().filter(subscription_item__customer__in=customer_ids, meter_version__isnull=False)
    return lines.exclude(now__contains={"is_final": False})


def _is_read_again(line: InvoiceLine) -> bool:
    """Tell whether a line of usage is on a draft that waits for late events, so that it follows them by itself."""
    is_of_period = line.managed_by == ManagedBy.SUBSCRIPTION and line.cause == LineCause.PERIOD
    return is_of_period and line.invoice.status in DRAFT and not is_collected(line.invoice)


def _usage_change(line: InvoiceLine, spans: tuple[Span, ...], bound: int | None) -> DueLine | None:
    before, version = LineState.from_json(line.now or {}), line.meter_version
    assert version is not None
    reach = (*before.stretches, before.period)
    charge = charge_of_line(line)
    now = measured(
        replace(before, bound=bound, spans=spans_within(spans, reach)),
        version=version,
        charge=charge,
        filters=line.filters,
    )
    if now.usage == before.usage:
        return None
    return replace(_continued(line, before), version=version, stretches=before.stretches, state=now)


def _continued(line: InvoiceLine, before: LineState) -> DueLine:
    return DueLine(
        item=_item(line),
        charge=charge_of_line(line),
        version=None,
        service=ServicePeriod(before.period, before.whole, line.invoice_at),
        before=before,
        sequence=line.sequence + 1,
        cause=LineCause.CHANGE,
        line_before=line,
    )


# --- Fees ------------------------------------------------------------------------------------------------------------


def _cut_fees(customer_ids: Sequence[int], at: datetime, by: datetime | None) -> Iterator[InvoiceLine]:
    """Yield fees that were billed past the end of their item, once that end has come."""
    lines = _last_lines().filter(
        subscription_item__customer__in=customer_ids,
        subscription_item__active_to__lt=F("period_end"),
        period_start__gt=F("subscription_item__active_to") - _LONGEST_PERIOD,
        subscription_item__phase__isnull=False,
        meter_version=None,
    )
    clocks = Customer.objects.filter(pk__in=customer_ids, test_clock__isnull=False)
    times = dict(clocks.values_list("pk", "test_clock__now_at"))
    for line in lines:
        item = _item(line)
        if item.active_to and item.active_to <= (by or times.get(item.customer_id, at)):
            yield line


def _fee_change(line: InvoiceLine) -> DueLine | None:
    before, item = LineState.from_json(line.now or {}), _item(line)
    due = _continued(line, before)
    if not (isinstance(due.charge, Charge) and isinstance(due.charge.price, FlatPrice)):
        return None
    assert item.active_to is not None
    if item.active_to <= line.period_start:
        return replace(due, is_given_back=True)
    # What is billed once is not for a time, and a contract that does not prorate gives no part back.
    if not item.billing_cadence or not item.subscription.is_prorating:
        return None
    period = Period(line.period_start, item.active_to)
    part: Fraction = share(period, before.whole)
    service = replace(due.service, period=period)
    return replace(due, service=service, state=replace(before, period=period, part=part))


# --- Minimums --------------------------------------------------------------------------------------------------------


def _uncounted_minimums(customer_ids: Sequence[int], changed: Sequence[InvoiceLine]) -> Iterator[InvoiceLine]:
    """Yield the minimums that count a line which is changed now, or was since they were billed."""
    earlier = InvoiceLine.objects.filter(cause=LineCause.CHANGE, subscription_item__customer__in=customer_ids)
    written = list(earlier.filter(subscription_item__phase__isnull=False).select_related("subscription_item"))
    subscriptions = {_item(line).subscription_id for line in (*changed, *written)}
    if not subscriptions:
        return
    # A plan that took over within a billing period counts what the one before it charged.
    of_them = Q(subscription_item__subscription__in=subscriptions)
    of_followers = Q(subscription_item__subscription__supersedes__in=subscriptions)
    minimums = _last_lines().filter(of_them | of_followers, subscription_item__phase=None)
    for minimum in minimums:
        later = [*changed, *(line for line in written if line.pk > minimum.pk)]
        if not _is_read_again(minimum) and any(_is_counted(minimum, line) for line in later):
            yield minimum


def _is_counted(minimum: InvoiceLine, line: InvoiceLine) -> bool:
    counted = LineState.from_json(minimum.now or {}).counted
    return any((key.item_id, key.period_start) == (line.subscription_item_id, line.period_start) for key in counted)


def _customer(line: InvoiceLine) -> int:
    return _item(line).customer_id


def _item(line: InvoiceLine) -> SubscriptionItem:
    assert line.subscription_item is not None
    return line.subscription_item
