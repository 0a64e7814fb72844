"""What every act on a subscription does: lock it, and write its contract with all that follows from it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from django.db.models import Prefetch

from metering.errors import DomainError
from metering.models import Customer
from pricing.contract import Contract
from pricing.contract_addons import TakenAddon, spans_of, with_addons
from pricing.models import AddonRateCard, Subscription, SubscriptionAddon
from pricing.schedule import Schedule, schedule
from pricing.services.conflicts import refusing
from pricing.services.contract_rows import write_rows


class SecondItem(DomainError):
    status = 409
    code = "only_single_subscription_item_allowed_at_a_time"


def locked_customer(customer_id: int) -> Customer:
    """Return a customer whose row is locked, which every act on a subscription does first."""
    return Customer.objects.select_for_update(of=("self",), no_key=True).get(pk=customer_id)


def locked_subscription(subscription_id: int) -> Subscription:
    """Return a subscription whose customer and row are locked, in this order."""
    customer = locked_customer(Subscription.objects.values_list("customer_id", flat=True).get(pk=subscription_id))
    subscription = Subscription.objects.select_for_update(no_key=True).get(pk=subscription_id)
    subscription.customer = customer
    return subscription


def schedule_of(
    subscription: Subscription, contract: Contract | None = None, addons: Sequence[TakenAddon] | None = None
) -> Schedule:
    """Return the rows that follow from a contract, default the stored one, and from add-ons, default those taken."""
    if addons is None:
        addons = addons_of(subscription) if subscription.pk else []
    whole = with_addons(contract or subscription.agreed, addons)
    return schedule(whole, billing_cadence=subscription.billing_cadence)


def addons_of(subscription: Subscription) -> list[TakenAddon]:
    """Return the add-ons of a subscription in the order they were taken."""
    taken = subscription.addons.order_by("pk").prefetch_related(
        "quantities", Prefetch("addon__rate_cards", AddonRateCard.objects.order_by("position", "pk"))
    )
    return [taken_addon(addon) for addon in taken]


def taken_addon(taken: SubscriptionAddon) -> TakenAddon:
    """Return an add-on of a subscription as plain data."""
    quantities = [(row.effective_at, row.quantity) for row in taken.quantities.all()]
    terms = tuple(card.terms for card in taken.addon.rate_cards.all())
    return TakenAddon(taken.name, terms, spans_of(quantities))


def write_contract(*, subscription: Subscription, contract: Contract, at: datetime) -> None:
    """
    Store a contract with its phases and items; the caller holds the locks.

    :raises SecondItem: if the customer would be billed twice for one feature.
    """
    subscription.contract = contract.to_json()
    subscription.active_from, subscription.active_to = contract.active_from, contract.active_to
    subscription.updated_at = at
    with one_item_per_feature(subscription):
        subscription.save()
        write_rows(subscription=subscription, schedule=schedule_of(subscription, contract), at=at)


@contextmanager
def one_item_per_feature(subscription: Subscription) -> Iterator[None]:
    """Refuse what would bill the customer of a subscription twice for one feature."""

    def second_item() -> SecondItem:
        message = (
            f"End what bills {subscription.customer.name} for the same feature first: it is billed once at a time."
        )
        error = {"code": SecondItem.code, "message": message, "field": "$.phases"}
        return SecondItem(message, extensions={"validationErrors": [error]})

    with refusing("one_billable_item_per_feature_and_customer", second_item):
        yield
