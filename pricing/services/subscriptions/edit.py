"""Edit subscriptions: items and phases of one customer's contract alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from metering.errors import DomainError
from pricing.contract import Contract
from pricing.contract_edits import AddItem, AddPhase, InvalidEdit, RemoveItem, RemovePhase, StretchPhase, UnscheduleEdit
from pricing.contract_edits import edited as edited_contract
from pricing.issues import Issue
from pricing.models import Subscription
from pricing.rate_card_rules import card_issues, is_key, key_advice
from pricing.services.plan_inputs import RateCardInput, card_facts, cards_with_features
from pricing.services.subscriptions.contracts import (
    addons_of,
    locked_subscription,
    write_contract,
)
from pricing.services.subscriptions.states import Act, check_act
from pricing.services.subscriptions.timing import Timing, edit_at


class HasAddons(DomainError):
    status = 403
    code = "subscription_with_addons_cannot_be_edited"


class InvalidItem(InvalidEdit):
    """Carries every issue; its code and message are those of the first."""

    def __init__(self, issues: Sequence[Issue]) -> None:
        super().__init__(issues[0].message, extensions={"validationErrors": [issue.as_json() for issue in issues]})
        self.code = issues[0].code


@dataclass(frozen=True)
class AddRateCard:
    """Give a phase an item, or another version of the item of that key."""

    phase_key: str
    rate_card: RateCardInput


Edit = AddRateCard | RemoveItem | AddPhase | RemovePhase | StretchPhase | UnscheduleEdit


@transaction.atomic
def edit_subscription(
    *, subscription_id: int, operations: Sequence[Edit], at: datetime, timing: Timing = "immediate"
) -> Subscription:
    """
    Change items and phases of a subscription from now or from the next billing period on, in the order given.

    :raises TransitionNotAllowed: unless it is active.
    :raises HasAddons: if it has add-ons then or later.
    :raises InvalidTiming: if the time is neither, or lies in the next phase.
    :raises InvalidItem: naming everything that cannot be of an item to add.
    :raises InvalidEdit: if a phase or an item is unknown, or a phase is left without items.
    :raises EditForbidden: if it would change what is past, or what an earlier edit has planned.
    :raises EditConflict: if the key of a phase is taken, or a phase would vanish.
    :raises SecondItem: if one of its features is billed at that time already.
    """
    subscription = locked_subscription(subscription_id)
    contract = _edited(subscription, operations, timing, at)
    write_contract(subscription=subscription, contract=contract, at=at)
    return subscription


def _edited(subscription: Subscription, operations: Sequence[Edit], timing: Timing, at: datetime) -> Contract:
    check_act(Act.EDIT, subscription, at)
    _check_addons(subscription, at)
    edit_time = edit_at(subscription, timing, at=at)
    prepared = list(_prepared(operations, subscription.billing_cadence))
    return edited_contract(subscription.agreed, prepared, at=edit_time, zone=subscription.zone)


def _check_addons(subscription: Subscription, at: datetime) -> None:
    for addon in addons_of(subscription):
        if any(span.active_to is None or span.active_to > at for span in addon.spans):
            raise HasAddons(f"Remove the add-on {addon.name} first: a subscription with add-ons cannot be edited.")


def _prepared(
    operations: Sequence[Edit], cadence: str
) -> Iterator[AddItem | RemoveItem | AddPhase | RemovePhase | StretchPhase | UnscheduleEdit]:
    given = [operation.rate_card for operation in operations if isinstance(operation, AddRateCard)]
    found = iter(cards_with_features(given))
    for operation in operations:
        if isinstance(operation, AddRateCard):
            yield AddItem(operation.phase_key, _checked(next(found), operation.phase_key, cadence).terms)
        elif isinstance(operation, AddPhase) and not is_key(operation.key):
            raise InvalidEdit(key_advice("phase", operation.key))
        else:
            yield operation


def _checked(card: RateCardInput, phase_key: str, cadence: str) -> RateCardInput:
    path = f"$.phases[?(@.key=='{phase_key}')].items.{card.key}"
    if issues := card_issues(card_facts(card), plan_cadence=cadence):
        raise InvalidItem([issue.under(path) for issue in issues])
    return card
