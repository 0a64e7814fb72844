from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from pricing.durations import NO_TIME, Duration, InvalidDuration, parse_duration, step

ZULU = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("P1M", Duration(months=1)),
        ("P1Y2M", Duration(months=14)),  # 12 + 2
        ("P2W", Duration(days=14)),
        ("P1W3D", Duration(days=10)),  # 7 + 3
        ("PT1H", Duration(seconds=3600)),
        ("PT24H", Duration(seconds=86_400)),  # never a day, which may have 23 or 25 hours
        ("P1Y1M1W1DT1H1M1S", Duration(13, 8, 3661)),  # 3600 + 60 + 1
        ("-P1W", Duration(days=-7)),
        ("-P1MT1H", Duration(months=-1, seconds=-3600)),  # the sign holds for every part
        ("+P1D", Duration(days=1)),
        ("P0D", NO_TIME),
    ],
)
def test_it_reads_durations_in_whole_numbers(text, duration):
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "P1DT", "1M", "P1.5D", "P-1M", "P1H", "PT1D", "P1M ", "p1m", "P1D1M", "P\u0661M", "P1M\n"]
)
def test_it_refuses_what_is_no_duration_and_says_what_to_write(text):
    with pytest.raises(InvalidDuration, match="as an ISO 8601 duration in whole numbers, such as P1M") as refusal:
        parse_duration(text)
    assert (refusal.value.status, refusal.value.code) == (400, "duration_invalid")


def test_it_adds_and_takes_away_part_by_part():
    assert Duration(1, 14, 5) + Duration(2, -7, 10) == Duration(3, 7, 15)
    assert Duration(1, 14, 5) - Duration(2, -7, 10) == Duration(-1, 21, -5)
    # Parts of opposite signs do not cancel: a month is no number of days.
    assert Duration(1, -30)
    assert not Duration(1, 14) - Duration(1, 14)


@pytest.mark.parametrize(
    ("months", "day"),
    [(1, (2026, 2, 28)), (2, (2026, 3, 31)), (3, (2026, 4, 30)), (13, (2027, 2, 28)), (25, (2028, 2, 29))],
)
def test_it_clamps_the_31st_to_the_last_day_of_shorter_months(months, day):
    assert step(utc(2026, 1, 31, 9), Duration(months), ZULU) == utc(*day, 9)


def test_it_stays_sticky_from_one_start_and_slips_when_chained():
    start = utc(2026, 1, 31)
    chained = step(step(start, Duration(1), ZULU), Duration(1), ZULU)
    assert step(start, Duration(2), ZULU) == utc(2026, 3, 31)
    assert chained == utc(2026, 3, 28)  # 28 February + 1 month


def test_it_steps_back_by_negative_months():
    assert step(utc(2026, 3, 31), Duration(-1), ZULU) == utc(2026, 2, 28)
    assert step(utc(2026, 1, 15), Duration(-13), ZULU) == utc(2024, 12, 15)


def test_it_steps_months_first_then_days_then_seconds():
    # 31 January + 1 month = 28 February, + 1 day = 1 March, + 1 second.
    assert step(utc(2026, 1, 31), Duration(1, 1, 1), ZULU) == utc(2026, 3, 1, 0, 0, 1)


def test_it_keeps_the_wall_time_over_a_clock_change_and_counts_hours_in_real_time():
    # Berlin goes from +01:00 to +02:00 on 29 March 2026: noon there is 11:00, then 10:00 in UTC.
    noon = utc(2026, 3, 28, 11)
    assert step(noon, Duration(days=1), BERLIN) == utc(2026, 3, 29, 10)
    assert step(noon, Duration(seconds=86_400), BERLIN) == utc(2026, 3, 29, 11)
    assert step(noon, Duration(days=1), ZULU) == utc(2026, 3, 29, 11)


def test_it_takes_the_day_of_the_zone_not_of_utc():
    # 1 February 00:30 in Berlin is 31 January 23:30 in UTC; a month on it is 1 March there, not 28 February.
    start = utc(2026, 1, 31, 23, 30)
    assert step(start, Duration(1), BERLIN) == utc(2026, 2, 28, 23, 30)
    assert step(start, Duration(1), ZULU) == utc(2026, 2, 28, 23, 30)
    assert step(start, Duration(2), BERLIN) == utc(2026, 3, 31, 22, 30)  # 1 April 00:30 at +02:00
    assert step(start, Duration(2), ZULU) == utc(2026, 3, 31, 23, 30)


def test_it_moves_a_skipped_wall_time_forward_by_the_length_of_the_change():
    # On 29 March 2026 there is no 02:30 in Berlin: it becomes 03:30 at +02:00, which is 01:30 in UTC.
    start = utc(2026, 2, 28, 1, 30)
    assert step(start, Duration(1, 1), BERLIN) == utc(2026, 3, 29, 1, 30)


def test_it_takes_the_first_of_a_wall_time_that_occurs_twice():
    # On 1 November 2026 New York has 01:30 twice: first at -04:00, which is 05:30 in UTC, then at -05:00.
    assert step(utc(2026, 10, 1, 5, 30), Duration(1), NEW_YORK) == utc(2026, 11, 1, 5, 30)


def test_it_leaves_an_instant_as_it_is_for_no_time_even_the_second_of_a_wall_time():
    second = utc(2026, 11, 1, 6, 30)  # 01:30 for the second time
    assert step(second, NO_TIME, NEW_YORK) == second


def test_it_answers_in_utc():
    start = datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=5)))
    for by in (NO_TIME, Duration(1), Duration(seconds=1)):
        assert step(start, by, BERLIN).tzinfo is UTC


@pytest.mark.parametrize(
    "by", [Duration(12 * 8000), Duration(-12 * 2026), Duration(days=10**9), Duration(seconds=10**13)]
)
def test_it_refuses_to_leave_the_calendar(by):
    with pytest.raises(InvalidDuration, match="Use a shorter duration: from 2026-01-01T00:00:00"):
        step(utc(2026, 1, 1), by, ZULU)
