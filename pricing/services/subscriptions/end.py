"""Cancel subscriptions, take a cancelation back, and delete what has not started."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.conf import settings
from django.db import transaction

from pricing.contract import Contract
from pricing.models import Subscription
from pricing.services.subscriptions.contracts import locked_subscription, write_contract
from pricing.services.subscriptions.start import SecondSubscription, check_one_at_a_time
from pricing.services.subscriptions.states import Act, check_act
from pricing.services.subscriptions.timing import InvalidTiming, Timing, cancel_at


@transaction.atomic
def cancel_subscription(
    *, subscription_id: int, at: datetime, timing: Timing = "next_billing_cycle", active_to: datetime | None = None
) -> Subscription:
    """
    End a subscription, and with it every item; see `timing.cancel_at`. `active_to` instead is any time from `at` on.

    :raises TransitionNotAllowed: unless it is active.
    :raises InvalidTiming: if the end is no bound of its billing periods, lies in the past or not after the start.
    """
    subscription = locked_subscription(subscription_id)
    contract = _canceled(subscription, timing, active_to, at)
    write_contract(subscription=subscription, contract=contract, at=at)
    return subscription


@transaction.atomic
def unschedule_cancelation(*, subscription_id: int, at: datetime) -> Subscription:
    """
    Let a canceled subscription that still runs go on.

    :raises TransitionNotAllowed: unless it is canceled.
    :raises SecondSubscription: if another subscription is scheduled to follow.
    """
    subscription = locked_subscription(subscription_id)
    write_contract(subscription=subscription, contract=_continued(subscription, at), at=at)
    return subscription


@transaction.atomic
def restore_subscription(*, subscription_id: int, at: datetime) -> Subscription:
    """
    Let a canceled subscription go on in place of the ones that are scheduled to follow, which are deleted.

    :raises TransitionNotAllowed: unless it is canceled.
    """
    subscription = locked_subscription(subscription_id)
    check_act(Act.RESTORE, subscription, at)
    for follower in _followers(subscription, at):
        _delete(follower)
    write_contract(subscription=subscription, contract=replace(subscription.agreed, active_to=None), at=at)
    return subscription


@transaction.atomic
def delete_subscription(*, subscription_id: int, at: datetime) -> None:
    """
    Delete a subscription that has not started, or awaits payment; the one before it stays as it is.

    :raises TransitionNotAllowed: if it has.
    """
    subscription = locked_subscription(subscription_id)
    check_act(Act.DELETE, subscription, at)
    _delete(subscription)


def _canceled(subscription: Subscription, timing: Timing, active_to: datetime | None, at: datetime) -> Contract:
    check_act(Act.CANCEL, subscription, at)
    end = active_to or cancel_at(subscription, timing, at=at)
    if (active_to and active_to < at) or end <= subscription.active_from:
        earliest = max(at, subscription.active_from)
        raise InvalidTiming(f"End the subscription after {earliest.isoformat()}, not at {end.isoformat()}.")
    return replace(subscription.agreed, active_to=end)


def _continued(subscription: Subscription, at: datetime) -> Contract:
    check_act(Act.UNSCHEDULE_CANCELATION, subscription, at)
    check_one_at_a_time(subscription.customer, subscription.active_from, besides=subscription)
    _check_nothing_follows(subscription)
    return replace(subscription.agreed, active_to=None)


def _check_nothing_follows(subscription: Subscription) -> None:
    # Even where several run at a time, a change ends one for the other, and there is one change of each.
    follower = Subscription.objects.filter(supersedes=subscription, awaits_payment=False).first()
    if follower is not None:
        message = f"Restore {subscription.name}, or delete {follower.name} first, which is scheduled to follow it."
        error = {
            "code": SecondSubscription.code,
            "message": message,
            "field": "$.timing",
            "attributes": {"subscriptionId": follower.ulid},
        }
        raise SecondSubscription(message, extensions={"validationErrors": [error]})


def _followers(subscription: Subscription, at: datetime) -> Sequence[Subscription]:
    later = subscription.customer.subscriptions.filter(active_from__gt=at, awaits_payment=False).order_by("pk")
    if settings.ONE_SUBSCRIPTION_PER_CUSTOMER:
        return list(later)
    chain: list[Subscription] = []
    link = later.filter(supersedes=subscription).first()
    while link is not None:
        chain.append(link)
        link = later.filter(supersedes=link).first()
    return chain


def _delete(subscription: Subscription) -> None:
    subscription.items.all().delete()
    subscription.delete()
