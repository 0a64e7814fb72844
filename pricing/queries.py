"""Reads of pricing: which periods a subscription has, whose usage an item carries on, and what is sold by a meter."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q

from metering.models import Meter
from metering.periods import MICROSECOND, Period, parse_cadence
from pricing.models import Feature, Subscription, SubscriptionItem
from pricing.prices import PaymentTerm, charge_of
from pricing.service_periods import Earlier, Rhythm, ServicePeriod, Span, billing_period
from pricing.service_periods import carried_stretches as step_back
from pricing.service_periods import service_periods as step_through

__all__ = [
    "ServicePeriod",
    "carried_stretches",
    "current_period",
    "features_by",
    "is_in_advance",
    "service_periods",
]


def service_periods(item: SubscriptionItem, until: datetime, *, since: datetime | None = None) -> list[ServicePeriod]:
    """
    List in order the service periods of an item that start before `until`, or are billed by then.

    Each has the `period` to bill (the first and the last are clipped to when the item is active), the `whole` period
    that proration divides by, and `bill_at`: a flat price in advance is billed at the start of the billing period,
    anything else when service period and billing period have ended. What is due at a time has `bill_at` up to it.
    What was billed up to `since` is left out.
    """
    subscription = item.subscription
    return list(
        step_through(
            item=Span(item.active_from, item.active_to),
            phase=_phase_of(item),
            service=_rhythm(subscription, item.billing_cadence) if item.billing_cadence else None,
            billing=_rhythm(subscription, subscription.billing_cadence),
            in_advance=is_in_advance(item.price),
            until=until,
            since=since,
        )
    )


def is_in_advance(price: Mapping[str, Any] | None) -> bool:
    """Tell whether a price in OpenMeter's shape falls due when its period starts."""
    price = price or {}
    return price.get("type") == "flat" and price.get("paymentTerm") in (None, PaymentTerm.IN_ADVANCE)


def carried_stretches(
    item: SubscriptionItem, earlier: Iterable[SubscriptionItem], *, start: datetime
) -> tuple[Period, ...]:
    """
    Return the times before `start` whose usage fills the tiers of an item, or of what is left to bill of it.

    `earlier` are the customer's items of the same feature that have ended by the item's start, the newest first.
    """
    before = [_earlier(one, one.active_to) for one in _carried(item, earlier)]
    if item.active_from < start:
        before.insert(0, _earlier(item, start))
    return step_back(start=start, earlier=before)


def _carried(item: SubscriptionItem, earlier: Iterable[SubscriptionItem]) -> Iterator[SubscriptionItem]:
    """
    Yield earlier items up to where a subscription that does not carry usage took over from another one.

    What was used for nothing, as in a trial, fills no tier of what is paid for.
    """
    newer = item
    for one in earlier:
        if one.subscription_id != newer.subscription_id and not newer.subscription.carries_usage:
            return
        charge = charge_of(one.terms)
        if charge is not None and not charge.is_free:
            yield one
        newer = one


def current_period(subscription: Subscription, at: datetime) -> Period:
    """
    Return the billing period that holds a time, clipped to its phase and to when the subscription is active.

    Before the subscription that is its first period, after its end the last one.
    """
    span = _span(subscription)
    inside = max(at, span.start)
    if span.end is not None:
        inside = min(inside, span.end - MICROSECOND)
    phases = [_within(span, Span(phase.active_from, phase.active_to)) for phase in subscription.phases.all()]
    phase = next((one for one in phases if one.start <= inside and (one.end is None or inside < one.end)), span)
    return billing_period(at=inside, phase=phase, billing=_rhythm(subscription, subscription.billing_cadence))


def _phase_of(item: SubscriptionItem) -> Span:
    span, phase = _span(item.subscription), item.phase
    return span if phase is None else _within(span, Span(phase.active_from, phase.active_to))


def _within(span: Span, inner: Span) -> Span:
    # A phase's row may be open where the subscription has an end.
    ends = [end for end in (span.end, inner.end) if end is not None]
    return Span(max(span.start, inner.start), min(ends, default=None))


def _earlier(item: SubscriptionItem, end: datetime | None) -> Earlier:
    subscription = item.subscription
    return Earlier(Span(item.active_from, end), _rhythm(subscription, item.billing_cadence))


def _span(subscription: Subscription) -> Span:
    return Span(subscription.active_from, subscription.active_to)


def _rhythm(subscription: Subscription, cadence: str) -> Rhythm:
    return Rhythm(subscription.billing_anchor, parse_cadence(cadence), subscription.zone)


def features_by(meter: Meter, *, group: str | None, at: datetime) -> list[str]:
    """
    Name the features that stand in the way of a meter's deletion, or with `group` of the end of one of its groups.

    Those are the ones on sale, and of the archived ones those that are subscribed to. For a group, an ended
    subscription counts as well: what is left to bill of it is measured by the meter's latest groups.
    """
    items = SubscriptionItem.objects.filter(feature=OuterRef("pk"))
    features = Feature.objects.filter(meter=meter)
    if group is None:
        items = items.exclude(active_to__lte=at)
    else:
        features = features.filter(filters__has_key=group)
    found = features.filter(Q(archived_at=None) | Exists(items)).order_by("key", "pk")
    return [f"the feature {feature.key}" for feature in found]
