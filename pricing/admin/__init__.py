"""The operator's pages of pricing; importing the modules registers them."""

from pricing.admin import features, plans, subscriptions

__all__ = ["features", "plans", "subscriptions"]
