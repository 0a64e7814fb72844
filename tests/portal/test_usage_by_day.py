from datetime import UTC, date, datetime
from decimal import Decimal

from portal.usage import GroupedUsage, days_between, usage_by_day

DAYS = (date(2026, 1, 1), date(2026, 1, 2))


def test_it_fills_days_and_groups_without_usage():
    usage = usage_by_day([_row(1, "b", 2), _row(2, "a", 3)], days=DAYS)
    assert usage.names == ("a", "b")
    assert [day.values for day in usage.days] == [(0, 2), (3, 0)]
    assert (usage.totals, usage.total) == ((3, 2), 5)


def test_it_gathers_all_groups_beyond_the_sixth_colour():
    usage = usage_by_day([_row(1, f"g{number}", 10 - number) for number in range(8)], days=DAYS)
    assert usage.names == ("g0", "g1", "g2", "g3", "g4", "Other")
    # 5 + 4 + 3
    assert usage.totals == (10, 9, 8, 7, 6, 12)


def test_it_names_six_groups_without_gathering():
    usage = usage_by_day([_row(1, f"g{number}", 10 - number) for number in range(6)], days=DAYS)
    assert usage.names == ("g0", "g1", "g2", "g3", "g4", "g5")


def test_it_keeps_a_group_that_is_named_like_the_rest():
    usage = usage_by_day(
        [_row(1, "Other", 100), *(_row(1, f"g{number}", 9 - number) for number in range(7))], days=DAYS
    )
    assert usage.total == 100 + 9 + 8 + 7 + 6 + 5 + 4 + 3
    assert usage.totals[0] == 100
    # 5 + 4 + 3
    assert usage.totals[-1] == 12


def test_it_sums_exactly():
    rows = [_row(1, "a", "0.1"), _row(1, "a", "0.2"), _row(2, "a", "12345678901234567890.123456789")]
    assert usage_by_day(rows, days=DAYS).total == Decimal("12345678901234567890.423456789")


def test_it_shows_days_up_to_one_newest_first():
    usage = usage_by_day([], days=(*DAYS, date(2026, 1, 3)))
    assert [day.day for day in usage.until(date(2026, 1, 2))] == [date(2026, 1, 2), date(2026, 1, 1)]


def test_it_takes_days_from_the_starts_of_windows():
    edges = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3)]
    assert days_between(edges, UTC) == DAYS


def _row(day, group, value):
    return GroupedUsage(date(2026, 1, day), group, Decimal(value))
