"""Which time was billed: states that continue each other, periods that were due, no gap and no overlap."""

from collections.abc import Iterator
from copy import copy
from datetime import datetime, timedelta

from django.db.models import Max, Prefetch

from invoicing.lines import read_charge
from invoicing.models import BillingProfile, InvoiceLine
from metering.audit import Check, Finding, Scope, stream
from metering.models import Customer, TestClock
from pricing.models import Subscription, SubscriptionItem
from pricing.prices import Charge, FlatPrice, InvalidPrice
from pricing.queries import ServicePeriod, service_periods

# A billing run is due each hour; what was left out for this long after its collection time is missing.
_GRACE = timedelta(days=1)
_CHUNK = 200


def states_continue_each_other(scope: Scope) -> Iterator[Finding]:
    """Yield lines that do not start from where the line before of their item and period ended."""
    scope.progress("comparing both states of every line with the line before")
    for line, invoice, name, sequence, place, is_continued in stream(_STATES):
        offender = f"line {line} ({name}) of {invoice}"
        if sequence != place:
            yield Finding(2, "its sequence leaves a gap", offender, str(place), str(sequence))
        if not is_continued:
            before = "nothing billed before" if place == 0 else "the state that the line before ended with"
            yield Finding(2, "it does not start where the line before ended", offender, before, "another state")


def billed_time_has_no_gap_or_overlap(scope: Scope) -> Iterator[Finding]:
    """Yield lines whose period does not start where the one before ended, or the first not where its item starts."""
    scope.progress("looking for gaps and overlaps in billed time")
    for line, invoice, name, expected, actual in stream(_GAPS):
        what = (
            "its period overlaps the one before"
            if actual < expected
            else "its period leaves a gap after the one before"
        )
        yield Finding(7, what, f"line {line} ({name}) of {invoice}", _shown(expected), _shown(actual))


def lines_cover_due_periods(scope: Scope) -> Iterator[Finding]:
    """Yield lines of periods that were not due, and periods that came due a day ago and have no line."""
    ids = list(Subscription.objects.order_by("pk").values_list("pk", flat=True))
    moved = _clock_moves()
    patience = _GRACE + max(BillingProfile.objects.values_list("collection_interval", flat=True), default=timedelta())
    for start in range(0, len(ids), _CHUNK):
        scope.progress(f"comparing lines with the periods of {start} of {len(ids)} subscriptions")
        for subscription in _load(ids[start : start + _CHUNK]):
            time = _time_of(subscription.customer, scope.at, moved)
            due_by = time and time - patience
            for item in subscription.items.all():
                yield from _compare(item, due_by)


def _compare(item: SubscriptionItem, due_by: datetime | None) -> Iterator[Finding]:
    if item.price is None:
        return
    try:
        is_free = _is_free(item)
    except InvalidPrice as error:
        yield Finding(2, f"its price cannot be read: {error}", _named(item), "a price", str(item.price))
        return
    lines = {line.period_start: line for line in item.lines.all() if line.sequence == 0}
    until = max([line.period_end for line in lines.values()] + ([due_by] if due_by else []), default=None)
    if until is None or is_free:
        periods, as_agreed = {}, {}
    else:
        periods, as_agreed = _by_start(item, until), _by_start(_without_end(item), until)
    for start, line in lines.items():
        agreed = as_agreed.get(start) if _is_older_than_end(line, item) else None
        yield from _check_line(line, agreed if agreed and _is_for(line, agreed) else periods.get(start, agreed))
    for start, service in periods.items():
        if due_by is not None and service.bill_at <= due_by and start not in lines:
            yield _missing(item, service)


def _is_free(item: SubscriptionItem) -> bool:
    charge = read_charge(
        price=item.price or {},
        discounts=item.discounts,
        unit_config=item.unit_config,
        prorate_commitments=item.prorate_commitments,
    )
    return isinstance(charge, Charge) and isinstance(charge.price, FlatPrice) and not charge.price.amount


def _by_start(item: SubscriptionItem, until: datetime) -> dict[datetime, ServicePeriod]:
    return {service.period.start: service for service in service_periods(item, until)}


def _is_older_than_end(line: InvoiceLine, item: SubscriptionItem) -> bool:
    # What was billed in advance stays as it is when the subscription is cancelled later.
    return item.active_to is not None and line.created_at <= item.subscription.updated_at


