"""Reads of pricing: which periods a subscription has, and what is sold by a meter."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from metering.models import Meter
from metering.periods import MICROSECOND, Period, parse_cadence
from pricing.models import Feature, Subscription, SubscriptionItem
from pricing.prices import FlatPrice, PaymentTerm, parse_price
from pricing.service_periods import Rhythm, ServicePeriod, Span
from pricing.service_periods import service_periods as step_through

__all__ = ["ServicePeriod", "current_period", "features_by", "service_periods"]


def service_periods(item: SubscriptionItem, until: datetime) -> list[ServicePeriod]:
    """
    List in order the service periods of an item that start before `until`, or are billed by then.

    Each has the `period` to bill (the first and the last are clipped to when the item is active), the `whole` period
    that proration divides by, and `bill_at`: a flat price in advance is billed at the start of the billing period,
    anything else when service period and billing period have ended. What is due at a time has `bill_at` up to it.
    """
    subscription = item.subscription
    price = parse_price(item.price)
    return list(
        step_through(
            item=Span(item.active_from, item.active_to),
            contract=_span(subscription),
            service=_rhythm(subscription, item.billing_cadence),
            billing=_rhythm(subscription, subscription.billing_cadence),
            in_advance=isinstance(price, FlatPrice) and price.payment_term == PaymentTerm.IN_ADVANCE,
            until=until,
        )
    )


def current_period(subscription: Subscription, at: datetime) -> Period:
    """
    Return the billing period that holds a time, clipped to when the subscription is active.

    Before the subscription that is its first period, after its end the last one.
    """
    span = _span(subscription)
    inside = max(at, span.start)
    if span.end is not None:
        inside = min(inside, span.end - MICROSECOND)
    period = span.clip(_rhythm(subscription, subscription.billing_cadence).at(inside))
    assert period is not None
    return period


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
