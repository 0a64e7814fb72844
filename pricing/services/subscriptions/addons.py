"""Add-ons of subscriptions: taken in a quantity that changes over time."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from metering.errors import DomainError
from pricing.models import AddonQuantity, InstanceType, PlanAddon, Subscription, SubscriptionAddon
from pricing.services.subscriptions.contracts import (
    locked_subscription,
    write_contract,
)
from pricing.services.subscriptions.states import Act, check_act
from pricing.services.subscriptions.timing import Timing, addon_at


class AddonNotOnPlan(DomainError):
    code = "subscription_addon_not_on_plan"


class AddonTooEarly(DomainError):
    code = "subscription_addon_phase_not_reached"


class AddonTaken(DomainError):
    status = 409
    code = "subscription_addon_already_added"


class InvalidQuantity(DomainError):
    code = "subscription_addon_quantity_invalid"

    def __init__(self, message: str) -> None:
        error = {"code": self.code, "message": message, "field": "$.quantity"}
        super().__init__(message, extensions={"validationErrors": [error]})


@transaction.atomic
def add_addon(
    *,
    subscription_id: int,
    addon_id: int,
    quantity: int,
    at: datetime,
    timing: Timing = "immediate",
    name: str | None = None,
    description: str = "",
    metadata: Mapping[str, str] | None = None,
) -> SubscriptionAddon:
    """
    Let a subscription take an add-on of its plan in a quantity, from a time on.

    :raises TransitionNotAllowed: unless it is active.
    :raises InvalidTiming: if the time lies in the past.
    :raises AddonNotOnPlan: if its plan does not offer the add-on.
    :raises AddonTaken: if it has the add-on, or had it before.
    :raises AddonTooEarly: if the plan offers it from a later phase on.
    :raises InvalidQuantity: if that is none, or more than the plan allows.
    :raises AddonConflict: if the add-on and an item of the same key do not go together.
    :raises SecondItem: if one of its features is billed at that time already.
    """
    subscription = locked_subscription(subscription_id)
    offered, start = _addable(subscription, addon_id, quantity, timing, at)
    taken = SubscriptionAddon.objects.create(
        subscription=subscription,
        addon=offered.addon,
        name=name or offered.addon.name,
        description=description,
        metadata=dict(metadata or {}),
        created_at=at,
        updated_at=at,
    )
    AddonQuantity.objects.create(subscription_addon=taken, effective_at=start, quantity=quantity, created_at=at)
    write_contract(subscription=subscription, contract=subscription.agreed, at=at)
    return taken


@transaction.atomic
def change_addon_quantity(
    *, subscription_addon_id: int, quantity: int, at: datetime, timing: Timing = "immediate"
) -> SubscriptionAddon:
    """
    Change how many of an add-on a subscription has from a time on, until what was planned for later; 0 removes it.

    :raises TransitionNotAllowed: unless the subscription is active.
    :raises InvalidTiming: if the time lies in the past.
    :raises AddonNotOnPlan: if its plan does not offer the add-on.
    :raises AddonTooEarly: if the plan offers it from a later phase on.
    :raises InvalidQuantity: if that is more than the plan allows.
    :raises AddonConflict: if the add-on and an item of the same key do not go together.
    :raises SecondItem: if one of its features is billed at that time already.
    """
    subscription = locked_subscription(_subscription_of(subscription_addon_id))
    taken = subscription.addons.select_related("addon").get(pk=subscription_addon_id)
    start = _changeable(subscription, taken, quantity, timing, at)
    AddonQuantity.objects.update_or_create(
        subscription_addon=taken,
        effective_at=start,
        defaults={"quantity": quantity},
        create_defaults={"quantity": quantity, "created_at": at},
    )
    taken.updated_at = at
    taken.save(update_fields=["updated_at"])
    write_contract(subscription=subscription, contract=subscription.agreed, at=at)
    return taken


def _subscription_of(subscription_addon_id: int) -> int:
    found: int = SubscriptionAddon.objects.values_list("subscription_id", flat=True).get(pk=subscription_addon_id)
    return found


def _addable(
    subscription: Subscription, addon_id: int, quantity: int, timing: Timing, at: datetime
) -> tuple[PlanAddon, datetime]:
    check_act(Act.CHANGE_ADDONS, subscription, at)
    start = addon_at(subscription, timing, at=at)
    offered = _offered(subscription, addon_id)
    if subscription.addons.filter(addon=addon_id).exists():
        raise AddonTaken(f"Change the quantity of {offered.addon.name} instead: the subscription has it already.")
    if quantity < 1:
        raise InvalidQuantity(f"Take at least one of {offered.addon.name}.")
    _check_quantity(offered, quantity)
    _check_phase(subscription, offered, start)
    return offered, start


def _changeable(
    subscription: Subscription, taken: SubscriptionAddon, quantity: int, timing: Timing, at: datetime
) -> datetime:
    check_act(Act.CHANGE_ADDONS, subscription, at)
    start = addon_at(subscription, timing, at=at)
    if quantity < 0:
        raise InvalidQuantity(f"Take none or more of {taken.name}.")
    if quantity:
        offered = _offered(subscription, taken.addon_id)
        _check_quantity(offered, quantity)
        _check_phase(subscription, offered, start)
    return start


def _offered(subscription: Subscription, addon_id: int) -> PlanAddon:
    offers = PlanAddon.objects.filter(plan=subscription.plan_id, addon=addon_id).select_related("addon")
    offered = offers.first()
    if offered is None:
        raise AddonNotOnPlan(f"Choose an add-on that the plan of {subscription.name} offers.")
    return offered


def _check_quantity(offered: PlanAddon, quantity: int) -> None:
    if offered.addon.instance_type == InstanceType.SINGLE and quantity > 1:
        raise InvalidQuantity(f"Take one of {offered.addon.name}: it is sold once a subscription.")
    if offered.max_quantity is not None and quantity > offered.max_quantity:
        raise InvalidQuantity(f"Take up to {offered.max_quantity} of {offered.addon.name}, as the plan allows.")


def _check_phase(subscription: Subscription, offered: PlanAddon, start: datetime) -> None:
    # By the plan's order, since an edit may have added or removed phases.
    order = list(offered.plan.phases.order_by("position").values_list("key", flat=True))
    first = order.index(offered.from_phase_key)
    reached = {phase.key for phase in subscription.agreed.phases if phase.starts_at <= start}
    if reached.isdisjoint(order[first:]):
        raise AddonTooEarly(f"Take {offered.addon.name} from the phase {offered.from_phase_key} on.")
