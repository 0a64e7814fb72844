"""Subscriptions as the API shows them, in OpenMeter's shapes."""

from datetime import datetime
from typing import Any

from metering.serializers.fields import present
from pricing.models import Subscription


def subscription_output(subscription: Subscription, *, at: datetime) -> dict[str, Any]:
    """Return a subscription with its customer and plan as the API shows it at a time."""
    plan = subscription.plan
    shown = {
        "id": subscription.ulid,
        "name": subscription.name,
        "status": subscription.status(at).value,
        "customerId": subscription.customer.ulid,
        "plan": {"id": plan.ulid, "key": plan.key, "version": plan.version},
        "currency": str(subscription.currency),
        "billingCadence": subscription.billing_cadence,
        "billingAnchor": subscription.billing_anchor,
        "proRatingConfig": {"enabled": True, "mode": "prorate_prices"},
        "settlementMode": "credit_then_invoice",
        "costBasisMode": "dynamic",
        "activeFrom": subscription.active_from,
        "activeTo": subscription.active_to,
        "metadata": subscription.metadata,
        "createdAt": subscription.created_at,
        "updatedAt": subscription.updated_at,
    }
    return {**present(shown), "costBasisPins": []}