def _is_for(line: InvoiceLine, service: ServicePeriod) -> bool:
    period = service.period
    return (line.period_start, line.period_end, line.invoice.billed_at) == (period.start, period.end, service.bill_at)


def _without_end(item: SubscriptionItem) -> SubscriptionItem:
    agreed = copy(item)
    agreed.subscription = copy(item.subscription)
    agreed.active_to = agreed.subscription.active_to = None
    return agreed


def _missing(item: SubscriptionItem, service: ServicePeriod) -> Finding:
    what = f"the period from {_span(service.period.start, service.period.end)} was due and has no line"
    return Finding(2, what, _named(item), f"a line since {_shown(service.bill_at)}", "none")


def _check_line(line: InvoiceLine, service: ServicePeriod | None) -> Iterator[Finding]:
    offender = f"line {line.pk} ({line.name}) of {line.invoice}"
    actual = (line.period_start, line.period_end)
    if service is None:
        yield Finding(2, "its item has no such period", offender, "no line", _span(*actual))
        return
    expected = (service.period.start, service.period.end)
    if actual != expected:
        yield Finding(2, "its period is not the one that was due", offender, _span(*expected), _span(*actual))
    elif line.invoice.billed_at != service.bill_at:
        yield Finding(
            2,
            "it was billed at another time than it was due",
            offender,
            _shown(service.bill_at),
            _shown(line.invoice.billed_at),
        )


def _load(ids: list[int]) -> list[Subscription]:
    lines = InvoiceLine.objects.select_related("invoice").order_by("period_start", "sequence")
    items = SubscriptionItem.objects.select_related("subscription").prefetch_related(Prefetch("lines", lines))
    subscriptions = Subscription.objects.filter(pk__in=ids).select_related("customer__test_clock")
    return list(subscriptions.prefetch_related(Prefetch("items", items.order_by("pk"))).order_by("pk"))


def _clock_moves() -> dict[int, datetime]:
    """Return when, in real time, each test clock was moved last."""
    history = TestClock.pgh_event_model.objects.values_list("pgh_obj")  # type: ignore[attr-defined]
    return dict(history.annotate(moved_at=Max("pgh_created_at")))


def _time_of(customer: Customer, at: datetime, moved: dict[int, datetime]) -> datetime | None:
    """Return the customer's time, None where their clock was moved so lately that billing may still be at it."""
    clock = customer.test_clock
    if clock is None:
        return at
    return clock.now_at if clock.pk not in moved or moved[clock.pk] <= at - _GRACE else None


def _named(item: SubscriptionItem) -> str:
    return f"subscription item {item.pk} ({item.name})"


def _span(start: datetime, end: datetime) -> str:
    return f"{_shown(start)} to {_shown(end)}"


def _shown(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


_STATES = """
    SELECT line.id, coalesce(invoice.number, invoice.draft_number), line.name, line.sequence, line.place, is_continued
    FROM (
        SELECT id, invoice_id, name, sequence,
               row_number() OVER period - 1 AS place,
               coalesce(before, 'null') = coalesce(lag(now) OVER period, 'null') AS is_continued
        FROM invoicing_invoiceline
        WINDOW period AS (PARTITION BY subscription_item_id, period_start ORDER BY sequence)
    ) line JOIN invoicing_invoice invoice ON invoice.id = line.invoice_id
    WHERE line.sequence <> line.place OR NOT line.is_continued
    ORDER BY line.id
"""
_GAPS = """
    SELECT line.id, coalesce(invoice.number, invoice.draft_number), line.name, line.expected, line.period_start
    FROM (
        SELECT line.id, line.invoice_id, line.name, line.period_start,
               coalesce(lag(line.period_end) OVER item, item.active_from) AS expected
        FROM invoicing_invoiceline line JOIN pricing_subscriptionitem item ON item.id = line.subscription_item_id
        WHERE line.sequence = 0
        WINDOW item AS (PARTITION BY line.subscription_item_id ORDER BY line.period_start)
    ) line JOIN invoicing_invoice invoice ON invoice.id = line.invoice_id
    WHERE line.period_start <> line.expected
    ORDER BY line.id
"""

CHECKS = (
    Check(2, "Every line continues the state of the line before", states_continue_each_other),
    Check(2, "Every line bills a period that was due, and every due period has one", lines_cover_due_periods),
    Check(7, "Billed time of an item has no gap and no overlap", billed_time_has_no_gap_or_overlap),
)
