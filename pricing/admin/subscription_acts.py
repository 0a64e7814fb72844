"""What operators do to subscriptions: each act with the form it asks, its preview and its service."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest

from metering.admin.pages import ActionForm
from metering.models import Customer
from pricing.admin.reviewed import Act
from pricing.admin.subscription_forms import (
    ON_PAYMENT,
    CancelForm,
    ChangeForm,
    MigrateForm,
    StartForm,
    timing_of,
)
from pricing.admin.subscription_words import when
from pricing.models import Subscription
from pricing.services.subscriptions.change import activate_change, change_subscription, migrate_subscription
from pricing.services.subscriptions.end import cancel_subscription, restore_subscription, unschedule_cancelation
from pricing.services.subscriptions.start import start_subscription

_PLAN_FIELDS = {
    "plan_not_active": "plan",
    "customer_currency_mismatch": "plan",
    "subscription_starting_phase_not_found": "starting_phase",
    "subscription_timing_invalid": "timing",
}


def posted(request: HttpRequest) -> Any:
    """Return what a form is filled with, None on the first look."""
    return request.POST if request.method == "POST" else None


def _customer_chosen(data: dict[str, Any]) -> Customer:
    customer: Customer = data["customer"]
    return customer


def start_act(request: HttpRequest) -> Act:
    """Return the act that starts a subscription."""

    def given(data: dict[str, Any], at: datetime) -> dict[str, Any]:
        return {
            "customer_id": data["customer"].pk,
            "plan_id": data["plan"].pk,
            "active_from": data["active_from"],
            "billing_anchor": data["billing_anchor"],
            "starting_phase": data["starting_phase"] or None,
            "at": at,
        }

    def run(data: dict[str, Any], at: datetime) -> tuple[Subscription, str]:
        made = start_subscription(**given(data, at))
        return made, f"{made.name} of {made.customer.name} starts at {when(made.active_from, made.zone)}."

    return Act(
        title="Start a subscription",
        explanation="The plan's prices are copied to the customer, so that they stay what was agreed.",
        submit="Start the subscription",
        form=StartForm(posted(request), initial=request.GET.dict()),
        customer=_customer_chosen,
        run=run,
        refusal_fields={
            **_PLAN_FIELDS,
            "customer_deleted": "customer",
            "only_single_subscription_allowed_per_customer_at_a_time": "customer",
            "only_single_subscription_item_allowed_at_a_time": "customer",
        },
    )


def cancel_act(request: HttpRequest, row: Subscription, at: datetime) -> Act:
    """Return the act that ends a subscription."""

    def run(data: dict[str, Any], at: datetime) -> tuple[Subscription, str]:
        ended = cancel_subscription(subscription_id=row.pk, timing=timing_of(data), at=at)
        return ended, f"{row.name} of {row.customer.name} ends at {when(ended.active_to, row.zone)}."

    return Act(
        title="Cancel the subscription",
        explanation="Nothing is billed for the time after its end.",
        submit="Cancel the subscription",
        form=CancelForm(posted(request), subscription=row, at=at, initial={"timing": "next_billing_cycle"}),
        customer=lambda data: row.customer,
        run=run,
        refusal_fields={"subscription_timing_invalid": "timing"},
    )


def continue_act(request: HttpRequest, row: Subscription, at: datetime) -> Act:
    """Return the act that takes a cancellation back."""

    def run(data: dict[str, Any], at: datetime) -> tuple[Subscription, str]:
        unschedule_cancelation(subscription_id=row.pk, at=at)
        return row, f"{row.name} of {row.customer.name} goes on."

    return Act(
        title="Take the cancellation back",
        explanation=f"The subscription goes on after {when(row.active_to, row.zone)} as it was agreed.",
        submit="Take the cancellation back",
        form=ActionForm(posted(request)),
        customer=lambda data: row.customer,
        run=run,
    )


def restore_act(request: HttpRequest, row: Subscription, at: datetime) -> Act:
    """Return the act that lets a subscription go on in place of those scheduled to follow."""

    def run(data: dict[str, Any], at: datetime) -> tuple[Subscription, str]:
        restore_subscription(subscription_id=row.pk, at=at)
        return row, f"{row.name} of {row.customer.name} goes on; what was to follow it is deleted."

    return Act(
        title="Restore the subscription",
        explanation="It goes on as it was agreed, and the subscriptions that are scheduled to follow it are deleted.",
        submit="Restore the subscription",
        form=ActionForm(posted(request)),
        customer=lambda data: row.customer,
        run=run,
    )


def change_act(request: HttpRequest, row: Subscription, at: datetime) -> Act:
    """Return the act that moves a subscription to another plan."""

    def given(data: dict[str, Any], at: datetime) -> dict[str, Any]:
        return {
            "subscription_id": row.pk,
            "plan_id": data["plan"].pk,
            "timing": timing_of(data),
            "activate": "on_payment" if data["timing"] == ON_PAYMENT else "immediately",
            "starting_phase": data["starting_phase"] or None,
            "at": at,
        }

    def trial(data: dict[str, Any], at: datetime) -> object:
        # A change that awaits payment changes nothing yet, so it is shown as if it was paid now.
        return change_subscription(**given(data, at) | {"activate": "immediately"})

    def run(data: dict[str, Any], at: datetime) -> tuple[Subscription, str]:
        _, following = change_subscription(**given(data, at))
        if following.awaits_payment:
            return following, f"{row.name} of {row.customer.name} becomes {following.name} once that is paid."
        start = when(following.active_from, following.zone)
        return following, f"{row.name} of {row.customer.name} becomes {following.name} at {start}."

    return Act(
        title="Change the plan",
        explanation="This subscription ends at the instant the next one starts. Billing periods step on as before.",
        submit="Change the plan",
        form=ChangeForm(posted(request), subscription=row, at=at),
        customer=lambda data: row.customer,
        trial=trial,
        is_paid_later=lambda data: data["timing"] == ON_PAYMENT,
        run=run,
        refusal_fields={**_PLAN_FIELDS, "only_single_subscription_item_allowed_at_a_time": "plan"},
    )


def paid_act(request: HttpRequest, row: Subscription, at: datetime) -> Act:
    """Return the act that starts a subscription which awaited payment, in place of the one before."""

    def run(data: dict[str, Any], at: datetime) -> tuple[Subscription, str]:
        before, following = activate_change(subscription_id=row.pk, at=at)
        return following, f"{before.name} of {row.customer.name} is {following.name} from now on."

    return Act(
        title="Mark as paid",
        explanation="It starts at once, and the subscription before it ends at that instant. No payment is taken here.",
        submit="It is paid, start it",
        form=ActionForm(posted(request)),
        customer=lambda data: row.customer,
        run=run,
    )


def migrate_act(request: HttpRequest, row: Subscription, at: datetime) -> Act:
    """Return the act that moves a subscription to a newer version of its plan."""

    def given(data: dict[str, Any], at: datetime) -> dict[str, Any]:
        return {
            "subscription_id": row.pk,
            "target_version": int(data["version"]),
            "timing": timing_of(data),
            "starting_phase": data["starting_phase"] or None,
            "at": at,
        }

    def run(data: dict[str, Any], at: datetime) -> tuple[Subscription, str]:
        _, following = migrate_subscription(**given(data, at))
        start = when(following.active_from, following.zone)
        return following, f"{row.name} of {row.customer.name} moves to {following.plan} at {start}."

    return Act(
        title="Migrate to a newer version",
        explanation="This subscription ends at the instant the one to the newer version of its plan starts.",
        submit="Migrate the subscription",
        form=MigrateForm(posted(request), subscription=row, at=at),
        customer=lambda data: row.customer,
        run=run,
        refusal_fields={**_PLAN_FIELDS, "subscription_not_migratable": "version"},
    )
