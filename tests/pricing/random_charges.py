"""Hypothesis strategies: charges of every kind, usage, and ways to split a period."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import strategies as st

from pricing.prices import (
    Charge,
    Discounts,
    DynamicPrice,
    FlatPrice,
    GraduatedPrice,
    MatrixCell,
    MatrixPrice,
    Operation,
    PackagePrice,
    PaymentTerm,
    Tier,
    UnitConfig,
    UnitPrice,
    UnitRounding,
    VolumePrice,
)
from pricing.rating import Usage, matrix_cells

currencies = st.sampled_from(["JPY", "USD", "KWD"])
quantities = st.decimals(min_value=-10, max_value=10**6, allow_nan=False, places=4)
bounds = st.decimals(min_value=0, max_value=10**6, allow_nan=False, places=3)
amounts = st.one_of(st.just(Decimal(0)), st.decimals(min_value=0, max_value=1000, allow_nan=False, places=7))
positive = st.decimals(min_value=Decimal("0.001"), max_value=10**4, allow_nan=False, places=3)


@st.composite
def tiers(draw):
    up_to = [*sorted(draw(st.sets(bounds, max_size=4))), None]
    return tuple(Tier(bound, draw(amounts), draw(amounts)) for bound in up_to)


graduated = st.builds(GraduatedPrice, tiers(), st.booleans())
volume = st.builds(VolumePrice, tiers(), st.booleans())
packages = st.builds(PackagePrice, amounts, positive)
monotone = st.one_of(st.builds(UnitPrice, amounts), graduated, packages, st.builds(DynamicPrice, amounts))
usage_prices = st.one_of(monotone, volume)
flat = st.builds(FlatPrice, amounts, st.sampled_from(PaymentTerm))


@st.composite
def matrix(draw):
    matches = [(("region", "eu"),), (("region", "eu"), ("tier", "gold")), (("tier", "gold"),)]
    chosen = draw(st.lists(st.sampled_from(matches), min_size=1, unique=True))
    cells = tuple(MatrixCell(match, draw(usage_prices)) for match in chosen)
    return MatrixPrice(("region", "tier"), cells, draw(st.none() | usage_prices))


percentages = st.decimals(min_value=0, max_value=100, allow_nan=False, places=3)
unit_configs = st.builds(
    UnitConfig, st.sampled_from(Operation), positive, st.sampled_from(UnitRounding), st.integers(-2, 3)
)


@st.composite
def charges(draw, prices):
    price = draw(prices)
    low, high = sorted(draw(st.tuples(amounts, amounts)))
    is_flat = isinstance(price, FlatPrice)
    discounts = Discounts(Decimal(0) if is_flat else draw(st.just(Decimal(0)) | bounds), draw(percentages))
    if is_flat:
        return Charge(price, discounts)
    return Charge(
        price,
        discounts,
        unit=draw(st.none() | unit_configs),
        minimum=draw(st.sampled_from([None, low])),
        maximum=draw(st.sampled_from([None, high])),
        prorate_commitments=draw(st.booleans()),
    )


every_charge = charges(st.one_of(flat, usage_prices, matrix()))
shares = st.one_of(st.just(Fraction(1)), st.fractions(min_value=0, max_value=1, max_denominator=10**6))
rows = st.lists(
    st.tuples(
        st.fixed_dictionaries({"region": st.sampled_from(["eu", "us"]), "tier": st.sampled_from(["gold", ""])}),
        quantities,
    ),
    max_size=4,
)


@st.composite
def usages(draw, charge, carried=None, carried_rows=None, is_first=True):
    """Usage that fits a charge; `carried` and `is_first` are the same in every state of a period."""
    part, is_final = draw(shares), draw(st.booleans())
    if not isinstance(charge.price, MatrixPrice):
        return Usage(draw(quantities), carried or Decimal(0), part=part, is_final=is_final, is_first=is_first)
    cells = matrix_cells(charge.price, draw(rows))
    earlier = matrix_cells(charge.price, carried_rows or [])
    return Usage(_sum(cells), _sum(earlier), cells, earlier, part, is_final, is_first)


@st.composite
def periods(draw, of=every_charge):
    """A charge and the states of one period as it is billed; usage and share may also shrink between two bills."""
    charge, carried, carried_rows = draw(of), draw(st.just(Decimal(0)) | quantities), draw(rows)
    is_first = draw(st.booleans())
    return charge, draw(st.lists(usages(charge, carried, carried_rows, is_first), min_size=1, max_size=5))


def _sum(cells):
    return sum((quantity for _, quantity in cells), Decimal(0))
