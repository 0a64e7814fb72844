"""Windows: civil time of a zone as UTC instants, whatever the clock does."""

import itertools
import zoneinfo
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.windows import WindowSize, quarter_ceil, quarter_floor, window_edges, window_of

LOS_ANGELES = zoneinfo.ZoneInfo("America/Los_Angeles")
KATHMANDU = zoneinfo.ZoneInfo("Asia/Kathmandu")
LORD_HOWE = zoneinfo.ZoneInfo("Australia/Lord_Howe")
ZONES = sorted(zoneinfo.available_timezones())
EPOCH = datetime(1975, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
instants = st.integers(0, 62 * 365 * 86400).map(lambda seconds: EPOCH + timedelta(seconds=seconds))
zones = st.sampled_from(ZONES).map(zoneinfo.ZoneInfo)


def lengths(size, zone, start, end):
    edges = window_edges(size=size, zone=zone, start=start, end=end)
    return [after - before for before, after in itertools.pairwise(edges)]


@pytest.mark.parametrize(
    ("start", "hours"),
    [
        (datetime(2025, 3, 8, tzinfo=LOS_ANGELES), [24, 23, 24]),
        (datetime(2025, 11, 1, tzinfo=LOS_ANGELES), [24, 25, 24]),
    ],
)
def test_it_gives_a_day_of_a_clock_change_its_real_length(start, hours):
    end = start + timedelta(days=3)

    assert lengths(WindowSize.DAY, LOS_ANGELES, start, end) == [hour * HOUR for hour in hours]


def test_it_covers_the_range_with_whole_windows():
    start, end = datetime(2026, 1, 10, 12, tzinfo=UTC), datetime(2026, 1, 12, 0, 0, 1, tzinfo=UTC)

    edges = window_edges(size=WindowSize.DAY, zone=zoneinfo.ZoneInfo("UTC"), start=start, end=end)

    assert edges == [datetime(2026, 1, day, tzinfo=UTC) for day in (10, 11, 12, 13)]


def test_it_ends_where_the_range_ends_on_an_edge():
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)

    edges = window_edges(size=WindowSize.MONTH, zone=zoneinfo.ZoneInfo("UTC"), start=start, end=end)

    assert edges == [start, datetime(2026, 2, 1, tzinfo=UTC), end]


def test_it_aligns_hours_with_the_clock_of_the_zone():
    # 10:00 UTC is 15:45 in Kathmandu.
    hour = window_of(size=WindowSize.HOUR, zone=KATHMANDU, at=datetime(2026, 1, 1, 10, tzinfo=UTC))

    assert (hour.start, hour.seconds) == (datetime(2026, 1, 1, 9, 15, tzinfo=UTC), 3600)


def test_it_keeps_hours_whole_when_the_clock_jumps_by_an_hour():
    start = datetime(2025, 3, 9, tzinfo=LOS_ANGELES)

    assert lengths(WindowSize.HOUR, LOS_ANGELES, start, start + timedelta(days=1)) == [HOUR] * 23


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        # 5 April 2026: 02:00 becomes 01:30; the clock shows 01:30 to 02:00 a second time.
        (datetime(2026, 4, 4, 15, tzinfo=UTC), HOUR, HOUR / 2),
        # 4 October 2026: 02:00 becomes 02:30; half of that hour never is.
        (datetime(2026, 10, 3, 15, 30, tzinfo=UTC), HOUR, HOUR / 2),
    ],
)
def test_it_cuts_an_hour_where_the_clock_moves_by_half_of_one(change, before, after):
    assert window_of(size=WindowSize.HOUR, zone=LORD_HOWE, at=change).start == change
    assert lengths(WindowSize.HOUR, LORD_HOWE, change - HOUR, change + HOUR) == [before, after, HOUR]


def test_it_ends_an_hour_early_where_the_clock_skips_the_rest_of_it():
    # 4 May 2018 in Pyongyang: 23:30 became midnight.
    change = datetime(2018, 5, 4, 15, tzinfo=UTC)
    pyongyang = zoneinfo.ZoneInfo("Asia/Pyongyang")

    assert lengths(WindowSize.HOUR, pyongyang, change - HOUR, change + HOUR) == [HOUR, HOUR / 2, HOUR]
    assert window_of(size=WindowSize.HOUR, zone=pyongyang, at=change - HOUR / 4).end == change


def test_it_leaves_out_a_day_that_the_zone_skipped():
    apia = zoneinfo.ZoneInfo("Pacific/Apia")
    start, end = datetime(2011, 12, 29, tzinfo=apia), datetime(2012, 1, 1, tzinfo=apia)

    assert lengths(WindowSize.DAY, apia, start, end) == [24 * HOUR] * 2


