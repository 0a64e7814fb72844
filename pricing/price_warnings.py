"""Pure: what of a price may not be meant, though nothing forbids it."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

from pricing.money import exponent
from pricing.prices import Charge, GraduatedPrice, MatrixPrice, Price, Tier, VolumePrice
from pricing.rating.words import plain


def warnings_of(charge: Charge, currency: str) -> list[str]:
    """
    List what may not be meant in a price, each in a sentence.

    Those are quantities that cost less than fewer units do, tiers and cells that charge nothing, a first tier that
    holds no units or charges without usage, and a maximum of nothing. Quantities are the meter's, free units included,
    unless they are converted first.
    """
    if isinstance(charge.price, MatrixPrice):
        found = list(_matrix_warnings(charge.price, charge, currency))
    else:
        found = list(_price_warnings(charge.price, charge, currency))
    if charge.maximum == 0:
        found.append("The maximum spend is 0, so nothing is ever charged.")
    return found


def _matrix_warnings(price: MatrixPrice, charge: Charge, currency: str) -> Iterator[str]:
    # What is free or capped is shared between the cells, so it moves no quantity of a single one.
    alone = Charge(price, unit=charge.unit)
    for cell in price.cells:
        label = ", ".join(f"{name} {value}" for name, value in cell.match)
        yield from (f"{label}: {text}" for text in _price_warnings(cell.price, alone, currency))
    if price.default is None:
        yield "Usage that no cell matches costs nothing: set a default price unless it is meant to be free."
    else:
        yield from (f"All other usage: {text}" for text in _price_warnings(price.default, alone, currency))


def _price_warnings(price: Price, charge: Charge, currency: str) -> Iterator[str]:
    if isinstance(price, GraduatedPrice | VolumePrice):
        yield from _first_tier_warnings(price, currency)
        yield from _free_tier_warnings(price)
    if isinstance(price, VolumePrice):
        yield from _cliff_warnings(price, charge, currency)


def _first_tier_warnings(price: GraduatedPrice | VolumePrice, currency: str) -> Iterator[str]:
    first = price.tiers[0]
    if first.up_to == 0:
        yield "The first tier ends at 0, so it holds no units."
    if first.flat_amount and price.flat_at_zero:
        amount = _money(Fraction(first.flat_amount), currency)
        yield f"The flat price of the first tier, {amount}, is charged even in a period without usage."


def _free_tier_warnings(price: GraduatedPrice | VolumePrice) -> Iterator[str]:
    for number, (before, tier) in enumerate(pairwise(price.tiers), start=2):
        if _charges(before) and not _charges(tier):
            end = "" if tier.up_to is None else f" up to {tier.up_to:,f}"
            yield f"Tier {number}, above {before.up_to:,f}{end}, charges nothing, while the tier before it does."


def _money(amount: Fraction, currency: str) -> str:
    whole, _, digits = plain(amount).partition(".")
    digits = digits.ljust(exponent(currency), "0")
    return f"{whole}.{digits} {currency}" if digits else f"{whole} {currency}"


def _charges(tier: Tier) -> bool:
    return bool(tier.unit_amount or tier.flat_amount)


def _cliff_warnings(price: VolumePrice, charge: Charge, currency: str) -> Iterator[str]:
    least = Fraction(charge.minimum or 0)
    for index, tier in enumerate(price.tiers[:-1]):
        assert tier.up_to is not None
        bound = Fraction(tier.up_to)
        cost = _cost(tier, bound)
        if charge.maximum is not None:
            cost = min(cost, Fraction(charge.maximum))
        end, is_within = _cheaper_until(price.tiers[index + 1 :], bound, cost)
        if end != bound and cost > least:
            yield _cliff_text(bound, end, is_within, charge) + f" {_money(cost, currency)}."


def _cost(tier: Tier, quantity: Fraction) -> Fraction:
    return Fraction(tier.flat_amount) + Fraction(tier.unit_amount) * quantity


def _cheaper_until(tiers: Sequence[Tier], bound: Fraction, cost: Fraction) -> tuple[Fraction | None, bool]:
    """
    Return up to where quantities above `bound` cost less than `cost`: `bound` if none do, None if all do.

    The second value tells whether the quantity there is itself one of them.
    """
    end = bound
    for tier in tiers:
        if _cost(tier, end) >= cost:
            break
        if tier.unit_amount:
            crossing = (cost - Fraction(tier.flat_amount)) / Fraction(tier.unit_amount)
            if tier.up_to is None or crossing <= Fraction(tier.up_to):
                return crossing, False
        if tier.up_to is None:
            return None, False
        end = Fraction(tier.up_to)
    return end, True


def _cliff_text(bound: Fraction, end: Fraction | None, is_within: bool, charge: Charge) -> str:
    free = Fraction(charge.discounts.usage) if charge.unit is None else Fraction(0)
    above = plain(bound + free)
    converted = "" if charge.unit is None else ", counted after conversion,"
    costs = f"cost less than {above}, which costs"
    if end is None:
        return f"All quantities above {above}{converted} {costs}"
    end += free
    # Most things are counted in whole units, so the last of those is named, where there is one.
    last = end if is_within else Fraction(-(-end.numerator // end.denominator) - 1)
    span = f"up to {plain(last)}" if last > bound + free else f"and below {plain(end)}"
    return f"Quantities above {above} {span}{converted} {costs}"
