"""Checks of pricing's data on the live database."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import Prefetch

from metering.audit import Check, Finding, Scope, stream
from metering.errors import DomainError
from pricing.models import AddonRateCard, Subscription, SubscriptionAddon, SubscriptionItem
from pricing.schedule import PlannedItem, PlannedPhase
from pricing.services.subscriptions.contracts import schedule_of, taken_addon

_CHUNK = 200
# What a subscription consists of: by a name of each row, its columns.
_Rows = dict[str, dict[str, Any]]
_PHASE_COLUMNS = tuple(name for name in PlannedPhase.__dataclass_fields__ if name != "key")


def items_stay_within_their_subscription(scope: Scope) -> Iterator[Finding]:
    """Yield items that are active while their subscription is not, or that belong to another customer."""
    scope.progress("comparing items with their subscriptions")
    for item, name, customers, expected, actual in stream(_ITEMS):
        offender = f"subscription item {item} ({name})"
        if customers:
            yield Finding(7, "it belongs to another customer than its subscription", offender, *customers.split())
        if expected != actual:
            yield Finding(7, "it is active outside its subscription", offender, f"within {expected}", actual)


def items_of_one_key_follow_each_other(scope: Scope) -> Iterator[Finding]:
    """Yield items of a subscription that have the same key at the same time, so that time is billed twice."""
    scope.progress("looking for items that overlap")
    for item, name, other, overlap in stream(_OVERLAPS):
        offender = f"subscription item {item} ({name})"
        yield Finding(7, "another item has its key at the same time", offender, "no overlap", f"{overlap} with {other}")


def published_versions_take_turns(scope: Scope) -> Iterator[Finding]:
    """Yield published versions of a plan that are in force at the same time."""
    scope.progress("looking for plan versions that overlap")
    for plan, version, other, overlap in stream(_PLANS):
        offender = f"plan {plan} v{version}"
        yield Finding(
            7, "another version is in force at the same time", offender, "no overlap", f"{overlap} with v{other}"
        )


def rows_follow_from_contracts(scope: Scope) -> Iterator[Finding]:
    """Yield phases and items that are not those of their subscription's contract with the add-ons that it has."""
    scope.progress("comparing phases and items with contracts and add-ons")
    for subscription in _subscriptions():
        offender = f"subscription {subscription.ulid} ({subscription})"
        try:
            agreed = _agreed_rows(subscription)
        except (DomainError, KeyError, TypeError, ValueError) as error:
            yield Finding(7, "its contract cannot be read", offender, "a contract", f"{type(error).__name__}: {error}")
            continue
        yield from _differences(offender, agreed, _stored_rows(subscription))


def _subscriptions() -> Iterator[Subscription]:
    cards = Prefetch("addon__rate_cards", AddonRateCard.objects.order_by("position", "pk"))
    addons = SubscriptionAddon.objects.order_by("pk").select_related("addon").prefetch_related("quantities", cards)
    items = SubscriptionItem.objects.order_by("pk").select_related("phase")
    found = Subscription.objects.order_by("pk").select_related("customer")
    found = found.prefetch_related("phases", Prefetch("items", items), Prefetch("addons", addons))
    return found.iterator(chunk_size=_CHUNK)


def _agreed_rows(subscription: Subscription) -> _Rows:
    contract = subscription.agreed
    rows: _Rows = {"time": {"active_from": contract.active_from, "active_to": contract.active_to}}
    if subscription.awaits_payment:
        return rows
    planned = schedule_of(subscription, contract, [taken_addon(addon) for addon in subscription.addons.all()])
    return rows | _rows(planned.phases, ((item.phase_key, item.terms.key, item) for item in planned.items))


def _stored_rows(subscription: Subscription) -> _Rows:
    rows: _Rows = {"time": {"active_from": subscription.active_from, "active_to": subscription.active_to}}
    items = [item for item in subscription.items.all() if item.active_from != item.active_to]
    phases = [phase for phase in subscription.phases.all() if phase.active_from != phase.active_to]
    return rows | _rows(phases, ((item.phase.key if item.phase else None, item.key, item) for item in items))


def _rows(phases: Iterable[Any], items: Iterable[tuple[str | None, str, SubscriptionItem | PlannedItem]]) -> _Rows:
    rows = {f"phase {phase.key}": {name: getattr(phase, name) for name in _PHASE_COLUMNS} for phase in phases}
    for phase_key, key, item in items:
        label = f"item {key} of {phase_key or 'every phase'} from {item.active_from:%Y-%m-%dT%H:%M:%SZ}"
        rows[label] = {"active_to": item.active_to, "position": item.position, **vars(item.terms)}
    return rows


def _differences(offender: str, agreed: _Rows, stored: _Rows) -> Iterator[Finding]:
    for label in sorted(agreed.keys() | stored.keys()):
        if label not in stored:
            yield Finding(7, f"its {label} is missing", offender, "what was agreed", "none")
        elif label not in agreed:
            yield Finding(7, f"its {label} is surplus", offender, "none", "a row")
        else:
            for name, value in agreed[label].items():
                if value != stored[label][name]:
                    what = f"the {name} of its {label} is not what was agreed"
                    yield Finding(7, what, offender, _text(value), _text(stored[label][name]))


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


_ITEMS = """
    SELECT item.id, item.name,
           CASE WHEN item.customer_id <> sub.customer_id
                THEN concat(sub.customer_id, ' ', item.customer_id) END AS customers,
           spans.of_subscription::text, CASE WHEN spans.of_item <@ spans.of_subscription
                THEN spans.of_subscription::text ELSE spans.of_item::text END
    FROM pricing_subscriptionitem item
    JOIN pricing_subscription sub ON sub.id = item.subscription_id
    CROSS JOIN LATERAL (
        SELECT tstzrange(item.active_from, item.active_to) AS of_item,
               tstzrange(sub.active_from, sub.active_to) AS of_subscription
    ) spans
    WHERE item.customer_id <> sub.customer_id OR NOT spans.of_item <@ spans.of_subscription
    ORDER BY item.id
"""
_OVERLAPS = """
    SELECT item.id, item.name, other.id,
           (tstzrange(item.active_from, item.active_to) * tstzrange(other.active_from, other.active_to))::text
    FROM pricing_subscriptionitem item
    JOIN pricing_subscriptionitem other
        ON other.subscription_id = item.subscription_id AND other.key = item.key AND other.id > item.id
           AND tstzrange(item.active_from, item.active_to) && tstzrange(other.active_from, other.active_to)
    ORDER BY item.id, other.id
"""
_PLANS = """
    SELECT plan.key, plan.version, other.version,
           (tstzrange(plan.effective_from, plan.effective_to)
            * tstzrange(other.effective_from, other.effective_to))::text
    FROM pricing_plan plan
    JOIN pricing_plan other
        ON other.key = plan.key AND other.version > plan.version
           AND tstzrange(plan.effective_from, plan.effective_to)
               && tstzrange(other.effective_from, other.effective_to)
    WHERE plan.effective_from IS NOT NULL AND other.effective_from IS NOT NULL
    ORDER BY plan.key, plan.version, other.version
"""

CHECKS = (
    Check(7, "Every item lies within its subscription", items_stay_within_their_subscription),
    Check(7, "No time of a subscription is priced twice under one key", items_of_one_key_follow_each_other),
    Check(7, "Phases and items follow from contract and add-ons", rows_follow_from_contracts),
    Check(7, "One version of a plan is in force at a time", published_versions_take_turns),
)
