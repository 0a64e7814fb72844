"""Change an add-on that a subscription has: what it is called, and how many there are."""

from datetime import datetime
from typing import Any

from django.db import transaction

from pricing.models import SubscriptionAddon
from pricing.services.subscriptions.addons import change_addon_quantity
from pricing.services.subscriptions.contracts import locked_subscription
from pricing.services.subscriptions.timing import Timing


@transaction.atomic
def change_addon(
    *,
    subscription_addon_id: int,
    at: datetime,
    quantity: int | None = None,
    timing: Timing = "immediate",
    **naming: Any,
) -> SubscriptionAddon:
    """
    Change what is given of an add-on: its quantity from a time on, its name, description or metadata at once.

    :raises DomainError: what `change_addon_quantity` raises; then nothing is changed.
    """
    if quantity is not None:
        change_addon_quantity(subscription_addon_id=subscription_addon_id, quantity=quantity, at=at, timing=timing)
    taken = SubscriptionAddon.objects.get(pk=subscription_addon_id)
    if naming:
        locked_subscription(taken.subscription_id)
        for field, value in naming.items():
            setattr(taken, field, value)
        taken.updated_at = at
        taken.save(update_fields=[*naming, "updated_at"])
    return taken
