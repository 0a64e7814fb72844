"""Change subscriptions: the current one ends at the instant the next one starts."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Literal

from django.db import transaction

from metering.errors import DomainError
from pricing.contract import rebased
from pricing.models import Plan, Subscription
from pricing.services.plan_inputs import PlanInput
from pricing.services.plans import input_of
from pricing.services.subscriptions.contracts import (
    locked_subscription,
    write_contract,
)
from pricing.services.subscriptions.offers import Offer, PlanNotActive, find_offer
from pricing.services.subscriptions.start import check_one_at_a_time, new_subscription, take_currency
from pricing.services.subscriptions.states import Act, check_act
from pricing.services.subscriptions.timing import InvalidTiming, Timing, cancel_at

Activation = Literal["immediately", "on_payment"]


class ChangeAwaitsPayment(DomainError):
    status = 409
    code = "subscription_change_awaits_payment"


class NoChangeAwaitsPayment(DomainError):
    status = 409
    code = "subscription_awaits_no_payment"


class NotMigratable(DomainError):
    code = "subscription_not_migratable"


@transaction.atomic
def change_subscription(
    *,
    subscription_id: int,
    at: datetime,
    plan_id: int | None = None,
    custom_plan: PlanInput | None = None,
    timing: Timing = "immediate",
    activate: Activation = "immediately",
    billing_anchor: datetime | None = None,
    starting_phase: str | None = None,
    name: str | None = None,
    description: str = "",
    metadata: Mapping[str, str] | None = None,
    settlement_mode: str | None = None,
) -> tuple[Subscription, Subscription]:
    """
    End a subscription at a time and start another one at that instant; return both.

    Periods go on from the same anchor unless another one is given. With `on_payment` the current one goes on, and the
    next bills nothing, until `activate_change`.

    :raises TransitionNotAllowed: unless it is active.
    :raises ChangeAwaitsPayment: if another change of it awaits payment.
    :raises InvalidTiming: if the time is no bound of its billing periods, or later than the payment.
    :raises DomainError: what `start_subscription` raises for the next one.
    """
    current = locked_subscription(subscription_id)
    check_act(Act.CHANGE, current, at)
    _check_nothing_pending(current)
    if activate == "on_payment" and timing != "immediate":
        raise InvalidTiming("Choose the timing immediate: a change that awaits payment starts when it is paid.")
    offer = find_offer(plan_id=plan_id, custom_plan=custom_plan, customer=current.customer, at=at)
    following = _next_one(current, offer, timing, billing_anchor, starting_phase, at)
    following.name = name or following.name
    following.description = description
    following.metadata = dict(metadata or {})
    following.settlement_mode = settlement_mode or following.settlement_mode
    if activate == "on_payment":
        following.awaits_payment = True
        following.save()
        return current, following
    _take_over(current, following, at)
    return current, following


@transaction.atomic
def activate_change(*, subscription_id: int, at: datetime) -> tuple[Subscription, Subscription]:
    """
    Let the subscription that awaits payment start, and end the one before at that instant; return both.

    Its phases count from `at`; periods step from the anchor that was agreed.

    :raises NoChangeAwaitsPayment: if it awaits none.
    :raises SecondSubscription: if yet another subscription runs then or is scheduled.
    """
    following = locked_subscription(subscription_id)
    current = _paid(following, at)
    _take_over(current, following, at)
    return current, following


@transaction.atomic
def migrate_subscription(
    *,
    subscription_id: int,
    at: datetime,
    target_version: int | None = None,
    timing: Timing = "immediate",
    billing_anchor: datetime | None = None,
    starting_phase: str | None = None,
) -> tuple[Subscription, Subscription]:
    """
    Change a subscription to a newer version of its plan, default the active one; return the old and the new one.

    :raises TransitionNotAllowed: unless it is active.
    :raises ChangeAwaitsPayment: if a change of it awaits payment.
    :raises NotMigratable: if it has no plan, or the version is not newer or was never published.
    :raises PlanNotActive: if no version of the plan is active and none is given.
    :raises InvalidTiming: if the time is no bound of its billing periods.
    """
    current = locked_subscription(subscription_id)
    check_act(Act.MIGRATE, current, at)
    _check_nothing_pending(current)
    plan = _newer_version(current, target_version, at)
    following = _next_one(current, Offer(plan, input_of(plan)), timing, billing_anchor, starting_phase, at)
    following.name, following.description, following.metadata = current.name, current.description, current.metadata
    _take_over(current, following, at)
    return current, following


def _next_one(
    current: Subscription,
    offer: Offer,
    timing: Timing,
    billing_anchor: datetime | None,
    starting_phase: str | None,
    at: datetime,
) -> Subscription:
    start = cancel_at(current, timing, at=at)
    if start <= current.active_from:
        raise InvalidTiming(f"Change the subscription after {current.active_from.isoformat()}, when it starts.")
    following = new_subscription(
        current.customer,
        offer,
        start,
        at,
        billing_anchor=billing_anchor or current.billing_anchor,
        starting_phase=starting_phase,
    )
    following.supersedes = current
    check_one_at_a_time(current.customer, start, besides=current)
    return following


def _newer_version(current: Subscription, version: int | None, at: datetime) -> Plan:
    if current.plan is None:
        raise NotMigratable("Change the subscription to a plan: it was made from a custom one, which has no versions.")
    published = Plan.objects.filter(key=current.plan.key, effective_from__isnull=False, deleted_at=None)
    plan = published.active(at).first() if version is None else published.filter(version=version).first()
    if plan is None and version is None:
        raise PlanNotActive(f"Publish a version of the plan {current.plan.key!r} first: none is active.")
    if plan is None or plan.version <= current.plan.version:
        raise NotMigratable(f"Choose a published version of {current.plan.key!r} above {current.plan.version}.")
    return plan


def _take_over(current: Subscription, following: Subscription, at: datetime) -> None:
    start = following.active_from
    if current.active_to is None or current.active_to > start:
        write_contract(subscription=current, contract=replace(current.agreed, active_to=start), at=at)
    check_one_at_a_time(current.customer, start, besides=following)
    take_currency(current.customer, following.currency, at)
    write_contract(subscription=following, contract=following.agreed, at=at)


def _check_nothing_pending(current: Subscription) -> None:
    pending = Subscription.objects.filter(supersedes=current, awaits_payment=True).first()
    if pending is not None:
        raise ChangeAwaitsPayment(
            f"Delete the subscription {pending.name} first, or wait until it is paid: it awaits payment."
        )


def _paid(following: Subscription, at: datetime) -> Subscription:
    if not following.awaits_payment:
        raise NoChangeAwaitsPayment(f"Choose a subscription that awaits payment: {following.name} does not.")
    assert following.supersedes is not None
    following.awaits_payment = False
    following.contract = rebased(following.agreed, start=at, zone=following.zone).to_json()
    following.active_from = at
    return following.supersedes
