"""
Pure: the life of an invoice as data. States and triggers have OpenMeter's names and order.

A state moves by a trigger: somebody's action, an answer from the app, or `NEXT`, which the system pulls by itself as
soon as the state's work is done and its wait is over. `FAIL` is pulled when that work goes wrong.
"""

from collections.abc import Mapping
from enum import StrEnum

from metering.errors import DomainError


class InvoiceStatus(StrEnum):
    """Every state of an invoice; what stands before the dot is its short status."""

    label: str

    def __new__(cls, value: str, label: str = "") -> "InvoiceStatus":
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member

    GATHERING = "gathering", "Gathering"
    DRAFT_CREATED = "draft.created", "Draft"
    DRAFT_WAITING_FOR_COLLECTION = "draft.waiting_for_collection", "Waiting for late usage"
    DRAFT_COLLECTING = "draft.collecting", "Collecting usage"
    DRAFT_UPDATING = "draft.updating", "Updating"
    DRAFT_VALIDATING = "draft.validating", "Checking"
    DRAFT_INVALID = "draft.invalid", "Not valid"
    DRAFT_SYNCING = "draft.syncing", "Sending the draft to the app"
    DRAFT_SYNC_FAILED = "draft.sync_failed", "The app refused the draft"
    DRAFT_WAITING_AUTO_APPROVAL = "draft.waiting_auto_approval", "Open for changes"
    DRAFT_MANUAL_APPROVAL_NEEDED = "draft.manual_approval_needed", "Waiting for approval"
    DRAFT_READY_TO_ISSUE = "draft.ready_to_issue", "Ready to issue"
    ISSUING_LINE_FINALIZATION = "issuing.line_finalization", "Closing lines"
    ISSUING_LINE_FINALIZATION_FAILED = "issuing.line_finalization_failed", "Closing lines failed"
    ISSUING_SYNCING = "issuing.syncing", "Issuing"
    ISSUING_FAILED = "issuing.failed", "Issuing failed"
    ISSUING_CHARGE_BOOKING = "issuing.charge_booking", "Booking charges"
    ISSUING_CHARGE_BOOKING_FAILED = "issuing.charge_booking_failed", "Booking charges failed"
    ISSUED = "issued", "Issued"
    PAYMENT_PENDING = "payment_processing.pending", "Payment pending"
    PAYMENT_BOOKING_AUTHORIZED = "payment_processing.booking_authorized", "Booking the authorised payment"
    PAYMENT_BOOKING_AUTHORIZED_FAILED = "payment_processing.booking_authorized_failed", "Booking failed"
    PAYMENT_AUTHORIZED = "payment_processing.authorized", "Payment authorised"
    PAYMENT_BOOKING_SETTLED = "payment_processing.booking_settled", "Booking the payment"
    PAYMENT_BOOKING_SETTLED_FAILED = "payment_processing.booking_settled_failed", "Booking failed"
    PAYMENT_BOOKING_AUTHORIZED_AND_SETTLED = (
        "payment_processing.booking_authorized_and_settled",
        "Booking the payment at once",
    )
    PAYMENT_BOOKING_AUTHORIZED_AND_SETTLED_FAILED = (
        "payment_processing.booking_authorized_and_settled_failed",
        "Booking failed",
    )
    PAYMENT_FAILED = "payment_processing.failed", "Payment failed"
    PAYMENT_ACTION_REQUIRED = "payment_processing.action_required", "Customer has to act"
    OVERDUE = "overdue", "Overdue"
    UNCOLLECTIBLE = "uncollectible", "Uncollectible"
    PAID = "paid", "Paid"
    VOIDED = "voided", "Voided"
    DELETE_IN_PROGRESS = "delete.in_progress", "Deleting"
    DELETE_SYNCING = "delete.syncing", "Deleting from the app"
    DELETE_FAILED = "delete.failed", "Deleting failed"
    DELETED = "deleted", "Deleted"


class Trigger(StrEnum):
    """What moves an invoice on."""

    NEXT = "next"
    FAIL = "fail"
    # In place of NEXT: where the profile does not issue by itself, and where a draft has no line left.
    ASK = "ask"
    EMPTY = "empty"
    # People.
    UPDATE = "update"
    DELETE = "delete"
    SNAPSHOT_QUANTITIES = "snapshot_quantities"
    APPROVE = "approve"
    RETRY = "retry"
    VOID = "void"
    # The payment app.
    AUTHORIZED = "authorized"
    PAID = "paid"
    PAYMENT_FAILED = "payment_failed"
    PAYMENT_OVERDUE = "payment_overdue"
    PAYMENT_UNCOLLECTIBLE = "payment_uncollectible"
    ACTION_REQUIRED = "action_required"


class InvalidMove(DomainError):
    """The invoice is not in a state that allows this."""

    status = 400
    code = "invoice_action_not_available"


