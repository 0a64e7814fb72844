"""Every change of a subscription with its phases, items and add-ons: who, when, and what it did, in sentences."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models

from metering.history import NOT_RECORDED
from pricing.admin.subscription_words import from_to, price_in_full, when
from pricing.models import AddonQuantity, Subscription, SubscriptionAddon, SubscriptionItem, SubscriptionPhase
from pricing.terms import Terms

# Per kind of row; whoever needs more finds it in the history of each.
_MOST_VERSIONS = 500
_MOST_CHANGES = 30


@dataclass
class SubscriptionChange:
    """What one act did, all its rows together."""

    at: datetime
    actor: str
    reason: str
    sentences: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Version:
    """A row as one change left it, with how it was before."""

    row: Any
    previous: Any


def changes_of_subscription(subscription: Subscription) -> list[SubscriptionChange]:
    """Return what was done to a subscription, newest first; rows that one act wrote are one change."""
    found: dict[tuple[datetime, Any], SubscriptionChange] = {}
    for version, say in _versions(subscription):
        context = version.row.pgh_context
        metadata = context.metadata if context else {}
        key = (version.row.pgh_created_at, version.row.pgh_context_id)
        change = found.setdefault(
            key,
            SubscriptionChange(
                version.row.pgh_created_at, metadata.get("actor", NOT_RECORDED), metadata.get("reason", "")
            ),
        )
        change.sentences.extend(say(version, subscription))
    told = sorted((change for change in found.values() if change.sentences), key=lambda change: change.at)
    return told[: -_MOST_CHANGES - 1 : -1]


_Say = Callable[[_Version, Subscription], Iterator[str]]


def _versions(subscription: Subscription) -> Iterator[tuple[_Version, _Say]]:
    kinds: tuple[tuple[type[models.Model], dict[str, Any], _Say], ...] = (
        (Subscription, {"pgh_obj_id": subscription.pk}, _say_subscription),
        (SubscriptionPhase, {"subscription_id": subscription.pk}, _say_phase),
        (SubscriptionItem, {"subscription_id": subscription.pk}, _say_item),
        (SubscriptionAddon, {"subscription_id": subscription.pk}, _say_addon),
        (AddonQuantity, {"subscription_addon__subscription_id": subscription.pk}, _say_quantity),
    )
    for model, narrowed, say in kinds:
        history: Any = model.pgh_event_model  # type: ignore[attr-defined]
        newest = history.objects.filter(**narrowed).select_related("pgh_context").order_by("-pgh_id")
        previous: dict[int, Any] = {}
        for row in reversed(newest[:_MOST_VERSIONS]):
            yield _Version(row, previous.get(row.pgh_obj_id)), say
            previous[row.pgh_obj_id] = row


def _say_subscription(version: _Version, subscription: Subscription) -> Iterator[str]:
    row, before, zone = version.row, version.previous, subscription.zone
    if row.pgh_label == "insert":
        yield f"Agreed: {row.name}, {from_to(row.active_from, row.active_to, zone)}."
        return
    if before is None:
        return
    if before.awaits_payment and not row.awaits_payment:
        yield f"Paid for: it takes over at {when(row.active_from, zone)}."
    if row.active_to != before.active_to:
        if row.active_to is None:
            yield f"Goes on: its end at {when(before.active_to, zone)} is taken back."
        else:
            yield f"Ends at {when(row.active_to, zone)}."
    if row.name != before.name:
        yield f"Named {row.name} instead of {before.name}."


def _say_phase(version: _Version, subscription: Subscription) -> Iterator[str]:
    row, before, zone = version.row, version.previous, subscription.zone
    span = from_to(row.active_from, row.active_to, zone)
    if row.pgh_label == "insert":
        yield f"Phase {row.name}: {span}."
    elif row.pgh_label == "delete":
        yield f"Phase {row.name} dropped, before it began."
    elif before and (row.active_from, row.active_to) != (before.active_from, before.active_to):
        yield f"Phase {row.name}: {span}, before {from_to(before.active_from, before.active_to, zone)}."


def _say_item(version: _Version, subscription: Subscription) -> Iterator[str]:
    row, before, zone = version.row, version.previous, subscription.zone
    if row.pgh_label == "insert":
        span = from_to(row.active_from, row.active_to, zone)
        yield f"{row.name}: {price_in_full(_terms(row), subscription.currency)}; {span}."
    elif row.pgh_label == "delete":
        yield f"{row.name} from {when(row.active_from, zone)} dropped, before it began."
    elif before and row.active_to != before.active_to:
        if row.active_to == row.active_from:
            yield f"{row.name} from {when(row.active_from, zone)} taken back."
        elif row.active_to is None:
            yield f"{row.name} goes on after {when(before.active_to, zone)}."
        else:
            was = f", before at {when(before.active_to, zone)}" if before.active_to else ""
            yield f"{row.name} ends at {when(row.active_to, zone)}{was}."


def _terms(row: Any) -> Terms:
    terms: Terms = SubscriptionItem(**{name: getattr(row, name) for name in _TERMS_COLUMNS}).terms
    return terms


_TERMS_COLUMNS = ("type", "key", "name", "billing_cadence", "price", "discounts", "unit_config", "prorate_commitments")


def _say_addon(version: _Version, subscription: Subscription) -> Iterator[str]:
    if version.row.pgh_label == "insert":
        yield f"Add-on {version.row.name} taken."


def _say_quantity(version: _Version, subscription: Subscription) -> Iterator[str]:
    row, before = version.row, version.previous
    was = f" instead of {before.quantity}" if before and before.quantity != row.quantity else ""
    name = row.subscription_addon.name
    yield f"{name}: quantity {row.quantity}{was} from {when(row.effective_at, subscription.zone)} on."
