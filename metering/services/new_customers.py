"""What the layers above do for each new customer, within the transaction that makes them."""

from datetime import datetime
from typing import Protocol

from metering.models import Customer


class NewCustomerHook(Protocol):
    def __call__(self, customer: Customer, *, at: datetime, since: datetime) -> None:
        """Take note of a customer; `at` is the time that holds for them, their usage starts at `since`."""


_hooks: list[NewCustomerHook] = []


def register_new_customer_hook(hook: NewCustomerHook) -> None:
    """Have a function called for every new customer. Higher layers register theirs at start-up."""
    _hooks.append(hook)


def note_new_customer(customer: Customer, *, at: datetime, since: datetime) -> None:
    """Tell every layer of a new customer."""
    for hook in _hooks:
        hook(customer, at=at, since=since)