_S, _T = InvoiceStatus, Trigger
_Moves = Mapping[Trigger, InvoiceStatus]
_UPDATE: _Moves = {_T.UPDATE: _S.DRAFT_UPDATING}
_DELETE: _Moves = {_T.DELETE: _S.DELETE_IN_PROGRESS}
_EDITABLE: _Moves = {**_UPDATE, **_DELETE}
_VOID: _Moves = {_T.VOID: _S.VOIDED}
_PAID: _Moves = {_T.PAID: _S.PAYMENT_BOOKING_AUTHORIZED_AND_SETTLED}
_AUTHORIZED: _Moves = {_T.AUTHORIZED: _S.PAYMENT_BOOKING_AUTHORIZED}
_PAYMENT_FAILED: _Moves = {_T.PAYMENT_FAILED: _S.PAYMENT_FAILED}
_OVERDUE: _Moves = {_T.PAYMENT_OVERDUE: _S.OVERDUE}
_UNCOLLECTIBLE: _Moves = {_T.PAYMENT_UNCOLLECTIBLE: _S.UNCOLLECTIBLE}
_ACTION_REQUIRED: _Moves = {_T.ACTION_REQUIRED: _S.PAYMENT_ACTION_REQUIRED}
_RETRY_PAYMENT: _Moves = {_T.RETRY: _S.PAYMENT_PENDING}

MOVES: Mapping[InvoiceStatus, _Moves] = {
    _S.GATHERING: {},
    _S.DRAFT_CREATED: {_T.NEXT: _S.DRAFT_WAITING_FOR_COLLECTION, _T.FAIL: _S.DRAFT_INVALID, **_EDITABLE},
    _S.DRAFT_WAITING_FOR_COLLECTION: {
        _T.NEXT: _S.DRAFT_COLLECTING,
        _T.SNAPSHOT_QUANTITIES: _S.DRAFT_COLLECTING,
        **_EDITABLE,
    },
    _S.DRAFT_COLLECTING: {_T.NEXT: _S.DRAFT_VALIDATING, _T.FAIL: _S.DRAFT_INVALID, **_EDITABLE},
    _S.DRAFT_UPDATING: {_T.NEXT: _S.DRAFT_WAITING_FOR_COLLECTION, _T.FAIL: _S.DRAFT_INVALID, **_DELETE},
    _S.DRAFT_VALIDATING: {_T.NEXT: _S.DRAFT_SYNCING, _T.FAIL: _S.DRAFT_INVALID, **_EDITABLE},
    _S.DRAFT_INVALID: {_T.RETRY: _S.DRAFT_VALIDATING, **_EDITABLE},
    _S.DRAFT_SYNCING: {
        _T.NEXT: _S.DRAFT_WAITING_AUTO_APPROVAL,
        _T.ASK: _S.DRAFT_MANUAL_APPROVAL_NEEDED,
        _T.FAIL: _S.DRAFT_SYNC_FAILED,
        **_DELETE,
    },
    _S.DRAFT_SYNC_FAILED: {_T.RETRY: _S.DRAFT_VALIDATING, **_EDITABLE},
    _S.DRAFT_WAITING_AUTO_APPROVAL: {
        _T.NEXT: _S.DRAFT_READY_TO_ISSUE,
        _T.APPROVE: _S.DRAFT_READY_TO_ISSUE,
        **_EDITABLE,
    },
    _S.DRAFT_MANUAL_APPROVAL_NEEDED: {_T.APPROVE: _S.DRAFT_READY_TO_ISSUE, **_EDITABLE},
    _S.DRAFT_READY_TO_ISSUE: {
        _T.NEXT: _S.ISSUING_LINE_FINALIZATION,
        _T.EMPTY: _S.DELETE_SYNCING,
        **_EDITABLE,
    },
    _S.ISSUING_LINE_FINALIZATION: {
        _T.NEXT: _S.ISSUING_SYNCING,
        _T.FAIL: _S.ISSUING_LINE_FINALIZATION_FAILED,
        **_DELETE,
    },
    _S.ISSUING_LINE_FINALIZATION_FAILED: {_T.RETRY: _S.ISSUING_LINE_FINALIZATION, **_DELETE},
    _S.ISSUING_SYNCING: {_T.NEXT: _S.ISSUING_CHARGE_BOOKING, _T.FAIL: _S.ISSUING_FAILED, **_DELETE},
    _S.ISSUING_FAILED: {_T.RETRY: _S.ISSUING_SYNCING, **_DELETE},
    _S.ISSUING_CHARGE_BOOKING: {_T.NEXT: _S.ISSUED, _T.FAIL: _S.ISSUING_CHARGE_BOOKING_FAILED, **_DELETE},
    _S.ISSUING_CHARGE_BOOKING_FAILED: {_T.RETRY: _S.ISSUING_CHARGE_BOOKING, **_DELETE},
    _S.ISSUED: {_T.NEXT: _S.PAYMENT_PENDING, **_VOID},
    _S.PAYMENT_PENDING: {
        **_AUTHORIZED,
        **_PAID,
        **_PAYMENT_FAILED,
        **_UNCOLLECTIBLE,
        **_OVERDUE,
        **_ACTION_REQUIRED,
        **_VOID,
    },
    _S.PAYMENT_BOOKING_AUTHORIZED: {
        _T.NEXT: _S.PAYMENT_AUTHORIZED,
        _T.FAIL: _S.PAYMENT_BOOKING_AUTHORIZED_FAILED,
        **_VOID,
    },
    _S.PAYMENT_BOOKING_AUTHORIZED_FAILED: {_T.RETRY: _S.PAYMENT_BOOKING_AUTHORIZED, **_VOID},
    _S.PAYMENT_AUTHORIZED: {
        _T.PAID: _S.PAYMENT_BOOKING_SETTLED,
        **_PAYMENT_FAILED,
        **_UNCOLLECTIBLE,
        **_OVERDUE,
        **_ACTION_REQUIRED,
        **_VOID,
    },
    _S.PAYMENT_BOOKING_SETTLED: {_T.NEXT: _S.PAID, _T.FAIL: _S.PAYMENT_BOOKING_SETTLED_FAILED, **_VOID},
    _S.PAYMENT_BOOKING_SETTLED_FAILED: {_T.RETRY: _S.PAYMENT_BOOKING_SETTLED, **_VOID},
    _S.PAYMENT_BOOKING_AUTHORIZED_AND_SETTLED: {
        _T.NEXT: _S.PAID,
        _T.FAIL: _S.PAYMENT_BOOKING_AUTHORIZED_AND_SETTLED_FAILED,
        **_VOID,
    },
    _S.PAYMENT_BOOKING_AUTHORIZED_AND_SETTLED_FAILED: {
        _T.RETRY: _S.PAYMENT_BOOKING_AUTHORIZED_AND_SETTLED,
        **_VOID,
    },
    _S.PAYMENT_FAILED: {
        **_RETRY_PAYMENT,
        **_AUTHORIZED,
        **_PAID,
        **_OVERDUE,
        **_UNCOLLECTIBLE,
        **_ACTION_REQUIRED,
        **_VOID,
    },
    _S.PAYMENT_ACTION_REQUIRED: {
        **_RETRY_PAYMENT,
        **_AUTHORIZED,
        **_PAID,
        **_PAYMENT_FAILED,
        **_OVERDUE,
        **_UNCOLLECTIBLE,
        **_VOID,
    },
    _S.OVERDUE: {
        **_RETRY_PAYMENT,
        **_AUTHORIZED,
        **_PAID,
        **_PAYMENT_FAILED,
        **_UNCOLLECTIBLE,
        **_ACTION_REQUIRED,
    },
    _S.UNCOLLECTIBLE: {**_AUTHORIZED, **_PAID, **_VOID},
    _S.DELETE_IN_PROGRESS: {_T.NEXT: _S.DELETE_SYNCING, _T.FAIL: _S.DELETE_FAILED},
    _S.DELETE_SYNCING: {_T.NEXT: _S.DELETED, _T.FAIL: _S.DELETE_FAILED},
    _S.DELETE_FAILED: _DELETE,
    _S.PAID: {},
    _S.VOIDED: {},
    _S.DELETED: {},
}

