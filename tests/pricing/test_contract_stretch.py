"""Phases are stretched and shrunk; those that come later shift, in months from 31 January."""

from zoneinfo import ZoneInfo

import pytest

from pricing.contract_edits import AddItem, AddPhase, EditConflict, EditForbidden, InvalidEdit, StretchPhase, edited
from pricing.durations import NO_TIME, Duration
from tests.pricing.contracts import START, ZULU, contract, flat, refused, starts, utc

FEB_10, MAR_31, APR_30 = utc(2026, 2, 10), utc(2026, 3, 31), utc(2026, 4, 30)
BERLIN = ZoneInfo("Europe/Berlin")
FIRST = "$.customizations[0]"


def after(agreed, *operations, at=FEB_10, zone=ZULU):
    return edited(agreed, operations, at=at, zone=zone)


def test_it_stretches_a_phase_and_shifts_the_later_ones_to_the_days_of_the_start():
    # 31 January + 2 months is the 31st of March again, though the phase had ended on 28 February.
    longer = after(contract(), StretchPhase("trial", Duration(1)))
    assert starts(longer) == {"trial": START, "ramp": MAR_31, "rest": APR_30}
    assert starts(after(longer, StretchPhase("trial", Duration(-1)))) == starts(contract())
    by_days = after(contract(), StretchPhase("ramp", Duration(days=-3)))
    assert starts(by_days)["rest"] == utc(2026, 3, 28)  # 31 March - 3 days


def test_it_stretches_by_civil_time_over_a_clock_change_and_by_hours_in_real_time():
    start = utc(2026, 3, 27, 23)  # midnight in Berlin, at +01:00 until 29 March 2026
    agreed = contract(("trial", "P1D", [flat("fee", "0")]), ("rest", None, [flat("fee")]), start=start, zone=BERLIN)
    by_day = after(agreed, StretchPhase("trial", Duration(days=1)), at=start, zone=BERLIN)
    by_hours = after(agreed, StretchPhase("trial", Duration(seconds=86_400)), at=start, zone=BERLIN)
    assert starts(agreed)["rest"] == utc(2026, 3, 28, 23)
    assert starts(by_day)["rest"] == utc(2026, 3, 29, 22)  # midnight at +02:00
    assert starts(by_hours)["rest"] == utc(2026, 3, 29, 23)


@pytest.mark.parametrize(
    ("_case", "key", "by", "at", "error", "expected"),
    [
        ("by nothing", "trial", NO_TIME, FEB_10, InvalidEdit, (400, "Stretch the phase by a duration other than")),
        ("over", "trial", Duration(1), MAR_31, EditForbidden, (403, "Edit the current phase or a later one: trial is")),
        ("last", "rest", Duration(1), FEB_10, EditConflict, (409, "Stretch a phase that another one follows: rest")),
        ("gone", "ramp", Duration(-1), FEB_10, EditConflict, (409, "Shrink the phase ramp by less: nothing would")),
        ("until now", "trial", Duration(days=-18), FEB_10, EditConflict, (409, "Shrink the phase trial by less")),
        ("before", "trial", Duration(-9), FEB_10, EditConflict, (409, "Shrink the phase trial by less")),
    ],
)
def test_it_refuses_to_stretch(_case, key, by, at, error, expected):
    status, _, message, place = refused(error, contract(), StretchPhase(key, by), at=at)
    assert (status, place) == (expected[0], FIRST)
    assert message.startswith(expected[1])


def test_it_shrinks_the_current_phase_to_a_moment_after_the_edit():
    # 28 February - 18 days + 1 second is a second after 10 February.
    shrunk = after(contract(), StretchPhase("trial", Duration(days=-18, seconds=1)))
    assert starts(shrunk)["ramp"] == utc(2026, 2, 10, 0, 0, 1)


def test_it_refuses_shifts_by_months_that_turn_phases_around():
    # From 31 January the last two start after 1 month and after 29 days: 28 February and 1 March. A month more for the
    # trial lets them start on 31 March and, 28 February + 29 days, on 29 March.
    agreed = contract(("trial", "P1M", [flat("fee")]), ("rest", None, [flat("fee")]))
    last = AddPhase("last", "Last", Duration(days=29))
    agreed = after(agreed, last, AddItem("last", flat("fee", "30")))
    refusal = refused(EditConflict, agreed, StretchPhase("trial", Duration(1)), at=FEB_10)
    message = "Shift the phases by less: rest would end before it starts."
    assert refusal == (409, "subscription_edit_conflict", message, FIRST)
