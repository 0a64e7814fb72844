"""The models of pricing, for `from pricing.models import …`."""

from pricing.models.addon import Addon, AddonRateCard, InstanceType, PlanAddon
from pricing.models.feature import Feature
from pricing.models.plan import Plan, PlanPhase, RateCard, SettlementMode
from pricing.models.rate_card import RateCardType, TermsColumns
from pricing.models.subscription import (
    AddonQuantity,
    Subscription,
    SubscriptionAddon,
    SubscriptionItem,
    SubscriptionPhase,
    SubscriptionStatus,
)
from pricing.models.versions import Versioned, VersionQuerySet, VersionStatus

__all__ = [
    "Addon",
    "AddonQuantity",
    "AddonRateCard",
    "Feature",
    "InstanceType",
    "Plan",
    "PlanAddon",
    "PlanPhase",
    "RateCard",
    "RateCardType",
    "SettlementMode",
    "Subscription",
    "SubscriptionAddon",
    "SubscriptionItem",
    "SubscriptionPhase",
    "SubscriptionStatus",
    "TermsColumns",
    "VersionQuerySet",
    "VersionStatus",
    "Versioned",
]
