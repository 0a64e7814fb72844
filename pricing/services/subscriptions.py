"""Start and cancel subscriptions: the plan's rate cards, copied to a customer for a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.db.models import Prefetch, Q

from metering.errors import DomainError
from metering.models import Customer
from pricing.contract import Contract, ItemVersion, Phase
from pricing.models import Plan, RateCard, Subscription, SubscriptionStatus
from pricing.services.conflicts import refusing
from pricing.services.contract_rows import write_rows


class CustomerDeleted(DomainError):
    status = 412
    code = "customer_deleted"


class PlanNotActive(DomainError):
    code = "plan_not_active"


class CurrencyMismatch(DomainError):
    code = "customer_currency_mismatch"


class InvalidTiming(DomainError):
    code = "subscription_timing_invalid"


class SecondSubscription(DomainError):
    status = 409
    code = "only_single_subscription_allowed_per_customer_at_a_time"


class SecondItem(DomainError):
    status = 409
    code = "only_single_subscription_item_allowed_at_a_time"


class TransitionNotAllowed(DomainError):
    status = 403
    code = "subscription_transition_not_allowed"


@transaction.atomic
def start_subscription(
    *,
    customer_id: int,
    plan_id: int,
    at: datetime,
    active_from: datetime | None = None,
    billing_anchor: datetime | None = None,
) -> Subscription:
    """
    Subscribe a customer to a plan from `active_from` (default `at`) on; periods step from the anchor, else the start.

    Rate cards are copied, so that the contract stays what it is. The customer's zone is kept with it, and a customer
    without a currency takes the plan's.

    :raises CustomerDeleted: if the customer is deleted.
    :raises PlanNotActive: if the plan is a draft, archived or deleted.
    :raises CurrencyMismatch: if the customer pays in another currency.
    :raises SecondSubscription: if the customer has a subscription at that time.
    """
    customer = Customer.objects.select_for_update(of=("self",), no_key=True).get(pk=customer_id)
    plan = Plan.objects.get(pk=plan_id)
    _check_customer(customer, plan)
    _check_plan(plan, customer, at)
    if customer.currency is None:
        customer.currency = plan.currency
        customer.updated_at = at
        customer.save(update_fields=["currency", "updated_at"])
    start = active_from or at
    contract = contract_of(plan, start)
    with _one_at_a_time(customer, start):
        subscription = Subscription.objects.create(
            customer=customer,
            plan=plan,
            name=plan.name,
            currency=plan.currency,
            billing_cadence=plan.billing_cadence,
            billing_anchor=billing_anchor or start,
            time_zone=customer.zone.key,
            active_from=start,
            contract=contract.to_json(),
            created_at=at,
            updated_at=at,
        )
        write_rows(subscription=subscription, contract=contract, at=at)
    return subscription


@transaction.atomic
def cancel_subscription(*, subscription_id: int, at: datetime, active_to: datetime) -> Subscription:
    """
    End a subscription, and with it every item, at `active_to`, which is `at` or later.

    :raises TransitionNotAllowed: if it has not started, or was cancelled before.
    :raises InvalidTiming: if the end lies in the past or not after the start.
    """
    subscription = Subscription.objects.select_for_update(no_key=True).get(pk=subscription_id)
    status = subscription.status(at)
    if status != SubscriptionStatus.ACTIVE:
        raise TransitionNotAllowed(f"Cancel an active subscription: this one is {status.label.lower()}.")
    if active_to < at or active_to <= subscription.active_from:
        earliest = max(at, subscription.active_from)
        raise InvalidTiming(f"End the subscription after {earliest.isoformat()}, not at {active_to.isoformat()}.")
    contract = replace(subscription.agreed, active_to=active_to)
    subscription.contract = contract.to_json()
    subscription.active_to = active_to
    subscription.updated_at = at
    subscription.save(update_fields=["contract", "active_to", "updated_at"])
    write_rows(subscription=subscription, contract=contract, at=at)
    return subscription


def _check_customer(customer: Customer, plan: Plan) -> None:
    if customer.deleted_at is not None:
        raise CustomerDeleted(f"Choose a customer that is not deleted instead of {customer.name}.")
    if customer.currency not in (None, plan.currency):
        raise CurrencyMismatch(
            f"Choose a plan in {customer.currency}, the currency of {customer.name}: {plan} is in {plan.currency}."
        )


def _check_plan(plan: Plan, customer: Customer, at: datetime) -> None:
    # Plans live in real time: a test clock may stand before the plan's publication.
    begun = plan.effective_from is not None and (plan.effective_from <= at or customer.test_clock_id is not None)
    ended = plan.effective_to is not None and plan.effective_to <= at
    if not begun or ended or plan.deleted_at is not None:
        status = "deleted" if plan.deleted_at else plan.status(at).label.lower()
        raise PlanNotActive(f"Choose an active version of the plan {plan.key!r}: {plan} is {status}.")


@contextmanager
def _one_at_a_time(customer: Customer, start: datetime) -> Iterator[None]:
    if any(_overlapping(customer, start)):
        raise _second_subscription(customer, start)
    with refusing("one_billable_item_per_feature_and_customer", lambda: _second_item(customer)):
        yield


def _second_item(customer: Customer) -> SecondItem:
    return SecondItem(f"End what bills {customer.name} for the same feature first: a feature is billed once at a time.")


def _second_subscription(customer: Customer, start: datetime) -> SecondSubscription:
    return SecondSubscription(
        f"Cancel the subscription of {customer.name}, or start this one when it ends: a customer has one at a time.",
        extensions={"validationErrors": list(_overlapping(customer, start))},
    )


def _overlapping(customer: Customer, start: datetime) -> Iterator[dict[str, object]]:
    later = customer.subscriptions.filter(Q(active_to=None) | Q(active_to__gt=start))
    for subscription in later.order_by("active_from"):
        yield {
            "code": SecondSubscription.code,
            "message": f"This subscription runs from {subscription.active_from.isoformat()}.",
            "field": "$.timing",
            "attributes": {"subscriptionId": subscription.ulid},
        }


def contract_of(plan: Plan, start: datetime) -> Contract:
    """Return what a plan agrees with whoever subscribes to it at `start`."""
    phases = plan.phases.order_by("position").prefetch_related(
        Prefetch("rate_cards", RateCard.objects.order_by("position", "pk"))
    )
    return Contract(
        active_from=start,
        phases=tuple(
            Phase(
                phase.key,
                phase.name,
                start,
                tuple(ItemVersion(card.terms) for card in phase.rate_cards.all()),
                phase.description,
                phase.metadata,
            )
            for phase in phases
        ),
        minimum_amount=plan.minimum_amount,
        prorate_minimum=plan.prorate_minimum,
    )
