"""The models of pricing, for `from pricing.models import …`."""

from pricing.models.feature import Feature
from pricing.models.plan import Plan, PlanPhase, PlanStatus, RateCard, RateCardType
from pricing.models.subscription import Subscription, SubscriptionItem, SubscriptionStatus

__all__ = [
    "Feature",
    "Plan",
    "PlanPhase",
    "PlanStatus",
    "RateCard",
    "RateCardType",
    "Subscription",
    "SubscriptionItem",
    "SubscriptionStatus",
]
