"""Add-ons of subscriptions as the API takes and shows them, in OpenMeter's shapes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from rest_framework import serializers

from metering.serializers.fields import TextField, TextsField, present
from pricing.models import AddonQuantity, AddonRateCard, SubscriptionAddon, SubscriptionItem
from pricing.serializers.subscription_inputs import TimingField
from pricing.serializers.terms import rate_card_output

_MOST = 2**31 - 1


class AddonReferenceInput(serializers.Serializer[Any]):
    id = TextField(max_length=26)


class SubscriptionAddonUpdateInput(serializers.Serializer[Any]):
    name = TextField(max_length=256, required=False)
    description = TextField(max_length=1024, required=False, allow_blank=True, allow_null=True)
    metadata = TextsField()
    quantity = serializers.IntegerField(min_value=0, max_value=_MOST, required=False)
    timing = TimingField(required=False, allow_null=True, default="immediate")

    def naming(self) -> dict[str, Any]:
        """Return what was sent of name, description and metadata; what was not sent is left out."""
        sent = self.validated_data
        empty: Mapping[str, Any] = {"description": "", "metadata": {}}
        return {name: sent[name] or empty.get(name) for name in ("name", *empty) if name in sent}


class SubscriptionAddonInput(SubscriptionAddonUpdateInput):
    name = TextField(max_length=256)
    timing = TimingField()
    quantity = serializers.IntegerField(min_value=0, max_value=_MOST)
    addon = AddonReferenceInput()


def subscription_addon_output(
    taken: SubscriptionAddon,
    *,
    quantities: Sequence[AddonQuantity],
    cards: Iterable[AddonRateCard],
    items: Iterable[SubscriptionItem],
    at: datetime,
) -> dict[str, Any]:
    """Return an add-on of a subscription as the API shows it at a time; `quantities` are all of its own, in order."""
    segments = list(_segments(quantities))
    some = [segment for segment in segments if segment["quantity"]]
    items = [item for item in items if any(_overlap(item, segment) for segment in some)]
    addon = taken.addon
    shown = {
        "id": taken.ulid,
        "name": taken.name,
        "description": taken.description,
        "metadata": taken.metadata,
        "subscriptionId": taken.subscription.ulid,
        "activeFrom": (some or segments)[0]["activeFrom"],
        "activeTo": _earlier((some or segments)[-1].get("activeTo"), taken.subscription.active_to),
        "createdAt": taken.created_at,
        "updatedAt": taken.updated_at,
    }
    return present(shown) | {
        "addon": {
            "id": addon.ulid,
            "key": addon.key,
            "version": addon.version,
            "instanceType": addon.instance_type,
        },
        "quantityAt": at,
        "quantity": next((part["quantity"] for part in reversed(segments) if part["activeFrom"] <= at), 0),
        "timeline": segments,
        "rateCards": [
            {
                "rateCard": rate_card_output(card.terms, card.feature),
                "affectedSubscriptionItemIds": [item.ulid for item in items if item.key == card.key],
            }
            for card in cards
        ],
    }


def _segments(quantities: Sequence[AddonQuantity]) -> Iterable[dict[str, Any]]:
    for one, following in pairwise([*quantities, None]):
        if one is not None:
            end = following and following.effective_at
            yield present({"activeFrom": one.effective_at, "activeTo": end}) | {"quantity": one.quantity}


def _overlap(item: SubscriptionItem, segment: Mapping[str, Any]) -> bool:
    start, end = segment["activeFrom"], segment.get("activeTo")
    return (end is None or item.active_from < end) and (item.active_to is None or start < item.active_to)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min(one, other) if one and other else one or other
