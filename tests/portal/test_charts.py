from decimal import Decimal

import pytest

from portal.charts import Bar, Column, axis_step, bar_chart, compact


@pytest.mark.parametrize(
    ("highest", "step"),
    [
        ("0", "1"),
        ("4", "1"),
        ("4.1", "2"),
        ("9", "2.5"),
        ("10.1", "5"),
        ("21", "10"),
        ("1000001", "500000"),
        ("0.003", "0.001"),
    ],
)
def test_it_steps_the_axis_by_round_numbers(highest, step):
    assert axis_step(Decimal(highest)) == Decimal(step)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("0", "0"),
        ("0E+4", "0"),
        ("0.25", "0.25"),
        ("999", "999"),
        ("1000", "1K"),
        ("2500000", "2.5M"),
        ("1E+9", "1B"),
        ("5E+17", "500,000T"),
    ],
)
def test_it_writes_axis_numbers_short(number, text):
    assert compact(Decimal(number)) == text


def test_it_stacks_bars_from_the_ground():
    # The highest stack is 30 + 10 = 40, so the axis goes to 4 x 10 = 40.
    chart = bar_chart([_column(30, 10), _column(0, 20)])
    assert chart.slots[0].bars == (
        Bar(0, y=Decimal("25.000"), height=Decimal("75.000")),
        Bar(1, y=Decimal("0.000"), height=Decimal("25.000")),
    )
    assert chart.slots[1].bars == (Bar(1, y=Decimal("50.000"), height=Decimal("50.000")),)


def test_it_draws_no_more_ticks_than_the_highest_bar_needs():
    # A step of 2.5 for 5.1 would draw four intervals, of which three are needed: 7.5.
    chart = bar_chart([_column("5.1")])
    assert [(tick.y, tick.label) for tick in chart.ticks] == [
        (Decimal("100.000"), "0"),
        (Decimal("66.667"), "2"),
        (Decimal("33.333"), "4"),
        (Decimal("0.000"), "6"),
    ]


def test_it_spreads_the_columns_over_the_width():
    chart = bar_chart([_column(1)] * 4)
    assert [slot.x for slot in chart.slots] == [Decimal(0), Decimal(25), Decimal(50), Decimal(75)]
    assert {slot.width for slot in chart.slots} == {Decimal(25)}
    # 28 % of each place is gap, half of it on either side.
    assert (chart.slots[1].bar_x, chart.slots[1].bar_width) == (Decimal("28.5"), Decimal(18))
    assert chart.slots[1].middle == Decimal("37.5")


def test_it_labels_ten_columns_at_most_and_marks_every_second_label_as_minor():
    chart = bar_chart([_column(1)] * 31)
    labelled = [(index, slot.is_minor) for index, slot in enumerate(chart.slots) if slot.label]
    # ceil(31 / 10) = 4
    assert labelled == [(0, False), (4, True), (8, False), (12, True), (16, False), (20, True), (24, False), (28, True)]


def test_it_draws_nothing_below_zero():
    chart = bar_chart([_column(-5, 10)])
    assert chart.slots[0].bars == (Bar(1, y=Decimal(0), height=Decimal(100)),)


def test_it_draws_axes_even_for_nothing():
    assert [tick.label for tick in bar_chart([]).ticks] == ["0", "1"]
    assert [slot.bars for slot in bar_chart([_column(0)]).slots] == [()]


def _column(*values):
    return Column(label="1", title="one", values=tuple(Decimal(value) for value in values))
