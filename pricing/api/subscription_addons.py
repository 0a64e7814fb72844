"""Add-ons of a subscription: `/api/v1/subscriptions/{}/addons`."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from metering import clock
from metering.api.base import ApiView
from metering.idempotency import idempotent
from metering.serializers.fields import checked
from pricing.api.schema import subscription_addons as describe
from pricing.api.subscriptions import find_subscription
from pricing.models import Addon, Subscription, SubscriptionAddon, SubscriptionItem
from pricing.serializers.subscription_addons import (
    SubscriptionAddonInput,
    SubscriptionAddonUpdateInput,
    subscription_addon_output,
)
from pricing.serializers.subscription_inputs import timing_of
from pricing.services.subscriptions.addon_changes import change_addon
from pricing.services.subscriptions.addons import add_addon


@describe.SUBSCRIPTION_ADDONS
class SubscriptionAddons(ApiView):
    @idempotent()
    def post(self, request: Request, subscription_id: str) -> Response:
        subscription = find_subscription(subscription_id)
        body = checked(SubscriptionAddonInput, request.data)
        sent = body.validated_data
        at = clock.now(subscription.customer)
        taken = add_addon(
            subscription_id=subscription.pk,
            addon_id=_addon_id(sent["addon"]["id"]),
            quantity=sent["quantity"],
            timing=timing_of(sent),
            at=at,
            **body.naming(),
        )
        return Response(_shown(subscription, taken.ulid, at), status=201)

    def get(self, request: Request, subscription_id: str) -> Response:
        subscription = find_subscription(subscription_id)
        at = clock.now(subscription.customer)
        items = _items(subscription)
        return Response([_output(taken, items, at) for taken in _all(subscription)])


@describe.SUBSCRIPTION_ADDON
class SubscriptionAddonDetail(ApiView):
    def get(self, request: Request, subscription_id: str, subscription_addon_id: str) -> Response:
        subscription = find_subscription(subscription_id)
        return Response(_shown(subscription, subscription_addon_id, clock.now(subscription.customer)))

    def patch(self, request: Request, subscription_id: str, subscription_addon_id: str) -> Response:
        subscription = find_subscription(subscription_id)
        taken = _find(subscription, subscription_addon_id)
        body = checked(SubscriptionAddonUpdateInput, request.data)
        sent = body.validated_data
        at = clock.now(subscription.customer)
        change_addon(
            subscription_addon_id=taken.pk,
            quantity=sent.get("quantity"),
            timing=timing_of(sent),
            at=at,
            **body.naming(),
        )
        return Response(_shown(subscription, subscription_addon_id, at))


def _all(subscription: Subscription) -> QuerySet[SubscriptionAddon]:
    taken = SubscriptionAddon.objects.filter(subscription=subscription).select_related("addon", "subscription")
    return taken.prefetch_related("quantities", "addon__rate_cards__feature__meter").order_by("pk")


def _find(subscription: Subscription, subscription_addon_id: str) -> SubscriptionAddon:
    taken = _all(subscription).filter(ulid=subscription_addon_id).first()
    if taken is None:
        raise Http404(f"This subscription has no add-on {subscription_addon_id}. Name one by the id of its own.")
    return taken


def _addon_id(ulid: str) -> int:
    addon_id = Addon.objects.filter(ulid=ulid).values_list("pk", flat=True).first()
    if addon_id is None:
        raise Http404(f"There is no add-on {ulid}. Name one by its id.")
    return addon_id


def _items(subscription: Subscription) -> list[SubscriptionItem]:
    return list(SubscriptionItem.objects.filter(subscription=subscription, phase__isnull=False).order_by("pk"))


def _shown(subscription: Subscription, subscription_addon_id: str, at: datetime) -> dict[str, Any]:
    return _output(_find(subscription, subscription_addon_id), _items(subscription), at)


def _output(taken: SubscriptionAddon, items: list[SubscriptionItem], at: datetime) -> dict[str, Any]:
    return subscription_addon_output(
        taken,
        quantities=sorted(taken.quantities.all(), key=lambda row: row.effective_at),
        cards=sorted(taken.addon.rate_cards.all(), key=lambda card: (card.position, card.pk)),
        items=items,
        at=at,
    )
