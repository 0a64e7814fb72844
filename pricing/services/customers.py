"""What a contract means for the customer who has it."""

from datetime import datetime

from metering.errors import DomainError
from metering.models import Customer


class CustomerIsSubscribed(DomainError):
    code = "customer_has_active_subscriptions"


def check_no_contract(customer: Customer, at: datetime) -> None:
    """
    Do nothing if a customer has no subscription that runs at a time, starts later or awaits payment.

    :raises CustomerIsSubscribed: if there is one.
    """
    if subscription := customer.subscriptions.not_over(at).first():
        raise CustomerIsSubscribed(f"Cancel the subscription {subscription.name} and let it end first.")
    # A payment that comes later would start it for a customer who is gone.
    if unpaid := customer.subscriptions.filter(awaits_payment=True).first():
        raise CustomerIsSubscribed(f"Delete the subscription {unpaid.name} first: it awaits payment.")
