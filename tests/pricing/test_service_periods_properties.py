from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from metering.periods import CADENCES, parse_cadence
from pricing.proration import share
from pricing.service_periods import Rhythm, Span, service_periods

# Zones with summer time north and south of the equator, half an hour of it, and one that skipped a day (30 Dec 2011).
ZONES = ["UTC", "America/Los_Angeles", "Europe/Paris", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]
EPOCH = datetime(2010, 1, 1, tzinfo=UTC)
times = st.integers(0, 3 * 365 * 86_400).map(lambda seconds: EPOCH + timedelta(seconds=seconds))
month_ends = st.sampled_from([datetime(2012, 1, 31, tzinfo=UTC), datetime(2011, 12, 30, 12, tzinfo=UTC)])
# Service cadence and billing cadence, as they can meet in a plan.
CADENCE_PAIRS = [("P1M", "P1M"), ("P3M", "P1M"), ("P1M", "P3M"), ("P1D", "P1M"), ("P1W", "P2W"), ("P1Y", "P1M")]


@st.composite
def cases(draw):
    anchor = draw(times | month_ends)
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    service, billing = draw(st.sampled_from(CADENCE_PAIRS))
    start = draw(times | month_ends | st.just(anchor))
    length = timedelta(seconds=draw(st.integers(1, 500 * 86_400)))
    end = draw(st.none() | st.just(start + length))
    phase_end = end and draw(st.none() | st.just(end) | st.just(end + timedelta(days=3)))
    return {
        "item": Span(start, end),
        "phase": Span(start, phase_end),
        "service": Rhythm(anchor, parse_cadence(service), zone),
        "billing": Rhythm(anchor, parse_cadence(billing), zone),
        "in_advance": draw(st.booleans()),
        "until": start + timedelta(seconds=draw(st.integers(-86_400, 400 * 86_400))),
    }


@given(cases())
@settings(max_examples=300, deadline=None)
def test_periods_follow_each_other_from_the_start_without_gap_or_overlap(case):
    found = list(service_periods(**case))
    item, until = case["item"], case["until"]
    assert bool(found) == (until > item.start or (case["in_advance"] and until == item.start))
    for before, after in pairwise(found):
        assert before.period.end == after.period.start
    if found:
        assert found[0].period.start == item.start
        assert found[-1].period.end >= (until if item.end is None else min(until, item.end))


@given(cases())
@settings(max_examples=300, deadline=None)
def test_each_period_lies_in_its_whole_one_and_only_the_ends_are_clipped(case):
    found = list(service_periods(**case))
    for each in found:
        assert 0 < share(each.period, each.whole) <= 1
        assert each.whole == case["service"].at(each.period.start)
    for inner in found[1:-1]:
        assert inner.period == inner.whole


@given(cases())
@settings(max_examples=300, deadline=None)
def test_advance_is_billed_by_the_start_and_arrears_never_before_the_end(case):
    for each in service_periods(**case):
        if case["in_advance"]:
            assert case["item"].start <= each.bill_at <= each.period.start
        else:
            billing_end = case["billing"].at(each.period.end - timedelta(microseconds=1)).end
            phase_end = case["phase"].end
            expected = billing_end if phase_end is None else min(billing_end, phase_end)
            assert each.bill_at == max(each.period.end, expected)


@given(cases(), st.integers(0, 200))
@settings(max_examples=300, deadline=None)
def test_looking_further_ahead_only_adds_periods(case, days):
    near = list(service_periods(**case))
    far = list(service_periods(**{**case, "until": case["until"] + timedelta(days=days)}))
    assert far[: len(near)] == near


@given(cases(), st.integers(1, 300 * 86_400))
@settings(max_examples=300, deadline=None)
def test_a_cancellation_changes_nothing_before_it(case, seconds):
    cut = case["item"].start + timedelta(seconds=seconds)
    open_item = {**case, "item": Span(case["item"].start, None), "phase": Span(case["item"].start, None)}
    cancelled = {**case, "item": Span(case["item"].start, cut), "phase": Span(case["item"].start, cut)}
    whole = list(service_periods(**open_item))
    clipped = list(service_periods(**cancelled))
    ended = [each for each in whole if each.period.end <= cut]
    assert [each.period for each in clipped[: len(ended)]] == [each.period for each in ended]
    assert all(each.period.end <= cut for each in clipped)


def test_every_pair_of_cadences_is_one_that_periods_can_have():
    assert {cadence for pair in CADENCE_PAIRS for cadence in pair} <= set(CADENCES)
