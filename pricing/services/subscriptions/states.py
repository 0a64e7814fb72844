"""Which act a subscription allows in which state, as data."""

from datetime import datetime
from enum import StrEnum

from metering.errors import DomainError
from pricing.models import Subscription, SubscriptionStatus


class Act(StrEnum):
    EDIT = "edit"
    CANCEL = "cancel"
    UNSCHEDULE_CANCELATION = "unschedule_cancelation"
    CHANGE = "change"
    MIGRATE = "migrate"
    RESTORE = "restore"
    DELETE = "delete"
    CHANGE_ADDONS = "change_addons"


ALLOWED_IN = {
    Act.EDIT: SubscriptionStatus.ACTIVE,
    Act.CANCEL: SubscriptionStatus.ACTIVE,
    Act.UNSCHEDULE_CANCELATION: SubscriptionStatus.CANCELED,
    Act.CHANGE: SubscriptionStatus.ACTIVE,
    Act.MIGRATE: SubscriptionStatus.ACTIVE,
    Act.RESTORE: SubscriptionStatus.CANCELED,
    Act.DELETE: SubscriptionStatus.SCHEDULED,
    Act.CHANGE_ADDONS: SubscriptionStatus.ACTIVE,
}


class TransitionNotAllowed(DomainError):
    status = 403
    code = "subscription_transition_not_allowed"


def is_allowed(act: Act, subscription: Subscription, at: datetime) -> bool:
    """Tell whether a subscription allows an act at a time."""
    return subscription.status(at) == ALLOWED_IN[act]


def check_act(act: Act, subscription: Subscription, at: datetime) -> None:
    """
    Do nothing if a subscription allows an act at a time.

    :raises TransitionNotAllowed: if it is in another state than the act needs.
    """
    if not is_allowed(act, subscription, at):
        raise TransitionNotAllowed(
            f"Choose a subscription that is {ALLOWED_IN[act].value}: "
            f"transition {act.value} in state {subscription.status(at).value} not allowed."
        )
