"""Items of the current, a past and a future phase are edited."""

import pytest

from pricing.contract_edits import (
    AddItem,
    AddPhase,
    EditConflict,
    EditForbidden,
    InvalidEdit,
    RemoveItem,
    UnscheduleEdit,
    edited,
)
from pricing.durations import Duration
from tests.pricing.contracts import START, ZULU, contract, flat, refused, rows, utc

FEB_28, MAR_31 = utc(2026, 2, 28), utc(2026, 3, 31)
FEB_10, MAR_10 = utc(2026, 2, 10), utc(2026, 3, 10)
FIRST = "$.customizations[0]"


def after(agreed, *operations, at=FEB_10):
    return edited(agreed, operations, at=at, zone=ZULU)


def test_it_closes_the_open_item_of_the_current_phase_and_appends_the_next_version():
    changed = after(contract(), AddItem("trial", flat("fee", "5")))
    assert rows(changed) == [
        ("trial", "0", START, FEB_10),
        ("trial", "5", FEB_10, FEB_28),
        ("ramp", "10", FEB_28, MAR_31),
        ("rest", "20", MAR_31, None),
    ]


def test_it_adds_an_item_of_a_new_key_from_the_edit_until_the_phase_ends():
    assert rows(after(contract(), AddItem("trial", flat("seats", "7"))), "seats") == [("trial", "7", FEB_10, FEB_28)]


def test_it_replaces_an_item_at_the_instant_it_starts_without_an_empty_version():
    changed = after(contract(), AddItem("trial", flat("fee", "5")), at=START)
    assert [version.terms.price["amount"] for version in changed.phases[0].items] == ["5"]
    twice = after(after(contract(), AddItem("trial", flat("fee", "5"))), AddItem("trial", flat("fee", "6")))
    assert rows(twice)[:2] == [("trial", "0", START, FEB_10), ("trial", "6", FEB_10, FEB_28)]


def test_it_adds_to_a_future_phase_for_all_of_its_time():
    assert rows(after(contract(), AddItem("rest", flat("seats", "7"))), "seats") == [("rest", "7", MAR_31, None)]


def test_it_adds_to_a_future_phase_only_a_key_that_it_lacks():
    assert refused(EditForbidden, contract(), AddItem("rest", flat("fee", "5")), at=FEB_10) == (
        403,
        "subscription_edit_forbidden",
        "Remove fee from the phase rest first: it has that item already.",
        FIRST,
    )
    changed = after(contract(), RemoveItem("rest", "fee"), AddItem("rest", flat("fee", "5")))
    assert rows(changed)[-1] == ("rest", "5", MAR_31, None)


@pytest.mark.parametrize("operation", [AddItem("trial", flat("seats")), RemoveItem("trial", "fee")])
def test_it_leaves_a_phase_that_is_over_alone(operation):
    # The trial ends at the instant the ramp starts.
    for at in (FEB_28, MAR_10):
        assert refused(EditForbidden, contract(), operation, at=at) == (
            403,
            "subscription_edit_forbidden",
            "Edit the current phase or a later one: trial is over.",
            FIRST,
        )


@pytest.mark.parametrize("operation", [AddItem("gone", flat("seats")), RemoveItem("gone", "fee")])
def test_it_refuses_a_phase_that_is_not_there(operation):
    status, code, message, place = refused(InvalidEdit, contract(), operation, at=FEB_10)
    assert (status, code, place) == (400, "subscription_edit_invalid", FIRST)
    assert message == "Name one of the phases trial, ramp, rest, not gone."


def test_it_ends_an_item_of_the_current_phase_at_the_edit_and_drops_one_of_a_future_phase():
    both = after(contract(), AddItem("trial", flat("seats")), AddItem("rest", flat("seats")), at=START)
    assert rows(after(both, RemoveItem("trial", "seats")), "seats") == [
        ("trial", "20", START, FEB_10),
        ("rest", "20", MAR_31, None),
    ]
    assert rows(after(both, RemoveItem("rest", "seats")), "seats") == [("trial", "20", START, FEB_28)]


def test_it_refuses_to_remove_an_item_that_is_not_there_then():
    removed = after(contract(), AddItem("trial", flat("seats")), RemoveItem("trial", "fee"))
    for agreed, phase, item in (
        (contract(), "trial", "seats"),
        (contract(), "rest", "seats"),
        (removed, "trial", "fee"),
    ):
        assert refused(InvalidEdit, agreed, RemoveItem(phase, item), at=FEB_10) == (
            400,
            "subscription_edit_invalid",
            f"Name an item that the phase {phase} has then, not {item}.",
            FIRST,
        )


def test_it_refuses_another_version_of_an_item_whose_end_is_scheduled_until_that_is_removed():
    planned = after(contract(), AddItem("trial", flat("fee", "5")), at=utc(2026, 2, 20))
    again = AddItem("trial", flat("fee", "6"))
    assert refused(EditForbidden, planned, again, at=FEB_10) == (
        403,
        "subscription_edit_forbidden",
        "Remove fee from the phase trial first: a change of it is scheduled already.",
        FIRST,
    )
    changed = after(planned, RemoveItem("trial", "fee"), again)
    assert rows(changed)[:2] == [("trial", "0", START, FEB_10), ("trial", "6", FEB_10, FEB_28)]


def test_it_takes_back_what_is_scheduled_in_the_current_phase_alone():
    later = utc(2026, 2, 20)
    planned = after(contract(), AddItem("trial", flat("fee", "5")), AddItem("trial", flat("seats")), at=later)
    planned = after(planned, AddItem("rest", flat("seats")), at=later)
    back = after(planned, UnscheduleEdit())
    assert rows(back) == rows(contract())
    assert rows(back, "seats") == [("rest", "20", MAR_31, None)]
    # Once the 20th has passed there is nothing to take back: what began stays.
    assert after(planned, UnscheduleEdit(), at=later) == planned


def test_it_takes_back_nothing_before_the_contract_starts():
    refusal = refused(EditConflict, contract(), UnscheduleEdit(), at=utc(2026, 1, 30))
    assert refusal == (409, "subscription_edit_conflict", "Unschedule edits once the subscription has started.", FIRST)


def test_it_refuses_a_phase_that_would_be_left_without_items_and_names_it():
    assert refused(InvalidEdit, contract(), RemoveItem("rest", "fee"), at=FEB_10) == (
        400,
        "subscription_edit_invalid",
        "Give the phase rest an item.",
        "$.phases[?(@.key=='rest')].items",
    )


def test_it_applies_operations_in_the_order_given_and_names_the_place_of_the_one_that_fails():
    add_phase = AddPhase("late", "Late", Duration(months=3))
    changed = after(contract(), add_phase, AddItem("late", flat("fee", "30")))
    assert rows(changed)[-2:] == [("rest", "20", MAR_31, utc(2026, 4, 30)), ("late", "30", utc(2026, 4, 30), None)]
    assert refused(InvalidEdit, contract(), AddItem("late", flat("fee", "30")), add_phase, at=FEB_10)[3] == FIRST
    failing = [AddItem("trial", flat("seats")), RemoveItem("trial", "nothing")]
    assert refused(InvalidEdit, contract(), *failing, at=FEB_10)[3] == "$.customizations[1]"
