"""Whatever the zone, the phases and the cadences: the periods of an item cover its time once."""

import zoneinfo
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from metering.periods import Period, parse_cadence
from pricing.proration import share
from pricing.service_periods import Earlier, Rhythm, Span, carried_stretches, service_periods

EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
ZONES = sorted(zoneinfo.available_timezones() - {"localtime"})
times = st.integers(0, 500 * 86_400).map(lambda seconds: EPOCH + timedelta(seconds=seconds))
days = st.integers(1, 200).map(lambda number: timedelta(days=number))
cadences = st.sampled_from(["P1D", "P1W", "P1M", "P3M", "P1Y"])
MONTHLY = Rhythm(EPOCH, parse_cadence("P1M"), ZoneInfo("UTC"))


def at(month, day, hour=0):
    return datetime(2026, month, day, hour, tzinfo=UTC)


@st.composite
def contracts(draw):
    """Up to three phases, each with an item of its own that may start later or end sooner, and billing by the month."""
    zone, anchor, start = ZoneInfo(draw(st.sampled_from(ZONES))), draw(times), draw(times)
    bounds = [start]
    for _ in range(draw(st.integers(1, 3))):
        bounds.append(bounds[-1] + draw(days) + timedelta(seconds=draw(st.integers(0, 86_400))))
    billing = Rhythm(anchor, parse_cadence(draw(st.sampled_from(["P1W", "P1M", "P3M"]))), zone)
    items = []
    for phase_start, phase_end in pairwise(bounds):
        cut = timedelta(seconds=draw(st.integers(0, int((phase_end - phase_start).total_seconds()) - 1)))
        item = Span(phase_start + cut, phase_end) if draw(st.booleans()) else Span(phase_start, phase_end - cut)
        service = draw(st.none() | cadences)
        rhythm = service and Rhythm(anchor, parse_cadence(service), zone)
        items.append({"item": item, "phase": Span(phase_start, phase_end), "service": rhythm, "billing": billing})
    return items, bounds[-1]


@given(contracts(), st.booleans())
@settings(max_examples=200, deadline=None)
def test_the_periods_of_an_item_cover_its_time_without_gap_or_overlap(contract, in_advance):
    items, end = contract
    for one in items:
        found = list(service_periods(**one, in_advance=in_advance, until=end))
        item = one["item"]
        assert found[0].period.start == item.start
        assert all(before.period.end == after.period.start for before, after in pairwise(found))
        covered = sum(each.period.seconds for each in found)
        if one["service"]:
            assert found[-1].period.end == item.end
            assert covered == Period(item.start, item.end).seconds
        else:
            # Billed once, for the rest of the billing period, never as a share.
            (once,) = found
            assert once.period.end == min(one["billing"].at(item.start).end, item.end)
            assert share(once.period, once.whole) == 1


@given(contracts(), st.booleans())
@settings(max_examples=200, deadline=None)
def test_each_is_billed_within_its_phase(contract, in_advance):
    items, end = contract
    for one in items:
        for each in service_periods(**one, in_advance=in_advance, until=end):
            assert one["phase"].start <= each.bill_at <= one["phase"].end
            assert each.bill_at <= each.period.start if in_advance else each.bill_at >= each.period.end


@given(contracts(), st.booleans(), st.integers(0, 100))
@settings(max_examples=200, deadline=None)
def test_what_was_billed_is_left_out_and_the_rest_stays_the_same(contract, in_advance, place):
    items, end = contract
    for one in items:
        every = list(service_periods(**one, in_advance=in_advance, until=end))
        done = every[place % len(every)].period.end
        rest = list(service_periods(**one, in_advance=in_advance, until=end, since=done))
        assert rest == [each for each in every if each.period.start >= done]


def test_an_item_that_goes_on_after_it_was_billed_to_its_end_is_billed_from_there():
    # Billed up to the 16th when it had ended there, and then it was taken up again.
    found = list(
        service_periods(
            item=Span(at(6, 1), None),
            phase=Span(at(6, 1), None),
            service=MONTHLY,
            billing=MONTHLY,
            in_advance=False,
            until=at(6, 20),
            since=at(6, 16),
        )
    )
    assert [(each.period, each.whole) for each in found] == [(Period(at(6, 16), at(7, 1)), Period(at(6, 1), at(7, 1)))]


def earlier(start, end, *, service=MONTHLY):
    return Earlier(Span(start, end), service)


def test_usage_is_carried_from_the_item_before_in_its_last_period():
    assert carried_stretches(start=at(6, 16), earlier=[earlier(at(1, 1), at(6, 16))]) == (Period(at(6, 1), at(6, 16)),)


def test_a_gap_carries_what_was_used_before_it_while_the_period_runs():
    before = [earlier(at(1, 1), at(6, 10))]
    assert carried_stretches(start=at(6, 20), earlier=before) == (Period(at(6, 1), at(6, 10)),)
    assert carried_stretches(start=at(7, 1), earlier=before) == ()


def test_what_an_item_was_carried_counts_on():
    before = [earlier(at(6, 10), at(6, 20)), earlier(at(6, 1), at(6, 10)), earlier(at(1, 1), at(6, 1))]
    assert carried_stretches(start=at(6, 20), earlier=before) == (
        Period(at(6, 1), at(6, 10)),
        Period(at(6, 10), at(6, 20)),
    )
