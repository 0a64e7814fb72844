"""What a contract means for the customer who has it."""

from datetime import datetime

from django.db.models import Q

from metering.errors import DomainError
from metering.models import Customer


class CustomerIsSubscribed(DomainError):
    code = "customer_has_active_subscriptions"


def check_no_contract(customer: Customer, at: datetime) -> None:
    """
    Do nothing if a customer has no subscription that runs at a time or starts later.

    :raises CustomerIsSubscribed: if there is one.
    """
    if subscription := customer.subscriptions.filter(Q(active_to=None) | Q(active_to__gt=at)).first():
        raise CustomerIsSubscribed(f"Cancel the subscription {subscription.name} and let it end first.")
