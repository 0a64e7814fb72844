"""The operator's pages of pricing; importing the modules registers them."""

from pricing.admin import addons, features, plan_parts, plans, subscription_rows, subscriptions

__all__ = ["addons", "features", "plan_parts", "plans", "subscription_rows", "subscriptions"]
