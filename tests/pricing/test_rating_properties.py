"""What holds for every price, quantity, discount, commitment, conversion, split and currency."""

import itertools
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from pricing.money import quantize
from pricing.prices import Charge
from pricing.rating import Usage, rate
from tests.pricing.random_charges import (
    charges,
    currencies,
    every_charge,
    graduated,
    monotone,
    periods,
    quantities,
    usages,
)


def bill(charge, currency, before, now):
    return rate(charge=charge, name="Tokens", currency=currency, before=before, now=now)


def total(rated):
    return sum((line.amount for line in rated.lines), Decimal(0))


@given(
    charge=charges(monotone),
    currency=currencies,
    pair=st.tuples(quantities, quantities).map(sorted),
    carried=quantities,
)
def test_it_never_costs_less_to_use_more(charge, currency, pair, carried):
    less, more = (bill(charge, currency, None, Usage(quantity, carried)) for quantity in pair)

    assert less.amount <= more.amount


@given(price=graduated, currency=currencies, pair=st.tuples(quantities, quantities).map(sorted))
def test_it_gives_nothing_back_for_more_usage(price, currency, pair):
    charge = Charge(price)
    less, more = map(Usage, pair)

    assert all(line.amount >= 0 for line in bill(charge, currency, less, more).lines)


@given(period=periods(), currency=currencies)
def test_it_sums_to_the_whole_however_a_period_is_split(period, currency):
    charge, states = period
    bills = [bill(charge, currency, *span) for span in itertools.pairwise([None, *states])]
    whole = bill(charge, currency, None, states[-1])

    assert sum(rated.amount for rated in bills) == whole.amount
    assert sum(rated.usage_discount for rated in bills) == whole.usage_discount
    # Each detailed line sums to its whole as well.
    sums = {}
    for line in itertools.chain.from_iterable(rated.lines for rated in bills):
        sums[line.key] = sums.get(line.key, 0) + line.amount
    assert nonzero(sums) == nonzero({line.key: line.amount for line in whole.lines})


@given(price=graduated, currency=currencies, first=quantities, second=quantities)
def test_it_charges_the_flat_prices_of_tiers_once_however_many_items_a_period_has(price, currency, first, second):
    first, second = max(first, Decimal(0)), max(second, Decimal(0))
    states = [Usage(first), Usage(second, first, is_first=False)]
    parts = [bill(Charge(price), currency, None, state) for state in states]

    assert sum(map(flats, parts)) == flats(bill(Charge(price), currency, None, Usage(first + second)))


@given(period=periods(), currency=currencies)
def test_it_rounds_every_amount_once_to_the_currency(period, currency):
    charge, states = period
    for before, now in itertools.pairwise([None, *states]):
        rated = bill(charge, currency, before, now)
        assert all(step.rounded == quantize(step.exact, currency) for step in rated.steps)
        assert all(str(line.amount) == str(quantize(line.amount, currency)) for line in rated.lines)
        assert rated.amount == total(rated)
        assert str(rated.amount) == str(quantize(rated.amount, currency))


@given(period=periods(), currency=currencies)
def test_it_explains_all_of_a_first_bill(period, currency):
    charge, (now, *_) = period
    rated = bill(charge, currency, None, now)

    assert sum(step.rounded for step in rated.steps) == rated.amount
    assert {line.key for line in rated.lines} <= {step.key for step in rated.steps}
    assert all(step.key or not step.rounded for step in rated.steps)


@given(period=periods(), currency=currencies)
def test_it_bills_nothing_again(period, currency):
    charge, (now, *_) = period
    again = bill(charge, currency, now, now)

    assert (again.lines, again.amount, again.usage_discount) == ((), 0, 0)


@given(period=periods(), currency=currencies)
def test_it_bills_no_more_than_the_maximum_and_no_less_than_the_minimum(period, currency):
    charge, states = period
    for now in states:
        amount = bill(charge, currency, None, now).amount
        share = now.part if charge.prorate_commitments else 1
        if charge.maximum is not None:
            assert amount <= quantize(Fraction(charge.maximum) * share, currency)
        if charge.minimum is not None and now.is_final:
            assert amount >= quantize(Fraction(charge.minimum) * share, currency)
        assert amount >= 0


@given(data=st.data(), charge=every_charge, currency=currencies)
def test_it_takes_each_discount_off_a_line_of_the_same_bill(data, charge, currency):
    rated = bill(charge, currency, None, data.draw(usages(charge)))
    regular = {line.key: line for line in rated.lines if line.category == "regular"}

    for line in rated.lines:
        if line.category == "discount":
            assert 0 < -line.amount <= regular[line.of].amount
            assert line.key.startswith(f"{line.of}.")


def flats(rated):
    return sum((line.amount for line in rated.lines if line.key.endswith("_flat")), Decimal(0))


def nonzero(sums):
    return {key: amount for key, amount in sums.items() if amount}
