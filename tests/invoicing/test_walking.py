"""What an invoice does by itself, and what people can do with it, follows from its state and its situation."""

import pytest

from invoicing.lifecycle import FAILED, MOVES
from invoicing.lifecycle import InvoiceStatus as S
from invoicing.lifecycle import Trigger as T
from invoicing.walking import Situation, available_actions, confirmed, next_trigger, status_details

FREE = Situation()


@pytest.mark.parametrize(
    ("status", "situation", "trigger", "_case"),
    [
        (S.DRAFT_WAITING_FOR_COLLECTION, FREE, T.NEXT, "nothing to collect"),
        (S.DRAFT_WAITING_FOR_COLLECTION, Situation(is_collected=False), None, "late usage may come"),
        (S.DRAFT_VALIDATING, Situation(is_blocked=True), T.FAIL, "something critical"),
        (S.DRAFT_SYNCING, Situation(awaits_draft=True), None, "the app has to confirm"),
        (S.DRAFT_SYNCING, Situation(is_auto_advancing=False), T.ASK, "somebody has to approve"),
        (S.DRAFT_WAITING_AUTO_APPROVAL, Situation(is_draft_over=False), None, "open for changes"),
        (S.DRAFT_WAITING_AUTO_APPROVAL, Situation(is_blocked=True), None, "critical since"),
        (S.DRAFT_READY_TO_ISSUE, Situation(is_empty=True), T.EMPTY, "no line left"),
        (S.ISSUING_SYNCING, Situation(awaits_issue=True), None, "the app has to confirm"),
        (S.ISSUED, Situation(rests=True), None, "a credit note that is not used up"),
        (S.PAYMENT_PENDING, FREE, None, "the app answers"),
    ],
)
def test_it_waits_for_what_is_missing(status, situation, trigger, _case):
    assert next_trigger(status, situation) == trigger


def test_it_goes_on_where_the_app_confirmed():
    assert confirmed(S.DRAFT_SYNCING, Situation(awaits_draft=True, is_auto_advancing=False)) == T.ASK
    assert confirmed(S.ISSUING_SYNCING, Situation(awaits_issue=True)) == T.NEXT


@pytest.mark.parametrize("status", [status for status in S if next_trigger(status, FREE)])
def test_it_pulls_only_what_the_state_knows(status):
    assert next_trigger(status, FREE) in MOVES[status]


@pytest.mark.parametrize(
    ("status", "situation", "actions"),
    [
        (
            S.DRAFT_WAITING_FOR_COLLECTION,
            Situation(is_collected=False, is_draft_over=False),
            {"snapshotQuantities": S.DRAFT_WAITING_AUTO_APPROVAL, "delete": S.DELETED},
        ),
        (
            S.DRAFT_WAITING_AUTO_APPROVAL,
            Situation(is_draft_over=False, awaits_issue=True),
            {"approve": S.ISSUING_SYNCING, "delete": S.DELETED},
        ),
        (S.DRAFT_MANUAL_APPROVAL_NEEDED, Situation(is_blocked=True), {"delete": S.DELETED}),
        (
            S.DRAFT_INVALID,
            Situation(is_blocked=True, is_auto_advancing=False),
            {"retry": S.DRAFT_MANUAL_APPROVAL_NEEDED, "delete": S.DELETED},
        ),
        (S.ISSUING_FAILED, FREE, {"retry": S.PAYMENT_PENDING, "delete": S.DELETED}),
        (S.PAYMENT_FAILED, FREE, {"retry": S.PAYMENT_PENDING, "void": S.VOIDED}),
        (S.OVERDUE, FREE, {"retry": S.PAYMENT_PENDING}),
        (S.UNCOLLECTIBLE, FREE, {"void": S.VOIDED}),
        (S.DELETE_FAILED, FREE, {"delete": S.DELETED}),
        (S.GATHERING, FREE, {}),
        (S.PAID, FREE, {}),
    ],
)
def test_it_says_what_can_be_done_and_where_that_leads(status, situation, actions):
    assert available_actions(status, situation) == actions


def test_it_can_be_advanced_as_soon_as_nothing_waits():
    assert available_actions(S.DRAFT_WAITING_AUTO_APPROVAL, FREE)["advance"] == S.PAYMENT_PENDING


def test_what_failed_and_what_is_frozen_is_said():
    assert {status for status in S if status_details(status, FREE)["failed"]} == FAILED
    changeable = {status for status in S if not status_details(status, FREE)["immutable"]}
    assert changeable == {status for status in S if T.UPDATE in MOVES[status]} | {S.GATHERING}