def test_it_starts_a_day_without_midnight_at_its_first_instant():
    # In Beirut 29 March 2026 begins at 01:00.
    beirut = zoneinfo.ZoneInfo("Asia/Beirut")

    day = window_of(size=WindowSize.DAY, zone=beirut, at=datetime(2026, 3, 29, 12, tzinfo=UTC))

    assert day.start == datetime(2026, 3, 28, 22, tzinfo=UTC)
    assert day.start.astimezone(beirut).hour == 1
    assert day.seconds == 23 * 3600


def test_it_refuses_a_range_that_does_not_end_after_its_start():
    at = datetime(2026, 1, 1, tzinfo=UTC)

    with pytest.raises(ValueError, match="has to end after it starts"):
        window_edges(size=WindowSize.DAY, zone=KATHMANDU, start=at, end=at)


@pytest.mark.parametrize("size", [WindowSize.DAY, WindowSize.MONTH])
@pytest.mark.parametrize("year", [1985, 2011, 2026])
def test_it_cuts_a_year_without_gap_or_overlap_in_every_zone(size, year):
    for zone in map(zoneinfo.ZoneInfo, ZONES):
        # In UTC, because Python finds a wall time that never was (Lima's 1 January 1986) equal to no instant.
        start, end = (datetime(at, 1, 1, tzinfo=zone).astimezone(UTC) for at in (year, year + 1))
        edges = window_edges(size=size, zone=zone, start=start, end=end)

        assert (edges[0], edges[-1]) == (start, end), zone.key
        assert edges == sorted(set(edges)), zone.key
        # Each edge is the start of its date, and midnight wherever the zone had one.
        walls = [edge.astimezone(zone) for edge in edges]
        assert len({wall.date() for wall in walls}) == len(edges), zone.key
        for wall in walls:
            assert wall.time() == wall.min.time() or has_no_midnight(wall, zone), (zone.key, wall)


def has_no_midnight(wall, zone):
    midnight = wall.replace(hour=0, minute=0, fold=0)
    return midnight.astimezone(UTC).astimezone(zone).time() != midnight.time()


@given(size=st.sampled_from(WindowSize), zone=zones, start=instants, seconds=st.integers(1, 3 * 86400))
def test_it_covers_any_range_with_rising_edges(size, zone, start, seconds):
    end = start + timedelta(seconds=seconds)
    edges = window_edges(size=size, zone=zone, start=start, end=end)

    assert edges == sorted(set(edges))
    assert edges[0] <= start < edges[1]
    assert edges[-2] < end <= edges[-1]
    first, last = (window_of(size=size, zone=zone, at=at) for at in (start, edges[-2]))
    assert [first.start, first.end, last.start, last.end] == [*edges[:2], *edges[-2:]]


@given(zone=zones, at=instants)
def test_it_puts_instants_of_one_clock_hour_into_one_window(zone, at):
    hour = window_of(size=WindowSize.HOUR, zone=zone, at=at)
    last = hour.end - timedelta(seconds=1)

    assert hour.contains(at)
    shown = {(wall.date(), wall.hour) for wall in (moment.astimezone(zone) for moment in (hour.start, at, last))}
    assert len(shown) == 1


@given(zone=zones, at=instants)
def test_it_cuts_days_into_whole_hours_and_hours_into_whole_minutes(zone, at):
    day = window_of(size=WindowSize.DAY, zone=zone, at=at)
    hours = window_edges(size=WindowSize.HOUR, zone=zone, start=day.start, end=day.end)
    minutes = window_edges(size=WindowSize.MINUTE, zone=zone, start=hours[0], end=hours[1])

    assert (hours[0], hours[-1]) == (day.start, day.end)
    assert (minutes[0], minutes[-1]) == (hours[0], hours[1])


@pytest.mark.parametrize(
    ("at", "floor", "ceil"),
    [
        (datetime(2026, 1, 1, 10, 14, 59, 999999, tzinfo=UTC), (10, 0), (10, 15)),
        (datetime(2026, 1, 1, 10, 15, tzinfo=UTC), (10, 15), (10, 15)),
        (datetime(2026, 1, 1, 10, 15, 0, 1, tzinfo=UTC), (10, 15), (10, 30)),
        # 01:00 occurs twice in Los Angeles, first at 08:00 UTC.
        (datetime(2025, 11, 2, 1, tzinfo=LOS_ANGELES), (8, 0), (8, 0)),
        # 15:50 in Kathmandu is 10:05 UTC.
        (datetime(2026, 1, 1, 15, 50, tzinfo=KATHMANDU), (10, 0), (10, 15)),
    ],
)
def test_it_finds_the_quarter_hours_around_an_instant(at, floor, ceil):
    day = datetime(at.year, at.month, at.day, tzinfo=UTC)
    assert quarter_floor(at) == day + timedelta(hours=floor[0], minutes=floor[1])
    assert quarter_ceil(at) == day + timedelta(hours=ceil[0], minutes=ceil[1])
