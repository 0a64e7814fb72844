"""A customer's subscription as the portal shows it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from invoicing.lines import read_charge
from metering.models import Customer
from metering.periods import Period
from portal.price_words import PriceInWords, in_words
from pricing.models import Subscription, SubscriptionItem, SubscriptionPhase
from pricing.queries import current_period

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Item:
    """One price of the subscription."""

    name: str
    unit: str
    price: PriceInWords


@dataclass(frozen=True)
class Stage:
    """What holds from a later phase's start on."""

    name: str
    starts_at: datetime
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Contract:
    """What holds at a time, in which phase, and what comes after it; a contract of one phase names none."""

    subscription: Subscription
    zone: ZoneInfo
    period: Period
    items: tuple[Item, ...]
    phase: str
    later: tuple[Stage, ...]

    @property
    def ends_at(self) -> datetime | None:
        return self.subscription.active_to


def live_subscription(customer: Customer, at: datetime) -> Subscription | None:
    """Return the subscription that holds at a time, with its plan; a customer has one at most."""
    return customer.subscriptions.live(at).select_related("plan").first()


def current_contract(customer: Customer, at: datetime) -> Contract | None:
    """Return what the customer has subscribed to at a time, None for nothing."""
    subscription = live_subscription(customer, at)
    if subscription is None:
        return None
    every = items_of(subscription)
    phases = list(subscription.phases.order_by("position"))
    now = [phase.name for phase in phases if phase.active_from <= at < (phase.active_to or _NEVER)]
    return Contract(
        subscription=subscription,
        zone=subscription.zone,
        period=current_period(subscription, at),
        items=_items_at(every, at),
        phase=now[0] if now and len(phases) > 1 else "",
        later=tuple(_stage(phase, every) for phase in phases if _is_ahead(phase, at)),
    )


def _is_ahead(phase: SubscriptionPhase, at: datetime) -> bool:
    return at < phase.active_from < (phase.active_to or _NEVER)


def _stage(phase: SubscriptionPhase, every: Iterable[SubscriptionItem]) -> Stage:
    of_phase = [item for item in every if item.phase_id == phase.pk]
    return Stage(phase.name, phase.active_from, _items_at(of_phase, phase.active_from))


def items_of(subscription: Subscription) -> list[SubscriptionItem]:
    """Return the items in the order of the plan, with feature and meter; one query."""
    items = subscription.items.select_related("feature__meter").order_by("position", "pk")
    return list(items)


def _items_at(items: Iterable[SubscriptionItem], at: datetime) -> tuple[Item, ...]:
    return tuple(_item(item) for item in items if item.active_from <= at < (item.active_to or _NEVER))


def _item(item: SubscriptionItem) -> Item:
    unit = item.feature.name if item.feature else ""
    charge = None
    if item.price is not None:
        charge = read_charge(
            price=item.price,
            discounts=item.discounts,
            unit_config=item.unit_config,
            prorate_commitments=item.prorate_commitments,
        )
    return Item(name=item.name, unit=unit, price=in_words(charge, item.billing_cadence))
