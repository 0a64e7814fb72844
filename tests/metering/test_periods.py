"""Periods: half-open, sticky to their anchor, in civil time."""

import itertools
import zoneinfo
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.periods import CADENCES, Cadence, Period, parse_cadence, period_at, periods

PARIS = zoneinfo.ZoneInfo("Europe/Paris")
NEW_YORK = zoneinfo.ZoneInfo("America/New_York")
UTC_ZONE = zoneinfo.ZoneInfo("UTC")
ZONES = sorted(zoneinfo.available_timezones())
EPOCH = datetime(1975, 1, 1, tzinfo=UTC)
instants = st.integers(0, 62 * 365 * 86400).map(lambda seconds: EPOCH + timedelta(seconds=seconds))


def bounds(*, anchor, cadence, zone, count):
    long = periods(anchor=anchor, cadence=cadence, zone=zone, start=anchor, end=anchor + timedelta(days=4000))
    return [period.start.astimezone(zone) for period in itertools.islice(long, count)]


def test_it_keeps_the_anchor_day_through_short_months():
    anchor = datetime(2026, 1, 31, tzinfo=UTC)

    starts = bounds(anchor=anchor, cadence=parse_cadence("P1M"), zone=UTC_ZONE, count=6)

    assert [(at.month, at.day) for at in starts] == [(1, 31), (2, 28), (3, 31), (4, 30), (5, 31), (6, 30)]


def test_it_reaches_the_leap_day_every_four_years():
    starts = bounds(anchor=datetime(2024, 2, 29, tzinfo=UTC), cadence=parse_cadence("P1Y"), zone=UTC_ZONE, count=5)

    assert [at.day for at in starts] == [29, 28, 28, 28, 29]


def test_it_steps_back_before_the_anchor():
    anchor = datetime(2026, 1, 31, tzinfo=UTC)

    period = period_at(anchor=anchor, cadence=parse_cadence("P1M"), zone=UTC_ZONE, at=datetime(2025, 12, 1, tzinfo=UTC))

    assert period == Period(datetime(2025, 11, 30, tzinfo=UTC), datetime(2025, 12, 31, tzinfo=UTC))


def test_it_keeps_the_wall_time_over_a_clock_change():
    anchor = datetime(2026, 3, 1, tzinfo=PARIS)

    period = period_at(anchor=anchor, cadence=parse_cadence("P1M"), zone=PARIS, at=anchor)

    # 31 days less the hour that 29 March skips: 743 h.
    assert period.end == datetime(2026, 3, 31, 22, tzinfo=UTC)
    assert period.seconds == 743 * 3600


def test_it_moves_a_wall_time_that_does_not_exist_forward():
    anchor = datetime(2026, 3, 7, 2, 30, tzinfo=NEW_YORK)

    starts = bounds(anchor=anchor, cadence=parse_cadence("P1D"), zone=NEW_YORK, count=3)

    assert [(at.day, at.hour, at.minute) for at in starts] == [(7, 2, 30), (8, 3, 30), (9, 2, 30)]


def test_it_takes_the_first_of_a_wall_time_that_occurs_twice():
    anchor = datetime(2026, 10, 31, 1, 30, tzinfo=NEW_YORK)

    starts = bounds(anchor=anchor, cadence=parse_cadence("P1D"), zone=NEW_YORK, count=2)

    # 01:30 at UTC-4 comes first.
    assert starts[1].astimezone(UTC) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


def test_it_has_started_a_period_when_its_wall_time_comes_again():
    anchor = datetime(2026, 10, 31, 1, 30, tzinfo=NEW_YORK)
    at = datetime(2026, 11, 1, 6, 15, tzinfo=UTC)  # 01:15 for the second time: the first 01:30 is over

    period = period_at(anchor=anchor, cadence=parse_cadence("P1D"), zone=NEW_YORK, at=at)

    assert period.start == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


def test_it_never_moves_the_anchor_itself():
    anchor = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)  # the second 01:30 in New York

    period = period_at(anchor=anchor, cadence=parse_cadence("P1D"), zone=NEW_YORK, at=anchor)

    assert period == Period(anchor, datetime(2026, 11, 2, 6, 30, tzinfo=UTC))


def test_it_leaves_out_a_day_that_the_zone_skipped():
    apia = zoneinfo.ZoneInfo("Pacific/Apia")
    start, end = datetime(2011, 12, 29, tzinfo=apia), datetime(2012, 1, 1, tzinfo=apia)

    days = list(periods(anchor=start, cadence=parse_cadence("P1D"), zone=apia, start=start, end=end))

    # 30 December 2011 never was in Samoa.
    assert [day.start.astimezone(apia).day for day in days] == [29, 31]
    assert {day.seconds for day in days} == {86400}


