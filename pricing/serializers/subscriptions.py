"""Subscriptions as the API shows them, in OpenMeter's shapes."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from metering.serializers.fields import present
from pricing.models import Subscription


def subscription_output(subscription: Subscription, *, at: datetime) -> dict[str, Any]:
    """Return a subscription with its customer and plan as the API shows it at a time."""
    plan = subscription.plan
    minimum = subscription.contract.get("minimum_amount")
    shown = {
        "id": subscription.ulid,
        "name": subscription.name,
        "description": subscription.description,
        "status": subscription.status(at).value,
        "customerId": subscription.customer.ulid,
        "plan": plan and {"id": plan.ulid, "key": plan.key, "version": plan.version},
        "currency": str(subscription.currency),
        "billingCadence": subscription.billing_cadence,
        "billingAnchor": subscription.billing_anchor,
        "timeZone": subscription.time_zone,
        "proRatingConfig": {"enabled": subscription.is_prorating, "mode": "prorate_prices"},
        "settlementMode": subscription.settlement_mode,
        "minimumAmount": minimum,
        "prorateMinimum": subscription.contract["prorate_minimum"] if minimum else None,
        "carriesUsage": subscription.carries_usage,
        "awaitsPayment": subscription.awaits_payment or None,
        "costBasisMode": "dynamic",
        "activeFrom": subscription.active_from,
        "activeTo": subscription.active_to,
        "metadata": subscription.metadata,
        "annotations": _neighbours(subscription),
        "createdAt": subscription.created_at,
        "updatedAt": subscription.updated_at,
    }
    return {**present(shown), "alignment": {"billablesMustAlign": True}, "costBasisPins": []}


def subscription_outputs(subscriptions: Iterable[Subscription], *, at: datetime) -> list[dict[str, Any]]:
    """Return subscriptions as the API shows them at a time."""
    return [subscription_output(subscription, at=at) for subscription in subscriptions]


def _neighbours(subscription: Subscription) -> dict[str, str]:
    before, after = subscription.supersedes, getattr(subscription, "superseded_by", None)
    return {
        name: other.ulid
        for name, other in (("subscription.previous.id", before), ("subscription.superseding.id", after))
        if other is not None
    }
