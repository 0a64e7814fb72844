"""Start subscriptions: what is offered, copied to a customer for a time."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from django.conf import settings
from django.db import transaction

from metering.errors import DomainError
from metering.models import Customer
from metering.periods import parse_cadence
from pricing.contract_periods import anchor_near
from pricing.models import Subscription
from pricing.services.plan_inputs import PlanInput
from pricing.services.subscriptions.contracts import locked_customer, write_contract
from pricing.services.subscriptions.offers import Offer, find_offer


class CustomerDeleted(DomainError):
    status = 412
    code = "customer_deleted"


class CurrencyMismatch(DomainError):
    code = "customer_currency_mismatch"


class SecondSubscription(DomainError):
    status = 409
    code = "only_single_subscription_allowed_per_customer_at_a_time"


@transaction.atomic
def start_subscription(
    *,
    customer_id: int,
    at: datetime,
    plan_id: int | None = None,
    custom_plan: PlanInput | None = None,
    active_from: datetime | None = None,
    billing_anchor: datetime | None = None,
    starting_phase: str | None = None,
    name: str | None = None,
    description: str = "",
    metadata: Mapping[str, str] | None = None,
    settlement_mode: str | None = None,
) -> Subscription:
    """
    Subscribe a customer to a plan from `active_from` (default `at`) on; periods step from the anchor, else the start.

    Rate cards are copied, so that the contract stays what it is. The customer's zone is kept with it, and a customer
    without a currency takes the plan's.

    :raises CustomerDeleted: if the customer is deleted.
    :raises NothingChosen: unless exactly one of plan and custom plan is given.
    :raises PlanNotActive: if the plan is a draft, archived or deleted.
    :raises InvalidPlan: naming everything that cannot be of a custom plan.
    :raises UnknownPhase: if the plan has no such starting phase.
    :raises CurrencyMismatch: if the customer pays in another currency.
    :raises SecondSubscription: if the customer has a subscription at that time.
    :raises SecondItem: if one of its features is billed at that time already.
    """
    customer = locked_customer(customer_id)
    offer = find_offer(plan_id=plan_id, custom_plan=custom_plan, customer=customer, at=at)
    subscription = new_subscription(
        customer, offer, active_from or at, at, billing_anchor=billing_anchor, starting_phase=starting_phase
    )
    subscription.name = name or subscription.name
    subscription.description = description
    subscription.metadata = dict(metadata or {})
    subscription.settlement_mode = settlement_mode or subscription.settlement_mode
    check_one_at_a_time(customer, subscription.active_from)
    take_currency(customer, subscription.currency, at)
    write_contract(subscription=subscription, contract=subscription.agreed, at=at)
    return subscription


def new_subscription(
    customer: Customer,
    offer: Offer,
    start: datetime,
    at: datetime,
    *,
    billing_anchor: datetime | None = None,
    starting_phase: str | None = None,
) -> Subscription:
    """
    Return a subscription to an offer that is not stored yet, with its contract.

    :raises CustomerDeleted: if the customer is deleted.
    :raises CurrencyMismatch: if the customer pays in another currency.
    :raises UnknownPhase: if the offer has no such starting phase.
    """
    _check_customer(customer, offer)
    zone, given = customer.zone, offer.given
    contract = offer.contract(start=start, zone=zone, starting_phase=starting_phase)
    cadence = parse_cadence(given.billing_cadence)
    return Subscription(
        customer=customer,
        plan=offer.plan,
        name=given.name,
        currency=given.currency,
        billing_cadence=given.billing_cadence,
        billing_anchor=anchor_near(billing_anchor or start, cadence=cadence, zone=zone, start=start),
        time_zone=zone.key,
        is_prorating=given.is_prorating,
        settlement_mode=given.settlement_mode,
        carries_usage=given.carries_usage,
        active_from=start,
        contract=contract.to_json(),
        created_at=at,
        updated_at=at,
    )


def check_one_at_a_time(customer: Customer, start: datetime, *, besides: Subscription | None = None) -> None:
    """
    Do nothing if a customer may have a subscription from a time on, `besides` left out.

    :raises SecondSubscription: if there is one then, unless the installation allows several.
    """
    if not settings.ONE_SUBSCRIPTION_PER_CUSTOMER:
        return
    others = customer.subscriptions.not_over(start).order_by("active_from")
    if besides is not None:
        others = others.exclude(pk=besides.pk)
    if overlapping := list(others):
        raise SecondSubscription(
            f"Cancel the subscription of {customer.name}, or start this one when it ends: there is one at a time.",
            extensions={"validationErrors": list(_both_sides(start, overlapping, besides))},
        )


def take_currency(customer: Customer, currency: str, at: datetime) -> None:
    """Give a customer without a currency this one; the caller holds the lock."""
    if customer.currency is None:
        customer.currency = currency
        customer.updated_at = at
        customer.save(update_fields=["currency", "updated_at"])


def _check_customer(customer: Customer, offer: Offer) -> None:
    if customer.deleted_at is not None:
        raise CustomerDeleted(f"Choose a customer that is not deleted instead of {customer.name}.")
    if customer.currency not in (None, offer.given.currency):
        raise CurrencyMismatch(
            f"Choose a plan in {customer.currency}, the currency of {customer.name}: "
            f"{offer.plan or offer.given.name} is in {offer.given.currency}."
        )


def _both_sides(
    start: datetime, overlapping: list[Subscription], besides: Subscription | None
) -> Iterator[dict[str, object]]:
    known = {"subscriptionId": besides.ulid} if besides else {}
    yield _side(f"This subscription would run from {start.isoformat()} on.", known)
    for other in overlapping:
        end = f"to {other.active_to.isoformat()}" if other.active_to else "on"
        yield _side(f"Another one runs from {other.active_from.isoformat()} {end}.", {"subscriptionId": other.ulid})


def _side(message: str, attributes: dict[str, str]) -> dict[str, object]:
    return {"code": SecondSubscription.code, "message": message, "field": "$.timing", "attributes": attributes}
