"""Customers' subscriptions. The layer above knows them, and registers at start-up how they are read."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from metering.models import Customer
from metering.models.customer import CustomerQuerySet


class Subscriptions(Protocol):
    """What this layer asks about subscriptions; nobody has any until a layer registers its answers."""

    def live(self, moments: Mapping[int, datetime]) -> Mapping[int, Sequence[Mapping[str, Any]]]:
        """
        Return those that have started and not ended as the API shows them, by customer.

        `moments` says for each customer, by primary key, when. One query, however many customers.
        """

    def customers_on(self, plan_key: str, *, at: datetime) -> CustomerQuerySet:
        """Return the customers with a live subscription to any version of a plan, at `at` or on their test clock."""


class _Nobodys:
    def live(self, moments: Mapping[int, datetime]) -> Mapping[int, Sequence[Mapping[str, Any]]]:
        return {}

    def customers_on(self, plan_key: str, *, at: datetime) -> CustomerQuerySet:
        return Customer.objects.none()


_registered: Subscriptions = _Nobodys()


def register_subscriptions(answers: Subscriptions) -> None:
    """Let a layer above answer; called once, at start-up."""
    global _registered
    _registered = answers


def subscriptions() -> Subscriptions:
    """Return who answers questions about subscriptions."""
    return _registered
