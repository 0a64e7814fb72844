"""Which time was billed: states that continue each other, periods that were due, no gap and no overlap."""

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter

from django.db.models import Max, Prefetch

from invoicing.collection import collected_at
from invoicing.lines import read_charge
from invoicing.models import BillingProfile, InvoiceLine, LineCause, ParkedCustomer, ZeroInvoices
from invoicing.queries.profiles import profiles_of
from metering.audit import Check, Finding, Scope, stream
from metering.models import Customer, TestClock
from metering.periods import MICROSECOND, Period
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


def corrections_change_what_they_say(scope: Scope) -> Iterator[Finding]:
    """Yield adjustments that change a state, and cancellations that do not take their line back exactly."""
    scope.progress("comparing cancellations with what they cancel")
    for line, invoice, name, expected, actual in stream(_LINKS):
        what = "it does not do to what was billed what its cause says"
        yield Finding(2, what, f"line {line} ({name}) of {invoice}", expected, actual)


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
    """
    Yield lines of periods that were not due, and periods that came due a day ago and are not billed, or in part alone.

    Parked customers wait for somebody, so nothing of theirs is missing.
    """
    ids = list(Subscription.objects.order_by("pk").values_list("pk", flat=True))
    moved = _clock_moves()
    parked = set(ParkedCustomer.objects.filter(released_at=None).values_list("customer", flat=True))
    for start in range(0, len(ids), _CHUNK):
        scope.progress(f"comparing lines with the periods of {start} of {len(ids)} subscriptions")
        subscriptions = _load(ids[start : start + _CHUNK])
        profiles = profiles_of({subscription.customer_id for subscription in subscriptions})
        for subscription in subscriptions:
            customer = subscription.customer
            time = None if customer.pk in parked else _time_of(customer, scope.at, moved)
            reach = _reach(customer, profiles[customer.pk], time)
            for item in subscription.items.all():
                yield from _compare(item, reach)


@dataclass(frozen=True)
class _Reach:
    """Up to which billing time everything of a customer has to be billed, None for none."""

    customer: Customer
    profile: BillingProfile
    due_by: datetime | None

    def is_due(self, service: ServicePeriod) -> bool:
        if self.due_by is None:
            return False
        anchor = self.profile.workflow.collection_anchor
        return collected_at(anchor, self.customer.zone, service.bill_at) <= self.due_by

    def is_late_or_early(self, due_at: datetime, billed_at: datetime) -> bool:
        # A line that was carried over, or collected at an anchor, joins a later invoice.
        is_exact = self.profile.workflow.collection_anchor is None and self.profile.zero_invoices != ZeroInvoices.CARRY
        return billed_at < due_at or (is_exact and billed_at != due_at)


def _reach(customer: Customer, profile: BillingProfile, time: datetime | None) -> _Reach:
    patience = _GRACE + profile.collection_interval
    return _Reach(customer, profile, time and time - patience)


def _compare(item: SubscriptionItem, reach: _Reach) -> Iterator[Finding]:
    """Go along the billed time of an item, period by period, and see what should follow at its end."""
    if item.price is None:
        return
    try:
        is_free = _is_free(item)
    except InvalidPrice as error:
        yield Finding(2, f"its price cannot be read: {error}", _named(item), "a price", str(item.price))
        return
    until: datetime | None = None
    ends = {lines[-1].period_start: lines[-1] for lines in _chains(item)}
    for lines in _chains(item):
        last = lines[-1]
        service = None if is_free else _period_of(item, last, until, reach)
        yield from _check_chain(lines, service, reach, is_followed=last.period_end in ends)
        until = last.period_end
    if not is_free and reach.due_by is not None:
        for service in service_periods(item, reach.due_by, since=until):
            if reach.is_due(service):
                yield _missing(item, service)


def _chains(item: SubscriptionItem) -> list[list[InvoiceLine]]:
    """Return the lines of each period, in order."""
    return [list(lines) for _, lines in groupby(item.lines.all(), key=attrgetter("period_start"))]


def _period_of(
    item: SubscriptionItem, last: InvoiceLine, until: datetime | None, reach: _Reach
) -> ServicePeriod | None:
    """Return the period that a line bills: as the item is now, or as it was agreed where its end is no matter."""
    service = _first_period(item, last, until)
    if last.now is None or (service is not None and service.period.end >= last.period_end):
        return service
    if service is not None and not item.billing_cadence:
        # What is billed once is not for a time.
        return replace(service, period=Period(service.period.start, last.period_end))
    agreed = _first_period(_without_end(item), last, until)
    return agreed if agreed is not None and _keeps_what_was_billed(item, service, reach) else service


def _first_period(item: SubscriptionItem, last: InvoiceLine, until: datetime | None) -> ServicePeriod | None:
    found = service_periods(item, last.period_start + MICROSECOND, since=until)
    return next((service for service in found if service.period.start == last.period_start), None)


def _keeps_what_was_billed(item: SubscriptionItem, service: ServicePeriod | None, reach: _Reach) -> bool:
    """Tell whether nothing is to be given back, or not yet, though the item ends earlier than it was billed."""
    is_over = reach.due_by is not None and item.active_to is not None and item.active_to <= reach.due_by
    return not is_over or (service is not None and not item.subscription.is_prorating)


def _is_free(item: SubscriptionItem) -> bool:
    charge = read_charge(
        price=item.price or {},
        discounts=item.discounts,
        unit_config=item.unit_config,
        prorate_commitments=item.prorate_commitments,
    )
    return isinstance(charge, Charge) and isinstance(charge.price, FlatPrice) and not charge.price.amount