def test_it_yields_whole_periods_that_overlap_the_range():
    first, after = datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)

    found = list(periods(anchor=after, cadence=parse_cadence("P1M"), zone=UTC_ZONE, start=first, end=after))

    assert [period.start for period in found] == [datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)]
    assert found[-1].end == after


@given(
    anchor=instants,
    at=instants,
    cadence=st.sampled_from(sorted(CADENCES)),
    zone=st.sampled_from(ZONES).map(zoneinfo.ZoneInfo),
)
def test_it_finds_one_period_for_every_instant_in_every_zone(anchor, at, cadence, zone):
    step = {"anchor": anchor, "cadence": parse_cadence(cadence), "zone": zone}

    period = period_at(**step, at=at)

    assert period.contains(at)
    assert period_at(**step, at=period.start) == period
    following = period_at(**step, at=period.end)
    assert following.start == period.end
    assert list(periods(**step, start=period.start, end=following.end)) == [period, following]


@given(
    anchor=instants,
    at=instants,
    cadence=st.sampled_from(sorted(CADENCES.values(), key=str)),
    zone=st.sampled_from(ZONES).map(zoneinfo.ZoneInfo),
)
def test_it_starts_every_period_at_the_anchors_wall_time(anchor, at, cadence, zone):
    start = period_at(anchor=anchor, cadence=cadence, zone=zone, at=at).start

    due = anchor.astimezone(zone)
    day = start.astimezone(zone).date()
    # A clock change may have moved the start past midnight, so the day before is looked at too.
    walls = [datetime.combine(day - timedelta(days=back), due.time(), zone) for back in (0, 1)]
    days = [wall.date() for wall in walls if wall.replace(fold=0).astimezone(UTC) == start]
    assert start == anchor or any(is_due(day, due.date(), cadence) for day in days)


def is_due(day, first, cadence):
    if cadence.days:
        return (day - first).days % cadence.days == 0
    months = (day.year - first.year) * 12 + day.month - first.month
    # The next day's month tells whether the day is the last of its own.
    last = (day + timedelta(days=1)).month != day.month
    return months % cadence.months == 0 and (day.day == first.day or (last and day.day < first.day))


@given(anchor=instants, zone=st.sampled_from(ZONES).map(zoneinfo.ZoneInfo))
def test_it_starts_a_period_at_the_anchor(anchor, zone):
    assert period_at(anchor=anchor, cadence=Cadence(months=1), zone=zone, at=anchor).start == anchor


@pytest.mark.parametrize("text", ["", "P1", "1M", "P2M", "PT1H", "P0D", "p1m", "P1M ", "P1M1D"])
def test_it_refuses_a_cadence_it_does_not_know(text):
    with pytest.raises(ValueError, match="is not a cadence: use one of P1D, P1W"):
        parse_cadence(text)


def test_it_takes_twelve_months_for_a_year():
    assert parse_cadence("P12M") == parse_cadence("P1Y")


@pytest.mark.parametrize("lengths", [{}, {"months": 1, "days": 1}, {"days": -1}, {"months": -1}])
def test_it_refuses_a_cadence_that_is_not_one_positive_length(lengths):
    with pytest.raises(ValueError, match="either a positive number of months or"):
        Cadence(**lengths)


def test_it_holds_its_start_but_not_its_end():
    period = Period(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))

    assert period.contains(period.start)
    assert period.contains(period.end - timedelta(microseconds=1))
    assert not period.contains(period.end)
    assert not period.contains(period.start - timedelta(microseconds=1))


def test_it_counts_real_seconds_also_within_one_zone():
    # Python's own subtraction would say 24 h for this day of 23 h.
    period = Period(datetime(2026, 3, 29, tzinfo=PARIS), datetime(2026, 3, 30, microsecond=1, tzinfo=PARIS))

    assert period.seconds == 23 * 3600 + Decimal("0.000001")


def test_it_intersects_periods():
    january = Period(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
    middle = Period(datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC))
    after = Period(january.end, middle.end)

    assert january.intersect(middle) == middle.intersect(january) == Period(middle.start, january.end)
    assert january.intersect(after) is None


def test_it_refuses_a_period_that_does_not_end_after_its_start():
    at = datetime(2026, 1, 1, tzinfo=UTC)

    with pytest.raises(ValueError, match="has to end after it starts"):
        Period(at, at)


def test_it_refuses_a_time_without_a_zone():
    with pytest.raises(ValueError, match="pass an aware datetime"):
        Period(EPOCH.replace(tzinfo=None), EPOCH + timedelta(days=1))
