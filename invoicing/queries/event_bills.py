"""Where events were billed: on which line, not yet, or nowhere as no price counts them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from invoicing.lines import LineState
from invoicing.models import InvoiceLine, InvoiceStatus, LineCause
from metering.filter_string import FilterString
from metering.models import Customer, Event, EventVoid, MeterVersion
from metering.queries.events import owners_of
from metering.queries.selections import condition_of
from metering.queries.verdicts import current_versions
from metering.verdicts import group_text, read_value
from pricing.models import Feature, RateCardType, SubscriptionItem

_ChainKey = tuple[object, ...]
_Voids = Mapping[UUID, Sequence[tuple[int, int | None]]]


class BillingState(StrEnum):
    """What became of an event's price."""

    BILLED = "billed"
    OPEN = "open"
    INCLUDED = "included"
    NO_PRICE = "no_price"


@dataclass(frozen=True)
class EventBill:
    """Where one feature billed an event; without a line it is open or costs nothing, perhaps as no feature has it."""

    state: BillingState
    feature: Feature | None = None
    line: InvoiceLine | None = None


@dataclass(frozen=True)
class _Link:
    """A line of a chain, with the state whose usage it billed; None is that it took all back."""

    line: InvoiceLine
    now: LineState | None
    conditions: Mapping[str, FilterString]


@dataclass(frozen=True)
class _Agreed:
    """An item that bills by usage, with what of its meter's events its feature counts."""

    item: SubscriptionItem
    feature: Feature
    paths: Mapping[str, str]
    conditions: Mapping[str, FilterString]


def bills_of_events(events: Iterable[Event]) -> dict[UUID, tuple[EventBill, ...]]:
    """
    Return where each event that a customer's meters counted was billed, by event key; six queries.

    An event is on the line whose state was the first to hold it, of those that were not taken back since: so usage
    that came late is on the line of the change. One that counts no more, and is on no line, has no entry.
    """
    events = list(events)
    owners = owners_of(events)
    versions = current_versions({event.type for event in events})
    counted = [event for event in events if event.key in owners and _is_read(event, versions.get(event.type, ()))]
    if not counted:
        return {}
    customers = {owners[event.key].pk for event in counted}
    chains, items = _chains(counted, customers), _items(counted, customers)
    voids = _voids(counted)
    found = {event.key: _bills(event, owners[event.key], chains, items, voids) for event in counted}
    return {key: bills for key, bills in found.items() if bills}


def _is_read(event: Event, versions: Sequence[MeterVersion]) -> bool:
    """Tell whether any meter took a value of an event."""
    return any(
        read_value(
            aggregation=version.meter.aggregation, value_property=version.meter.value_property, data=event.data
        ).problem
        is None
        for version in versions
    )


def _bills(
    event: Event,
    owner: Customer,
    chains: Mapping[tuple[int, str], Sequence[Sequence[_Link]]],
    items: Mapping[tuple[int, str], Sequence[_Agreed]],
    voids: _Voids,
) -> tuple[EventBill, ...]:
    key = owner.pk, event.type
    lines = [line for chain in chains.get(key, ()) if (line := _billed_on(event, chain, voids))]
    billed = [EventBill(BillingState.BILLED, line.feature, line) for line in lines]
    if _is_void(event, None, voids):
        return tuple(billed)
    known = {line.feature_id for line in lines}
    holding = [agreed for agreed in items.get(key, ()) if agreed.feature.pk not in known and _holds(agreed, event)]
    unbilled = [
        EventBill(BillingState.INCLUDED if agreed.item.price is None else BillingState.OPEN, agreed.feature)
        for agreed in holding
    ]
    return (*billed, *unbilled) or (EventBill(BillingState.NO_PRICE),)


def _billed_on(event: Event, chain: Sequence[_Link], voids: _Voids) -> InvoiceLine | None:
    line = None
    for link in chain:
        if not _covers(link, event, voids):
            line = None
        elif line is None:
            line = link.line
    return line


def _covers(link: _Link, event: Event, voids: _Voids) -> bool:
    state = link.now
    if state is None or not state.period.start <= event.time < state.period.end:
        return False
    if state.bound is not None and event.batch_id > state.bound:
        return False
    is_sent = any(
        span.subject in (None, event.subject)
        and (span.start is None or span.start <= event.time)
        and (span.end is None or event.time < span.end)
        for span in state.spans
    )
    return is_sent and not _is_void(event, state.bound, voids) and _matches(event, link.line, link.conditions)