def _without_end(item: SubscriptionItem) -> SubscriptionItem:
    agreed = copy(item)
    agreed.subscription = copy(item.subscription)
    agreed.active_to = agreed.subscription.active_to = None
    return agreed


def _missing(item: SubscriptionItem, service: ServicePeriod) -> Finding:
    what = f"the period from {_span(service.period.start, service.period.end)} was due and has no line"
    return Finding(2, what, _named(item), f"a line since {_shown(service.bill_at)}", "none")


def _check_chain(
    lines: Sequence[InvoiceLine], service: ServicePeriod | None, reach: _Reach, *, is_followed: bool
) -> Iterator[Finding]:
    first, last = lines[0], lines[-1]
    offender, actual = _line(last), (last.period_start, last.period_end)
    if service is None:
        if last.now is not None:
            yield Finding(2, "its item has no such period", offender, "no line", _span(*actual))
        return
    period, is_whole = service.period, last.now is not None and last.now.get("is_final", True)
    if not is_whole and reach.is_due(service):
        what = "its period is billed in part" if last.now else "its period was voided and is not billed again"
        yield Finding(2, what, offender, f"a line up to {_shown(period.end)}", "none")
    if last.period_end > period.end or (is_whole and last.period_end < period.end and not is_followed):
        yield Finding(
            2, "its period is not the one that was due", offender, _span(period.start, period.end), _span(*actual)
        )
    elif first.cause == LineCause.PERIOD and first.invoice_at != service.bill_at:
        yield Finding(2, "it was due at another time", _line(first), _shown(service.bill_at), _shown(first.invoice_at))
    billed_at = first.invoice.billed_at
    # What somebody asked for, or a spend threshold did, is billed at its own time.
    is_of_run = first.invoice.run_id is not None and first.invoice.spend_threshold is None
    if first.cause == LineCause.PERIOD and is_of_run and reach.is_late_or_early(first.invoice_at, billed_at):
        what = "it was billed at another time than it was due"
        yield Finding(2, what, _line(first), _shown(first.invoice_at), _shown(billed_at))


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


def _line(line: InvoiceLine) -> str:
    return f"line {line.pk} ({line.name}) of {line.invoice}"


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
        WHERE subscription_item_id IS NOT NULL
        WINDOW period AS (PARTITION BY subscription_item_id, period_start ORDER BY sequence)
    ) line JOIN invoicing_invoice invoice ON invoice.id = line.invoice_id
    WHERE line.sequence <> line.place OR NOT line.is_continued
    ORDER BY line.id
"""
# What by hand is given or taken changes no state, and a cancellation goes back to the state before its line, or leaves
# it and takes the amount back by hand. Either way it comes to the line's amount exactly.
_LINKS = """
    SELECT line.id, coalesce(invoice.number, invoice.draft_number), line.name,
           CASE WHEN line.cause = 'adjustment' THEN 'the state stays as it is'
                WHEN line.cause = 'cancellation' AND corrected.id IS NULL THEN 'it names the line that it cancels'
                WHEN line.cause = 'cancellation' AND line.amount <> -corrected.amount
                THEN format('it comes to %s', -corrected.amount)
                ELSE 'it goes back to the state before' END,
           CASE WHEN line.cause = 'cancellation' AND corrected.id IS NOT NULL AND line.amount <> -corrected.amount
                THEN format('%s', line.amount) ELSE 'another state' END
    FROM invoicing_invoiceline line
    JOIN invoicing_invoice invoice ON invoice.id = line.invoice_id
    LEFT JOIN invoicing_invoiceline corrected ON corrected.id = line.corrects_id
    WHERE line.subscription_item_id IS NOT NULL AND (
        (line.cause = 'adjustment' AND line.before IS DISTINCT FROM line.now)
        OR (line.cause = 'cancellation' AND (
            corrected.id IS NULL OR line.amount <> -corrected.amount
            OR line.before IS DISTINCT FROM corrected.now
            OR (line.now IS DISTINCT FROM corrected.before AND line.now IS DISTINCT FROM line.before)
        ))
    )
    ORDER BY line.id
"""
_GAPS = """
    SELECT line.id, coalesce(invoice.number, invoice.draft_number), line.name, line.expected, line.period_start
    FROM (
        SELECT last.id, last.invoice_id, last.name, last.period_start, last.now,
               coalesce(lag(last.period_end) OVER item, item.active_from) AS expected
        FROM (
            SELECT DISTINCT ON (subscription_item_id, period_start) *
            FROM invoicing_invoiceline WHERE subscription_item_id IS NOT NULL
            ORDER BY subscription_item_id, period_start, sequence DESC
        ) last JOIN pricing_subscriptionitem item ON item.id = last.subscription_item_id
        WINDOW item AS (PARTITION BY last.subscription_item_id ORDER BY last.period_start)
    ) line JOIN invoicing_invoice invoice ON invoice.id = line.invoice_id
    WHERE line.period_start <> line.expected AND line.now IS NOT NULL
    ORDER BY line.id
"""

CHECKS = (
    Check(2, "Every line continues the state of the line before", states_continue_each_other),
    Check(
        2,
        "Every line by hand leaves what is billed, every cancellation undoes its line",
        corrections_change_what_they_say,
    ),
    Check(2, "Every line bills a period that was due, and every due period has one", lines_cover_due_periods),
    Check(7, "Billed time of an item has no gap and no overlap", billed_time_has_no_gap_or_overlap),
)
