"""Subscriptions with their phases and items as the API shows them, in OpenMeter's shapes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from metering.serializers.fields import present
from pricing.contract_periods import billing_period
from pricing.models import Feature, Subscription, SubscriptionItem, SubscriptionPhase
from pricing.serializers.features import feature_output
from pricing.serializers.subscriptions import subscription_output
from pricing.serializers.terms import rate_card_output

_INSTANT = timedelta(microseconds=1)
# What an item has of a rate card; its type follows from the price.
_TERMS = ("price", "billingCadence", "featureKey", "discounts", "taxConfig", "unitConfig", "prorateCommitments")


def expanded_output(
    subscription: Subscription,
    *,
    phases: Iterable[SubscriptionPhase],
    items: Iterable[SubscriptionItem],
    at: datetime,
) -> dict[str, Any]:
    """Return a subscription with its phases and items as the API shows it at a time."""
    by_phase: dict[int | None, list[SubscriptionItem]] = defaultdict(list)
    for item in items:
        if item.active_to is None or item.active_from < item.active_to:
            by_phase[item.phase_id].append(item)
    period = billing_period(subscription.agreed, subscription.rhythm, at)
    return {
        **subscription_output(subscription, at=at),
        "alignment": {
            "billablesMustAlign": True,
            "currentAlignedBillingPeriod": {"from": period.start, "to": period.end},
        },
        "phases": [_phase_output(phase, by_phase[phase.pk], at) for phase in phases],
    }


def item_output(item: SubscriptionItem) -> dict[str, Any]:
    """Return one version of an item as the API shows it."""
    card = rate_card_output(item.terms, item.feature)
    shown = {
        "id": item.ulid,
        "key": item.key,
        "name": item.name,
        "description": item.description,
        "metadata": item.metadata,
        "currency": str(item.subscription.currency),
        "activeFrom": item.active_from,
        "activeTo": item.active_to,
        "included": item.feature and _included(item.feature, card),
        "createdAt": item.created_at,
        "updatedAt": item.updated_at,
    }
    return present(shown) | {name: card[name] for name in _TERMS if name in card}


def _included(feature: Feature, card: Mapping[str, Any]) -> dict[str, Any]:
    template = card.get("entitlementTemplate")
    return {"feature": feature_output(feature)} | ({"entitlementTemplate": template} if template else {})


def _phase_output(phase: SubscriptionPhase, items: Sequence[SubscriptionItem], at: datetime) -> dict[str, Any]:
    shown = {
        "id": phase.ulid,
        "key": phase.key,
        "name": phase.name,
        "description": phase.description,
        "metadata": phase.metadata,
        "activeFrom": phase.active_from,
        "activeTo": phase.active_to,
        "createdAt": phase.created_at,
        "updatedAt": phase.updated_at,
    }
    timelines: dict[str, list[dict[str, Any]]] = defaultdict(list)
    current = []
    moment = _within(phase, at)
    for item in sorted(items, key=lambda item: (item.position, item.active_from)):
        output = item_output(item)
        timelines[item.key].append(output)
        if item.active_from <= moment and (item.active_to is None or moment < item.active_to):
            current.append(output)
    return {**present(shown), "items": current, "itemTimelines": timelines}


def _within(phase: SubscriptionPhase, at: datetime) -> datetime:
    """Return the time within a phase that is closest to a time, so that past and future phases have items too."""
    if phase.active_to is not None:
        at = min(at, phase.active_to - _INSTANT)
    return max(at, phase.active_from)
