"""What operators do to the add-ons of a subscription."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest

from pricing.admin.reviewed import Act
from pricing.admin.subscription_acts import posted
from pricing.admin.subscription_forms import AddonForm, QuantityForm, timing_of
from pricing.models import Subscription
from pricing.services.subscriptions.addons import add_addon, change_addon_quantity

_ADDON_FIELDS = {
    "subscription_addon_not_on_plan": "addon",
    "subscription_addon_phase_not_reached": "timing",
    "subscription_addon_already_added": "addon",
    "subscription_addon_quantity_invalid": "quantity",
    "subscription_addon_conflict": "addon",
    "subscription_timing_invalid": "timing",
}


def addon_act(request: HttpRequest, row: Subscription, at: datetime) -> Act:
    """Return the act that adds an add-on of the plan."""

    def given(data: dict[str, Any], at: datetime) -> dict[str, Any]:
        return {
            "subscription_id": row.pk,
            "addon_id": data["addon"].pk,
            "quantity": data["quantity"],
            "timing": timing_of(data),
            "at": at,
        }

    def run(data: dict[str, Any], at: datetime) -> tuple[Subscription, str]:
        taken = add_addon(**given(data, at))
        return row, f"{row.name} of {row.customer.name} takes {data['quantity']} of {taken.name}."

    return Act(
        title="Add an add-on",
        explanation="Its prices are added to the plan's while the subscription has it.",
        submit="Add the add-on",
        form=AddonForm(posted(request), subscription=row, at=at),
        customer=lambda data: row.customer,
        run=run,
        refusal_fields=_ADDON_FIELDS,
    )


def quantity_act(request: HttpRequest, row: Subscription, at: datetime) -> Act:
    """Return the act that changes how many of an add-on there are."""

    def given(data: dict[str, Any], at: datetime) -> dict[str, Any]:
        return {
            "subscription_addon_id": data["addon"].pk,
            "quantity": data["quantity"],
            "timing": timing_of(data),
            "at": at,
        }

    def run(data: dict[str, Any], at: datetime) -> tuple[Subscription, str]:
        taken = change_addon_quantity(**given(data, at))
        return row, f"{row.name} of {row.customer.name} has {data['quantity']} of {taken.name} from then on."

    return Act(
        title="Change an add-on's quantity",
        explanation="The quantity holds until another one is set for later.",
        submit="Change the quantity",
        form=QuantityForm(posted(request), subscription=row, at=at),
        customer=lambda data: row.customer,
        run=run,
        refusal_fields=_ADDON_FIELDS,
    )
