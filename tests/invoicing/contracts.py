"""A customer who pays a monthly fee and by the token, from 1 January 2026 on, and what they use."""

from datetime import UTC, datetime

from metering.models import Customer
from pricing.contract import Contract, ItemVersion, Phase
from pricing.models import Feature, Subscription
from tests import factories
from tests.factories import START

FEE = {"type": "flat", "amount": "20.00", "paymentTerm": "in_advance"}
# The first 100 tokens at 0.10, the rest at 0.05.
TOKENS = {
    "type": "tiered",
    "mode": "graduated",
    "tiers": [
        {"upToAmount": "100", "unitPrice": {"type": "unit", "amount": "0.10"}},
        {"unitPrice": {"type": "unit", "amount": "0.05"}},
    ],
}


def day(month: int, day: int, hour: int = 0) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def subscribe(
    *,
    customer: Customer | None = None,
    fee: dict | None = FEE,
    tokens: dict | None = TOKENS,
    feature: Feature | None = None,
    **kwargs,
) -> Subscription:
    """Make a contract whose customer sends events under their key; `fee` or `tokens` None leaves that item out."""
    customer = customer or factories.CustomerFactory(currency="USD")
    subject = factories.SubjectFactory(key=customer.key)
    factories.SubjectLinkFactory(subject=subject, customer=customer)
    subscription = factories.SubscriptionFactory(customer=customer, **kwargs)
    ends = {"active_to": subscription.active_to}
    if fee:
        factories.SubscriptionItemFactory(subscription=subscription, key="fee", position=0, price=fee, **ends)
    if tokens:
        shared = {"feature": feature} if feature else {}
        factories.SubscriptionItemFactory(
            subscription=subscription, usage=True, position=1, price=tokens, **ends, **shared
        )
    agree(subscription)
    return subscription


def agree(subscription: Subscription) -> None:
    """Write down the contract that the items are of, so that services can change it."""
    versions = tuple(ItemVersion(item.terms) for item in subscription.items.order_by("position", "pk"))
    contract = Contract(
        active_from=subscription.active_from,
        active_to=subscription.active_to,
        phases=(Phase("default", "Default", subscription.active_from, versions),),
    )
    subscription.contract = contract.to_json()
    subscription.save(update_fields=["contract"])


def use(customer: Customer, tokens: int | str, at: datetime = START) -> None:
    """Store one event of so many tokens."""
    factories.EventFactory(subject=customer.key, time=at, data={"tokens": tokens, "model": "large"})