def _is_void(event: Event, bound: int | None, voids: _Voids) -> bool:
    """Tell whether an event was void when a batch was the last one, None for now."""
    return any(
        (bound is None or voided <= bound) and (restored is None or (bound is not None and restored > bound))
        for voided, restored in voids.get(event.key, ())
    )


def _matches(event: Event, line: InvoiceLine, conditions: Mapping[str, FilterString]) -> bool:
    version = line.meter_version
    return version is not None and _passes(event, version.group_by, conditions)


def _passes(event: Event, paths: Mapping[str, str], conditions: Mapping[str, FilterString]) -> bool:
    return all(
        name in paths and condition.matches(group_text(event.data, paths[name]))
        for name, condition in conditions.items()
    )


def _holds(agreed: _Agreed, event: Event) -> bool:
    item = agreed.item
    if event.time < item.active_from or (item.active_to is not None and item.active_to <= event.time):
        return False
    return _passes(event, agreed.paths, agreed.conditions)


def _conditions(filters: Mapping[str, Any]) -> dict[str, FilterString]:
    return {name: condition_of(wanted) for name, wanted in filters.items()}


def _chains(events: Sequence[Event], customers: Iterable[int]) -> Mapping[tuple[int, str], list[list[_Link]]]:
    """Return the chains of metered lines whose period may hold one of the events, by customer and event type."""
    times = [event.time for event in events]
    lines = InvoiceLine.objects.filter(
        invoice__customer__in=customers,
        meter_version__meter__event_type__in={event.type for event in events},
        period_start__lte=max(times),
        period_end__gt=min(times),
    ).exclude(invoice__status=InvoiceStatus.GATHERING)
    chosen = lines.select_related("invoice", "feature", "meter_version__meter").order_by("sequence", "pk")
    by_chain: dict[tuple[int, str], dict[_ChainKey, list[_Link]]] = defaultdict(lambda: defaultdict(list))
    for line in chosen:
        version = line.meter_version
        if version is None or not (line.now or line.before):
            continue
        now = LineState.from_json(line.now) if line.now else None
        link = _Link(line, now, _conditions(line.filters))
        by_chain[line.invoice.customer_id, version.meter.event_type][_chain_of(line)].append(link)
    return {key: list(chains.values()) for key, chains in by_chain.items()}


def _chain_of(line: InvoiceLine) -> _ChainKey:
    """Return what the lines of a chain share; one by hand has its own, with the line that cancels it."""
    if line.subscription_item_id is not None:
        return line.subscription_item_id, line.period_start
    return (line.corrects_id if line.cause == LineCause.CANCELLATION else line.pk,)


def _items(events: Sequence[Event], customers: Iterable[int]) -> Mapping[tuple[int, str], list[_Agreed]]:
    """Return what bills by usage and may hold one of the events, by customer and event type."""
    times = [event.time for event in events]
    items = SubscriptionItem.objects.filter(
        subscription__customer__in=customers,
        type=RateCardType.USAGE_BASED,
        feature__meter__event_type__in={event.type for event in events},
        active_from__lte=max(times),
    ).exclude(active_to__lte=min(times))
    found: dict[tuple[int, str], list[_Agreed]] = defaultdict(list)
    for item in items.select_related("subscription", "feature__meter").prefetch_related("feature__meter__versions"):
        feature = item.feature
        if feature is None or feature.meter is None:
            continue
        version = max(feature.meter.versions.all(), key=lambda known: known.number)
        agreed = _Agreed(item, feature, version.group_by, _conditions(feature.filters))
        found[item.subscription.customer_id, feature.meter.event_type].append(agreed)
    return found


def _voids(events: Sequence[Event]) -> _Voids:
    found: dict[UUID, list[tuple[int, int | None]]] = defaultdict(list)
    rows = EventVoid.objects.filter(event_key__in=[event.key for event in events])
    for key, voided, restored in rows.values_list("event_key", "voided_batch_id", "restored_batch_id"):
        found[key].append((voided, restored))
    return found
