"""Pure: what an invoice does by itself in each state, and where an action of somebody would take it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from invoicing.lifecycle import FAILED, MOVES, InvoiceStatus, Trigger, target

_S, _T = InvoiceStatus, Trigger
_Choice = Callable[["Situation"], Trigger | None]


@dataclass(frozen=True)
class Situation:
    """
    What decides whether an invoice goes on by itself.

    `awaits_draft` and `awaits_issue` are that another system has to confirm the step; `rests` is that nothing is to be
    collected, as of a credit note.
    """

    is_collected: bool = True
    is_draft_over: bool = True
    is_auto_advancing: bool = True
    is_blocked: bool = False
    is_empty: bool = False
    awaits_draft: bool = False
    awaits_issue: bool = False
    rests: bool = False


def next_trigger(status: InvoiceStatus, situation: Situation) -> Trigger | None:
    """Return what the system pulls in a state whose work is done; None while it waits."""
    choose = _CHOICES.get(status)
    return choose(situation) if choose else None


def confirmed(status: InvoiceStatus, situation: Situation) -> Trigger | None:
    """Return what the system pulls once the other system has confirmed the step; None where none waits for that."""
    return next_trigger(status, replace(situation, awaits_draft=False, awaits_issue=False))


def available_actions(status: InvoiceStatus, situation: Situation) -> dict[str, InvoiceStatus]:
    """Return what people can do now, each with the state that the invoice would come to if all goes well."""
    actions = {
        name: _destination(target(status, trigger), situation)
        for name, trigger in _ACTIONS.items()
        if trigger in MOVES[status] and is_allowed(trigger, situation)
    }
    trigger = next_trigger(status, situation)
    return {"advance": _destination(target(status, trigger), situation), **actions} if trigger else actions


def is_allowed(trigger: Trigger, situation: Situation) -> bool:
    """Tell whether a trigger may be pulled: nobody approves what has a critical issue, or voids a credit note."""
    return not ((trigger == _T.APPROVE and situation.is_blocked) or (trigger == _T.VOID and situation.rests))


def status_details(status: InvoiceStatus, situation: Situation) -> dict[str, object]:
    """Return the state as the API and the console show it."""
    actions = available_actions(status, situation).items()
    return {
        "immutable": status != _S.GATHERING and _T.UPDATE not in MOVES[status],
        "failed": status in FAILED,
        "extendedStatus": status.value,
        "availableActions": {name: {"resultingState": state.value} for name, state in actions},
    }


def _destination(status: InvoiceStatus, situation: Situation) -> InvoiceStatus:
    """Go on as if each step went well: issues are looked for anew on the way, and usage is read."""
    situation = replace(situation, is_blocked=False, is_collected=True if _has_read(status) else situation.is_collected)
    while (trigger := next_trigger(status, situation)) is not None:
        status = target(status, trigger)
    return status


def _has_read(status: InvoiceStatus) -> bool:
    return status == _S.DRAFT_COLLECTING


def _go_on(situation: Situation) -> Trigger:
    return _T.NEXT


def _after_validation(situation: Situation) -> Trigger:
    return _T.FAIL if situation.is_blocked else _T.NEXT


def _after_draft_sync(situation: Situation) -> Trigger | None:
    if situation.awaits_draft:
        return None
    return _T.NEXT if situation.is_auto_advancing else _T.ASK


def _after_draft_period(situation: Situation) -> Trigger | None:
    return _T.NEXT if situation.is_draft_over and not situation.is_blocked else None


_CHOICES: Mapping[InvoiceStatus, _Choice] = {
    _S.DRAFT_CREATED: _go_on,
    _S.DRAFT_WAITING_FOR_COLLECTION: lambda situation: _T.NEXT if situation.is_collected else None,
    _S.DRAFT_COLLECTING: _go_on,
    _S.DRAFT_UPDATING: _go_on,
    _S.DRAFT_VALIDATING: _after_validation,
    _S.DRAFT_SYNCING: _after_draft_sync,
    _S.DRAFT_WAITING_AUTO_APPROVAL: _after_draft_period,
    _S.DRAFT_READY_TO_ISSUE: lambda situation: _T.EMPTY if situation.is_empty else _T.NEXT,
    _S.ISSUING_LINE_FINALIZATION: _go_on,
    _S.ISSUING_SYNCING: lambda situation: None if situation.awaits_issue else _T.NEXT,
    _S.ISSUING_CHARGE_BOOKING: _go_on,
    _S.ISSUED: lambda situation: None if situation.rests else _T.NEXT,
    _S.PAYMENT_BOOKING_AUTHORIZED: _go_on,
    _S.PAYMENT_BOOKING_SETTLED: _go_on,
    _S.PAYMENT_BOOKING_AUTHORIZED_AND_SETTLED: _go_on,
    _S.DELETE_IN_PROGRESS: _go_on,
    _S.DELETE_SYNCING: _go_on,
}
_ACTIONS: Mapping[str, Trigger] = {
    "approve": _T.APPROVE,
    "delete": _T.DELETE,
    "retry": _T.RETRY,
    "snapshotQuantities": _T.SNAPSHOT_QUANTITIES,
    "void": _T.VOID,
}
