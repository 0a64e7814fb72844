"""Which spend thresholds are passed does not depend on the steps in which the same is spent."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing.thresholds import crossed

amounts = st.decimals(min_value="0.01", max_value=1000, places=2)


def passed(fixed, recurring, *spent):
    """Return what is passed at each step, which bills all that is spent as soon as anything is."""
    found, highest = [], Decimal(0)
    for total in map(Decimal, spent):
        step = tuple(crossed(amounts=fixed, recurring=recurring, spent=total, highest_before=highest))
        found.append(step)
        highest = max((highest, *step))
    return found


@pytest.mark.parametrize(
    ("spent", "expected"),
    [
        ((12, 55, 70), [(10,), (50,), ()]),
        # After the last fixed one every 100: 150, 250, ...
        ((12, 55, 100, 149, 150, 260), [(10,), (50,), (), (), (150,), (250,)]),
        ((155,), [(150, 50, 10)]),
        ((9, 155), [(), (150, 50, 10)]),
        # Less than before passes nothing, and what was passed is not passed again.
        ((55, 48, 52, 151), [(50, 10), (), (), (150,)]),
    ],
)
def test_it_names_those_that_were_passed_the_highest_first(spent, expected):
    assert passed([Decimal(10), Decimal(50)], Decimal(100), *spent) == expected


def test_without_fixed_ones_each_step_counts_from_zero():
    assert passed([], Decimal(60), 59, 60, 181) == [(), (60,), (180, 120)]


def test_without_any_nothing_is_passed():
    assert passed([], None, 10**9) == [()]


@given(
    fixed=st.lists(amounts, max_size=4),
    recurring=st.none() | st.decimals(min_value=5, max_value=300, places=2),
    steps=st.lists(amounts, min_size=1, max_size=8),
)
def test_any_partition_of_the_same_usage_passes_the_same_set(fixed, recurring, steps):
    totals = [sum(steps[: count + 1]) for count in range(len(steps))]
    in_steps = [one for step in passed(fixed, recurring, *totals) for one in step]
    (at_once,) = passed(fixed, recurring, totals[-1])
    assert sorted(set(in_steps)) == sorted(set(at_once))
    # Each of them in one step alone.
    assert len(set(in_steps)) == len({one for step in passed(fixed, recurring, *totals) for one in set(step)})