# From here on the invoice has a number and its content is frozen.
NUMBERED = frozenset(
    status
    for status in _S
    if status in {_S.ISSUED, _S.OVERDUE, _S.UNCOLLECTIBLE, _S.PAID, _S.VOIDED}
    or status.startswith("payment_processing.")
)
# Numbered, and money is still expected.
UNPAID = NUMBERED - {_S.UNCOLLECTIBLE, _S.PAID, _S.VOIDED}
# Something has to happen yet, by itself or by somebody.
UNFINISHED = frozenset(_S) - {_S.GATHERING, _S.UNCOLLECTIBLE, _S.PAID, _S.VOIDED, _S.DELETED}
# Issued, and not paid without somebody's doing.
STUCK = frozenset({_S.PAYMENT_FAILED, _S.PAYMENT_ACTION_REQUIRED, _S.OVERDUE})
DRAFT = frozenset(status for status in _S if status.startswith("draft."))
EDITABLE = frozenset(status for status in _S if _T.UPDATE in MOVES[status])
# What somebody has to look at.
FAILED = frozenset(status for status in _S if status.endswith(("_failed", ".failed")) or status == _S.DRAFT_INVALID)


def target(status: InvoiceStatus, trigger: Trigger) -> InvoiceStatus:
    """
    Return the state that a trigger leads to.

    :raises InvalidMove: if the state does not know the trigger.
    """
    try:
        return MOVES[status][trigger]
    except KeyError:
        possible = ", ".join(known.replace("_", " ") for known in MOVES[status] if known not in _BY_THE_SYSTEM)
        wanted = trigger.replace("_", " ")
        hint = f"it allows {possible}" if possible else "nothing more can be done with it"
        raise InvalidMove(
            f"Choose another invoice or another action than {wanted}: this one is {status.label.lower()}, and {hint}."
        ) from None


_BY_THE_SYSTEM = frozenset({_T.NEXT, _T.FAIL, _T.ASK, _T.EMPTY})
