"""Phases are added and removed; those that come later shift, in months from 31 January."""

import pytest

from pricing.contract_edits import (
    AddItem,
    AddPhase,
    EditConflict,
    EditForbidden,
    InvalidEdit,
    RemovePhase,
    Shift,
    edited,
)
from pricing.durations import NO_TIME, Duration
from tests.pricing.contracts import START, ZULU, contract, flat, refused, rows, spans, starts, utc

FEB_10, FEB_28, MAR_31, APR_30 = utc(2026, 2, 10), utc(2026, 2, 28), utc(2026, 3, 31), utc(2026, 4, 30)
FIRST = "$.customizations[0]"


def after(agreed, *operations):
    return edited(agreed, operations, at=FEB_10, zone=ZULU)


def added(start, duration=None, agreed=None):
    add_phase = AddPhase("extra", "Extra", start, duration)
    return after(agreed or contract(), add_phase, AddItem("extra", flat("fee", "30")))


def test_it_adds_a_phase_and_moves_the_later_ones_behind_it():
    # The rest would start after two months: now after 2 + 1, and 31 January + 3 months is 30 April.
    assert spans(added(Duration(2), Duration(1))) == [
        ("trial", START, FEB_28),
        ("ramp", FEB_28, MAR_31),
        ("extra", MAR_31, APR_30),
        ("rest", APR_30, None),
    ]


def test_it_cuts_a_phase_where_the_added_one_starts_and_keeps_the_spacing_of_those_behind():
    # 14 days from 14 February: the ramp then starts on the 28th as before, the rest a month later still.
    cut = added(Duration(days=14), Duration(months=1, days=-14))
    assert starts(cut) == {"trial": START, "extra": utc(2026, 2, 14), "ramp": FEB_28, "rest": MAR_31}
    # With 2 weeks in place of the rest of the month the ramp starts after 28 days, the rest after 1 month and 28 days.
    moved = added(Duration(days=14), Duration(days=14))
    assert starts(moved)["ramp"] == FEB_28
    assert starts(moved)["rest"] == utc(2026, 3, 28)  # 28 February + 28 days


def test_it_adds_a_last_phase_that_lasts():
    assert spans(added(Duration(3)))[-2:] == [("rest", MAR_31, APR_30), ("extra", APR_30, None)]


@pytest.mark.parametrize(
    ("_case", "operation", "error", "expected"),
    [
        (
            "taken",
            AddPhase("ramp", "R", Duration(1), Duration(1)),
            EditConflict,
            (409, "conflict", "Choose another key"),
        ),
        (
            "now",
            AddPhase("x", "X", Duration(days=10), Duration(1)),
            EditForbidden,
            (403, "forbidden", "Start the phase x"),
        ),
        (
            "past",
            AddPhase("x", "X", Duration(-1), Duration(1)),
            EditForbidden,
            (403, "forbidden", "Start the phase x after"),
        ),
        (
            "endless",
            AddPhase("x", "X", Duration(1), None),
            InvalidEdit,
            (400, "invalid", "Give the phase x a duration"),
        ),
        (
            "empty",
            AddPhase("x", "X", Duration(1), NO_TIME),
            InvalidEdit,
            (400, "invalid", "Give the phase x a duration"),
        ),
        (
            "minus",
            AddPhase("x", "X", Duration(1), Duration(-1)),
            InvalidEdit,
            (400, "invalid", "Give the phase x a dur"),
        ),
        (
            "last",
            AddPhase("x", "X", Duration(9), Duration(1)),
            InvalidEdit,
            (400, "invalid", "Give the phase x no dur"),
        ),
    ],
)
def test_it_refuses_phases_that_cannot_be_added(_case, operation, error, expected):
    status, code, message, place = refused(error, contract(), operation, at=FEB_10)
    assert (status, code.removeprefix("subscription_edit_"), place) == (*expected[:2], FIRST)
    assert message.startswith(expected[2])


def test_it_adds_no_phase_after_the_end_of_the_contract_nor_one_without_items():
    ending = contract(active_to=MAR_31)
    late = AddPhase("late", "Late", Duration(2), Duration(1))
    assert refused(EditForbidden, ending, late, at=FEB_10)[2] == "Start the phase late before the subscription ends."
    refusal = refused(InvalidEdit, contract(), late, at=FEB_10)
    assert refusal[2:] == ("Give the phase late an item.", "$.phases[?(@.key=='late')].items")


def test_it_pulls_later_phases_forward_or_lets_the_one_before_fill_the_gap():
    pulled = after(contract(), RemovePhase("ramp", Shift.NEXT))
    assert spans(pulled) == [("trial", START, FEB_28), ("rest", FEB_28, None)]
    filled = after(contract(), RemovePhase("ramp", Shift.PREV))
    assert spans(filled) == [("trial", START, MAR_31), ("rest", MAR_31, None)]
    assert rows(filled) == [("trial", "0", START, MAR_31), ("rest", "20", MAR_31, None)]


@pytest.mark.parametrize("shift", Shift)
def test_it_lets_the_phase_before_last_when_the_last_one_is_removed(shift):
    assert spans(after(contract(), RemovePhase("rest", shift))) == [("trial", START, FEB_28), ("ramp", FEB_28, None)]


@pytest.mark.parametrize(("key", "at"), [("trial", FEB_10), ("ramp", FEB_28), ("trial", MAR_31)])
def test_it_removes_no_phase_that_has_started(key, at):
    refusal = refused(EditForbidden, contract(), RemovePhase(key, Shift.NEXT), at=at)
    message = f"Remove a phase that has not started: {key} has."
    assert refusal == (403, "subscription_edit_forbidden", message, FIRST)
