"""What holds for every price, quantity, split and currency."""

import itertools
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from pricing.money import quantize
from pricing.prices import FlatPrice, GraduatedPrice, Tier
from tests.pricing import charges

currencies = st.sampled_from(["JPY", "USD", "KWD"])
quantities = st.decimals(min_value=-10, max_value=10**6, allow_nan=False, places=4)
bounds = st.decimals(min_value=0, max_value=10**6, allow_nan=False, places=3)
amounts = st.one_of(st.just(Decimal(0)), st.decimals(min_value=0, max_value=1000, allow_nan=False, places=7))


@st.composite
def graduated(draw):
    up_to = [*sorted(draw(st.sets(bounds, max_size=4))), None]
    return GraduatedPrice(tuple(Tier(bound, draw(amounts), draw(amounts)) for bound in up_to))


def bill(price, currency, before, now, part=Fraction(1)):
    return charges.bill(price, before, now, currency=currency, part=part)


@given(price=graduated(), currency=currencies, pair=st.tuples(quantities, quantities).map(sorted))
def test_it_never_costs_less_to_use_more(price, currency, pair):
    less, more = pair

    assert bill(price, currency, None, less).amount <= bill(price, currency, None, more).amount
    assert all(line.amount >= 0 for line in bill(price, currency, less, more).lines)


@given(price=graduated(), currency=currencies, stops=st.lists(quantities, min_size=1, max_size=6))
def test_it_sums_to_the_whole_however_a_period_is_split(price, currency, stops):
    # The stops are not sorted: usage may also have been taken away between two bills.
    bills = [bill(price, currency, *span) for span in itertools.pairwise([None, *stops])]
    whole = bill(price, currency, None, stops[-1])

    assert sum(rated.amount for rated in bills) == whole.amount
    # Each detailed line sums to its whole as well, in amount and in quantity.
    for field in ("amount", "quantity"):
        sums = {}
        for line in itertools.chain.from_iterable(rated.lines for rated in bills):
            sums[line.key] = sums.get(line.key, 0) + getattr(line, field)
        assert {key: value for key, value in sums.items() if value} == {
            line.key: getattr(line, field) for line in whole.lines if getattr(line, field)
        }


@given(
    price=st.one_of(graduated(), st.builds(FlatPrice, amounts)),
    currency=currencies,
    now=quantities,
    part=st.fractions(min_value=0, max_value=1),
)
def test_it_rounds_each_sum_of_the_trace_once(price, currency, now, part):
    rated = bill(price, currency, None, now, part)

    assert all(step.rounded == quantize(step.exact, currency) for step in rated.steps)
    assert rated.amount == sum(step.rounded for step in rated.steps) == sum(line.amount for line in rated.lines)
    assert all(line.amount == quantize(line.amount, currency) for line in rated.lines)


@given(price=graduated(), currency=currencies, now=quantities)
def test_it_agrees_with_the_price_of_each_slice_summed(price, currency, now):
    # A second way to the same figure, in fractions: what each tier's slice of [0, now] costs.
    used, lower, due = max(Fraction(now), 0), Fraction(0), Decimal(0)
    for index, tier in enumerate(price.tiers):
        upper = used if tier.up_to is None else Fraction(tier.up_to)
        due += quantize(max(min(used, upper) - lower, 0) * Fraction(tier.unit_amount), currency)
        due += quantize(tier.flat_amount, currency) if index == 0 or used > lower else 0
        lower = upper
    assert bill(price, currency, None, now).amount == due


@given(price=graduated(), currency=currencies, now=quantities)
def test_it_bills_nothing_again(price, currency, now):
    again = bill(price, currency, now, now)

    assert again.lines == ()
    assert again.amount == 0
