"""Subscriptions: `/api/v1/subscriptions`."""

from datetime import datetime
from typing import Any

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from metering import clock
from metering.api.base import ApiView
from metering.api.customers import find_customer
from metering.idempotency import idempotent
from metering.serializers.fields import checked
from pricing.api.schema import subscriptions as describe
from pricing.models import Plan, Subscription, SubscriptionItem
from pricing.serializers.expanded_subscriptions import expanded_output
from pricing.serializers.subscription_edits import SubscriptionEditInput
from pricing.serializers.subscription_inputs import (
    SubscriptionCancelInput,
    SubscriptionChangeInput,
    SubscriptionGetInput,
    SubscriptionInput,
    SubscriptionMigrateInput,
    TermsInput,
    timing_of,
)
from pricing.serializers.subscriptions import subscription_output
from pricing.services.subscriptions.change import activate_change, change_subscription, migrate_subscription
from pricing.services.subscriptions.edit import edit_subscription
from pricing.services.subscriptions.end import (
    cancel_subscription,
    delete_subscription,
    restore_subscription,
    unschedule_cancelation,
)
from pricing.services.subscriptions.offers import PlanNotActive
from pricing.services.subscriptions.start import start_subscription
from pricing.services.subscriptions.timing import start_at


@describe.SUBSCRIPTIONS
class Subscriptions(ApiView):
    @idempotent()
    def post(self, request: Request) -> Response:
        body = checked(SubscriptionInput, request.data)
        sent = body.validated_data
        customer = find_customer(sent["customerId"] or sent["customerKey"])
        at = clock.now(customer)
        made = start_subscription(
            customer_id=customer.pk,
            at=at,
            active_from=start_at(timing_of(sent), at=at),
            plan_id=_plan_id(body),
            **body.values(),
        )
        return Response(_output(made.ulid, at), status=201)


@describe.SUBSCRIPTION
class SubscriptionDetail(ApiView):
    def get(self, request: Request, subscription_id: str) -> Response:
        asked = checked(SubscriptionGetInput, request.query_params).validated_data
        subscription = find_subscription(subscription_id)
        return Response(_expanded(subscription, asked["at"] or clock.now(subscription.customer)))

    def patch(self, request: Request, subscription_id: str) -> Response:
        subscription = find_subscription(subscription_id)
        body = checked(SubscriptionEditInput, request.data)
        at = clock.now(subscription.customer)
        edit_subscription(
            subscription_id=subscription.pk,
            operations=body.operations(),
            at=at,
            timing=timing_of(body.validated_data),
        )
        return Response(_output(subscription_id, at))

    def delete(self, request: Request, subscription_id: str) -> Response:
        subscription = find_subscription(subscription_id)
        delete_subscription(subscription_id=subscription.pk, at=clock.now(subscription.customer))
        return Response(status=204)


@describe.CANCEL
class CancelSubscription(ApiView):
    def post(self, request: Request, subscription_id: str) -> Response:
        subscription = find_subscription(subscription_id)
        sent = checked(SubscriptionCancelInput, request.data).validated_data
        at = clock.now(subscription.customer)
        cancel_subscription(subscription_id=subscription.pk, at=at, timing=timing_of(sent))
        return Response(_output(subscription_id, at))


@describe.UNSCHEDULE_CANCELATION
class UnscheduleCancelation(ApiView):
    def post(self, request: Request, subscription_id: str) -> Response:
        subscription = find_subscription(subscription_id)
        at = clock.now(subscription.customer)
        unschedule_cancelation(subscription_id=subscription.pk, at=at)
        return Response(_output(subscription_id, at))


@describe.RESTORE
class RestoreSubscription(ApiView):
    def post(self, request: Request, subscription_id: str) -> Response:
        subscription = find_subscription(subscription_id)
        at = clock.now(subscription.customer)
        restore_subscription(subscription_id=subscription.pk, at=at)
        return Response(_output(subscription_id, at))


@describe.CHANGE
class ChangeSubscription(ApiView):
    @idempotent()
    def post(self, request: Request, subscription_id: str) -> Response:
        subscription = find_subscription(subscription_id)
        body = checked(SubscriptionChangeInput, request.data)
        at = clock.now(subscription.customer)
        current, following = change_subscription(
            subscription_id=subscription.pk,
            at=at,
            timing=timing_of(body.validated_data),
            activate=body.validated_data["activate"],
            plan_id=_plan_id(body),
            **body.values(),
        )
        return Response(_change_output(current, following, at))


@describe.ACTIVATE
class ActivateSubscription(ApiView):
    """Confirm a change that awaits payment; to abandon it, delete the subscription."""

    def post(self, request: Request, subscription_id: str) -> Response:
        subscription = find_subscription(subscription_id)
        at = clock.now(subscription.customer)
        before, following = activate_change(subscription_id=subscription.pk, at=at)
        return Response(_change_output(before, following, at))


@describe.MIGRATE
class MigrateSubscription(ApiView):
    @idempotent()
    def post(self, request: Request, subscription_id: str) -> Response:
        subscription = find_subscription(subscription_id)
        sent = checked(SubscriptionMigrateInput, request.data).validated_data
        at = clock.now(subscription.customer)
        current, following = migrate_subscription(
            subscription_id=subscription.pk,
            at=at,
            timing=timing_of(sent),
            target_version=sent["targetVersion"],
            starting_phase=sent["startingPhase"] or None,
            billing_anchor=sent["billingAnchor"],
        )
        return Response(_change_output(current, following, at))


def find_subscription(subscription_id: str) -> Subscription:
    """
    Return the subscription that a request names, with its customer, plan and neighbours.

    :raises Http404: if there is none.
    """
    found = Subscription.objects.with_neighbours().filter(ulid=subscription_id).first()
    if found is None:
        raise Http404(f"There is no subscription {subscription_id}. Name one by its id.")
    return found


def _plan_id(body: TermsInput) -> int | None:
    named = body.named_plan
    if named is None:
        return None
    key, version = named["key"], named["version"]
    versions = Plan.objects.filter(key=key, deleted_at=None)
    # Plans live in real time, whatever clock the customer is on.
    found = versions.filter(version=version) if version else versions.active(clock.now())
    plan_id = found.values_list("pk", flat=True).first()
    if plan_id is None and versions.exists():
        wanted = f"a version that there is instead of {version}" if version else "a plan with an active version"
        raise PlanNotActive(f"Choose {wanted}, or publish one of {key!r}.")
    if plan_id is None:
        raise Http404(f"There is no plan {key}. Name one by its key.")
    return plan_id


def _output(subscription_id: str, at: datetime) -> dict[str, Any]:
    return subscription_output(find_subscription(subscription_id), at=at)


def _change_output(current: Subscription, following: Subscription, at: datetime) -> dict[str, Any]:
    return {"current": _output(current.ulid, at), "next": _expanded(find_subscription(following.ulid), at)}


def _expanded(subscription: Subscription, at: datetime) -> dict[str, Any]:
    items = SubscriptionItem.objects.filter(phase__isnull=False).select_related("feature__meter", "subscription")
    return expanded_output(
        subscription,
        phases=subscription.phases.order_by("position"),
        items=items.filter(subscription=subscription).order_by("pk"),
        at=at,
    )
